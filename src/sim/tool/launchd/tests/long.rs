//! Times so long that the calendar has no room for them.

use std::time::Duration;

use crate::sim::tool::bench::Bench;

#[test]
fn no_wait_is_so_long_that_time_runs_out() {
    let mut bench = Bench::serving(&[("OLLAMA_KEEP_ALIVE", "24h")]);
    for time in [Duration::MAX, Duration::from_hours(24), Duration::MAX] {
        let before = bench.mac.state.now;
        bench.mac.advance(time);
        bench.ctl("kickstart -k gui/501/dev.test.job");
        bench.pass(30.0);
        assert!(bench.mac.state.now > before);
        assert!(bench.job().pid().is_some());
    }
    assert_eq!(bench.mac.state.now.strftime("%Y").to_string(), "9899");
}

#[test]
fn a_timeout_beyond_the_end_of_time_never_comes() {
    let keys = format!(
        "<key>ExitTimeOut</key><integer>{0}</integer><key>ThrottleInterval</key><integer>{0}</integer>",
        i64::MAX
    );
    let mut bench = Bench::running(&keys);
    assert!(bench.ctl("kickstart -k gui/501/dev.test.job").ok());
    bench.pass(30.0);
    assert!(bench.ctl("bootout gui/501/dev.test.job").code <= 36);
}
