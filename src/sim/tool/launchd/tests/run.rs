//! What happens to a job while time passes (docs/mac-facts.md#launchd-keepalive, #launchd-throttle).

use crate::sim::{
    Fault, USER,
    tool::bench::{Bench, JOB, PLIST, PROGRAM},
};

/// A program that ends at once: the folder that it is to work in is not there.
const FAILS: &str = "<key>WorkingDirectory</key><string>/Users/lab/none</string>";

#[test]
fn without_run_at_load_nothing_starts_by_itself() {
    let mut bench = Bench::loaded("");
    bench.pass(3600.0);
    assert_eq!(bench.job().runs(), 0);
    assert_eq!(bench.value("state").as_deref(), Some("not running"));
}

#[test]
fn successful_exit_false_implies_run_at_load_and_restarts_failures_alone() {
    let keys = "<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>";
    let mut bench = Bench::loaded(keys);
    bench.pass(1.0);
    assert_eq!(bench.job().runs(), 1);
    bench.ctl(&format!("kill KILL {JOB}"));
    bench.pass(60.0);
    assert_eq!(bench.job().runs(), 2);
    let mut bench = Bench::loaded(&format!("<key>RunAtLoad</key><true/>{FAILS}"));
    bench.pass(60.0);
    assert_eq!(bench.job().runs(), 1, "RunAtLoad alone tries once");
}

#[test]
fn a_job_that_keeps_failing_comes_back_every_ten_seconds_for_ever() {
    let mut bench = Bench::loaded(&format!("<key>KeepAlive</key><true/>{FAILS}"));
    bench.pass(1.0);
    assert_eq!(bench.job().runs(), 1);
    assert_eq!(bench.value("state").as_deref(), Some("spawn scheduled"));
    assert_eq!(bench.value("last exit code").as_deref(), Some("78: EX_CONFIG"));
    bench.pass(8.0);
    assert_eq!(bench.job().runs(), 1, "the throttle holds it back");
    bench.pass(2.0);
    assert_eq!(bench.job().runs(), 2);
    bench.pass(600.0);
    assert_eq!(bench.job().runs(), 62);
    bench.file(USER, "/Users/lab/none/there", "", 0o644);
    bench.pass(10.0);
    assert!(bench.job().pid().is_some());
    assert_eq!(bench.value("last exit code").as_deref(), Some("78: EX_CONFIG"), "it is the run before's");
}

#[test]
fn a_longer_throttle_is_kept_and_a_shorter_one_is_ten() {
    for (interval, seconds) in [(60, 60), (1, 10)] {
        let keys = format!(
            "<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>{interval}</integer>{FAILS}"
        );
        let mut bench = Bench::loaded(&keys);
        bench.pass(1.0);
        bench.pass(f64::from(seconds) - 2.0);
        assert_eq!(bench.job().runs(), 1);
        bench.pass(2.0);
        assert_eq!(bench.job().runs(), 2);
    }
}

#[test]
fn a_job_that_ran_for_long_comes_back_at_once() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    bench.pass(60.0);
    let pid = bench.job().pid();
    bench.ctl(&format!("kill KILL {JOB}"));
    bench.pass(0.1);
    assert!(bench.job().pid().is_some_and(|new| Some(new) != pid));
}

#[test]
fn kickstart_does_not_lift_the_throttle_and_k_does() {
    let mut bench = Bench::loaded(&format!("<key>KeepAlive</key><true/>{FAILS}"));
    bench.pass(1.0);
    assert!(bench.ctl(&format!("kickstart {JOB}")).ok());
    assert_eq!(bench.job().runs(), 1);
    assert!(bench.ctl(&format!("kickstart -k {JOB}")).ok());
    assert_eq!(bench.job().runs(), 2);
}

#[test]
fn a_job_that_is_never_started_by_itself_needs_one_kickstart() {
    let mut bench = Bench::new();
    bench.mac.state.faults.arm(Fault::NeverSpawned, 1);
    bench.plist("<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>");
    assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
    bench.pass(120.0);
    assert_eq!(bench.value("state").as_deref(), Some("not running"));
    assert_eq!(bench.value("last exit code").as_deref(), Some("(never exited)"));
    assert!(bench.ctl(&format!("kickstart {JOB}")).ok());
    assert!(bench.job().pid().is_some());
}

#[test]
fn a_path_that_appears_starts_a_job_that_waits_for_it() {
    let keys = "<key>KeepAlive</key><dict><key>PathState</key><dict>\
                <key>/Users/lab/go</key><true/></dict></dict>";
    let mut bench = Bench::loaded(keys);
    bench.pass(60.0);
    assert_eq!(bench.job().runs(), 0);
    bench.file(USER, "/Users/lab/go", "", 0o644);
    bench.pass(1.0);
    bench.pass(1.0);
    assert!(bench.job().pid().is_some());
}

#[test]
fn a_changed_property_list_reaches_neither_kickstart_nor_a_restart() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    bench.plist("<key>KeepAlive</key><true/><key>EnvironmentVariables</key><dict><key>NEW</key><string>1</string></dict>");
    bench.ctl(&format!("kickstart -k {JOB}"));
    assert!(!bench.job().environment.contains_key("NEW"));
    let pid = bench.job().pid().unwrap();
    assert!(!bench.mac.state.processes[&pid].environment.contains_key("NEW"));
    bench.ctl(&format!("bootout {JOB}"));
    bench.pass(6.0);
    bench.ctl(&format!("bootstrap gui/501 {PLIST}"));
    assert_eq!(bench.job().environment["NEW"], "1");
}

#[test]
fn a_job_is_killed_from_outside_and_comes_back() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    let pid = bench.job().pid().unwrap();
    assert!(bench.mac.kill_process(pid, 9));
    assert_eq!(bench.job().pid(), None);
    bench.pass(10.0);
    assert!(bench.job().pid().is_some());
    assert_eq!(bench.mac.state.processes.values().filter(|it| it.argv[0] == PROGRAM).count(), 1);
}

#[test]
fn the_same_mac_takes_the_same_time() {
    let measure = || {
        let mut bench = Bench::running("<key>KeepAlive</key><true/>");
        bench.ctl(&format!("bootout --wait {JOB}"));
        bench.mac.state.now
    };
    assert_eq!(measure(), measure());
}
