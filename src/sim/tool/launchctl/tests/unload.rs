//! `bootout`, and the race after it (docs/mac-facts.md#launchd-bootout-async).

use crate::{
    machine::tool::launchctl::JobView,
    sim::{
        Fault,
        tool::bench::{Bench, JOB, PLIST},
    },
};

const KEPT: &str = "<key>KeepAlive</key><true/>";

fn load() -> String {
    format!("bootstrap gui/501 {PLIST}")
}

#[test]
fn what_is_not_loaded_is_three_by_label_and_five_by_path() {
    let mut bench = Bench::new();
    bench.plist("");
    let output = bench.ctl(&format!("bootout {JOB}"));
    assert_eq!((output.code, output.stderr.as_str()), (3, "Boot-out failed: 3: No such process\n"));
    let output = bench.ctl(&format!("bootout gui/501 {PLIST}"));
    assert_eq!(output.code, 5);
    assert!(output.stderr.starts_with("Boot-out failed: 5: Input/output error\n"));
    let output = bench.ctl("bootout gui/501 /Users/lab/none.plist");
    assert_eq!(output.code, 2);
    assert_eq!(
        output.stderr,
        "/Users/lab/none.plist: No such file or directory\nBoot-out failed: 2: No such file or directory\n"
    );
}

#[test]
fn a_job_without_a_process_is_gone_at_once() {
    for target in [JOB.to_owned(), format!("gui/501 {PLIST}")] {
        let mut bench = Bench::loaded("");
        assert!(bench.ctl(&format!("bootout {target}")).ok());
        assert_eq!(bench.view(), JobView::NotLoaded);
        assert!(bench.ctl(&load()).ok());
    }
}

#[test]
fn a_running_job_answers_until_its_process_is_gone_and_refuses_its_successor() {
    let mut bench = Bench::running(KEPT);
    let pid = bench.job().pid();
    assert!(bench.ctl(&format!("bootout {JOB}")).ok());
    assert_eq!(bench.value("state").as_deref(), Some("SIGTERMed"));
    assert_eq!(bench.job().pid(), pid);
    let refused = bench.ctl(&load());
    assert_eq!(refused.code, 5);
    assert!(refused.stderr.starts_with("Bootstrap failed: 5: Input/output error\n"));
    assert_eq!(bench.ctl(&format!("bootout {JOB}")).code, 36);
    let mut refusals = 0;
    while bench.view() != JobView::NotLoaded {
        refusals += 1;
        assert_eq!(bench.ctl(&load()).code, 5);
        bench.pass(0.1);
        assert!(refusals < 60, "it goes within its exit timeout");
    }
    assert!(refusals > 1, "it takes its time");
    assert!(bench.ctl(&load()).ok());
}

#[test]
fn a_process_that_ignores_sigterm_is_killed_at_its_exit_timeout() {
    for (keys, seconds) in [("", 5.0), ("<key>ExitTimeOut</key><integer>30</integer>", 30.0)] {
        let mut bench = Bench::running(keys);
        bench.mac.state.faults.arm(Fault::IgnoresTerm, 1);
        assert!(bench.ctl(&format!("bootout {JOB}")).ok());
        bench.pass(seconds - 0.5);
        assert_eq!(bench.value("state").as_deref(), Some("SIGTERMed"));
        bench.pass(0.5);
        assert_eq!(bench.view(), JobView::NotLoaded);
    }
}

#[test]
fn wait_comes_back_when_the_job_is_gone() {
    let mut bench = Bench::running(KEPT);
    bench.mac.state.faults.arm(Fault::IgnoresTerm, 1);
    let before = bench.mac.state.now;
    assert!(bench.ctl(&format!("bootout --wait {JOB}")).ok());
    assert_eq!(bench.view(), JobView::NotLoaded);
    assert!(bench.mac.state.now.duration_since(before).as_secs() >= 5);
}

#[test]
fn numbers_of_the_race_differ_between_releases() {
    let mut bench = Bench::running("");
    bench.mac.state.faults.arm(Fault::BootoutInProgress, 1);
    bench.mac.state.faults.arm(Fault::BootstrapSettling, 1);
    let output = bench.ctl(&format!("bootout {JOB}"));
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (36, "Boot-out failed: 36: Operation now in progress\n")
    );
    assert_eq!(bench.ctl(&load()).code, 37);
    assert_eq!(bench.ctl(&load()).code, 5);
    bench.pass(10.0);
    assert_eq!(bench.view(), JobView::NotLoaded, "36 was accepted");
}

#[test]
fn the_system_domain_is_roots() {
    let mut bench = Bench::new();
    assert_eq!(bench.ctl("bootout system/dev.test.job").code, 5);
    assert_eq!(bench.root("bootout system/dev.test.job").code, 3);
}

#[test]
fn load_and_unload_say_zero_whatever_happens() {
    let mut bench = Bench::new();
    bench.plist("");
    assert_eq!(bench.ctl(&format!("load {PLIST}")).code, 0);
    assert!(bench.ctl(&format!("print {JOB}")).ok());
    let again = bench.ctl(&format!("load {PLIST}"));
    assert_eq!(again.code, 0);
    assert_eq!(
        again.stderr,
        "Load failed: 5: Input/output error\nTry running `launchctl bootstrap` as root for richer errors.\n"
    );
    assert_eq!(bench.ctl(&format!("unload -w {PLIST}")).code, 0);
    let gone = bench.ctl(&format!("unload {PLIST}"));
    assert_eq!(gone.code, 0);
    assert!(gone.stderr.starts_with("Unload failed: 5: Input/output error\n"));
    assert_eq!(bench.ctl(&load()).code, 119, "`unload -w` leaves an override");
    assert_eq!(bench.ctl(&format!("load -w {PLIST}")).stderr, "");
    assert!(bench.ctl(&format!("print {JOB}")).ok());
}
