//! Reboots, logins and logouts (docs/mac-facts.md#launchd-boot, #filevault-boot).

use crate::{
    machine::tool::launchctl::JobView,
    sim::{
        Session,
        tool::{
            bench::{Bench, JOB, LABEL, PROGRAM, plist},
            launchd::{log_in, log_out, reboot, unlock},
        },
    },
};

const DAEMON: &str = "/Library/LaunchDaemons/dev.test.daemon.plist";
const START: &str = "<key>RunAtLoad</key><true/>";

fn bench() -> Bench {
    let mut bench = Bench::running("");
    bench.file(0, DAEMON, &plist("dev.test.daemon", &[PROGRAM], START), 0o644);
    assert!(bench.root(&format!("bootstrap system {DAEMON}")).ok());
    bench.pass(1.0);
    bench
}

fn daemon_runs(bench: &mut Bench) -> bool {
    bench.pass(1.0);
    bench.ctl("print system/dev.test.daemon").stdout.contains("\tstate = running\n")
}

#[test]
fn after_a_reboot_daemons_run_and_agents_wait_for_somebody_to_log_in() {
    let mut bench = bench();
    bench.ctl("setenv GONE 1");
    bench.ctl("disable gui/501/kept");
    reboot(&mut bench.mac);
    assert!(daemon_runs(&mut bench));
    assert_eq!(bench.view(), JobView::NoDomain);
    assert_eq!(bench.mac.disk.node("/dev/console".into()).unwrap().uid, 0);
    log_in(&mut bench.mac, Session::Gui);
    bench.pass(1.0);
    assert!(bench.job().pid().is_some());
    assert_eq!(bench.mac.disk.node("/dev/console".into()).unwrap().uid, 501);
    assert_ne!(bench.ctl("getenv GONE").code, 0);
    assert!(bench.ctl("print-disabled gui/501").stdout.contains("\"kept\" => disabled"));
}

#[test]
fn a_reboot_leaves_nothing_of_the_time_before_it() {
    let mut bench = bench();
    bench.file(501, "/tmp/deep/file", "", 0o644);
    let now = bench.mac.state.now;
    bench.mac.state.sudo.renew(1, now);
    bench.pass(60.0);
    let now = bench.mac.state.now;
    reboot(&mut bench.mac);
    assert_eq!(bench.mac.state.boot, now);
    assert!(!bench.mac.state.sudo.holds(1, now));
    assert!(bench.mac.disk.node("/tmp/deep".into()).is_none());
    assert_eq!(bench.mac.disk.node("/private/tmp".into()).unwrap().mode, 0o1777);
    let runs = |bench: &Bench, name: &str| bench.mac.state.processes.values().any(|it| it.command() == name);
    assert_eq!(bench.mac.state.processes[&1].command(), "launchd");
    assert!(runs(&bench, "powerd") && !runs(&bench, "Finder"));
    log_in(&mut bench.mac, Session::Gui);
    assert!(runs(&bench, "Finder"));
}

#[test]
fn with_filevault_nothing_runs_until_a_password_is_typed() {
    let mut bench = bench();
    bench.mac.state.filevault = true;
    reboot(&mut bench.mac);
    assert!(!daemon_runs(&mut bench));
    unlock(&mut bench.mac);
    assert!(daemon_runs(&mut bench));
    assert_eq!(bench.view(), JobView::NoDomain);
}

#[test]
fn a_login_over_ssh_brings_no_agents_made_for_the_screen() {
    let mut bench = bench();
    reboot(&mut bench.mac);
    log_in(&mut bench.mac, Session::Ssh);
    assert_eq!(bench.view(), JobView::NoDomain);
    assert_eq!(bench.ctl(&format!("print user/501/{LABEL}")).code, 113);
}

#[test]
fn a_disabled_or_spoilt_job_is_left_out_at_login() {
    for spoil in ["override", "mode"] {
        let mut bench = bench();
        if spoil == "override" {
            bench.ctl(&format!("disable {JOB}"));
        } else {
            bench.mac.disk.chmod(0, crate::sim::tool::bench::PLIST.into(), 0o666).unwrap();
        }
        reboot(&mut bench.mac);
        log_in(&mut bench.mac, Session::Gui);
        assert_eq!(bench.view(), JobView::NotLoaded, "{spoil}");
    }
}

#[test]
fn a_logout_ends_agents_and_leaves_daemons() {
    let mut bench = bench();
    log_out(&mut bench.mac);
    assert_eq!(bench.view(), JobView::NoDomain);
    assert!(daemon_runs(&mut bench));
    assert_eq!(bench.mac.state.processes.values().filter(|it| it.argv[0] == PROGRAM).count(), 1);
}

#[test]
fn what_was_taken_away_before_a_reboot_does_not_come_back() {
    let mut bench = bench();
    let now = bench.mac.state.now;
    bench.mac.disk.remove(0, DAEMON.into(), now).unwrap();
    reboot(&mut bench.mac);
    assert!(!daemon_runs(&mut bench));
}

#[test]
fn a_mac_is_the_same_after_it_was_kept_in_a_file() {
    let mut bench = bench();
    bench.ctl("disable gui/501/kept");
    bench.ctl(&format!("kill TERM {JOB}"));
    let text = bench.mac.to_json().unwrap();
    let mut again = Bench { mac: crate::sim::Mac::from_json(&text).unwrap() };
    assert_eq!(again.mac.state.launchd, bench.mac.state.launchd);
    bench.pass(20.0);
    again.pass(20.0);
    assert_eq!(again.job(), bench.job());
}
