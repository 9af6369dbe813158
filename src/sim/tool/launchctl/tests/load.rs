//! `bootstrap`: every row of docs/mac-facts.md#launchd-verbs.

use crate::{
    machine::tool::launchctl::JobView,
    sim::{
        Fault, Session, USER,
        tool::bench::{Bench, JOB, LABEL, PLIST, PROGRAM, plist},
    },
};

const LOAD: &str = "bootstrap gui/501 /Users/lab/Library/LaunchAgents/dev.test.job.plist";
const FIVE: &str = "Bootstrap failed: 5: Input/output error\n\
                    Try re-running the command as root for richer errors.\n";

#[test]
fn a_good_job_is_loaded_in_silence_and_starts_a_moment_later() {
    let mut bench = Bench::loaded("<key>RunAtLoad</key><true/>");
    assert_eq!(bench.job().pid(), None, "an accepted bootstrap does not mean that it runs");
    bench.pass(1.0);
    assert!(bench.job().pid().is_some());
    assert_eq!(bench.job().runs(), 1);
}

#[test]
fn a_job_that_is_loaded_is_refused_with_five() {
    let mut bench = Bench::loaded("");
    let output = bench.ctl(LOAD);
    assert_eq!((output.code, output.stderr.as_str()), (5, FIVE));
    assert_eq!(bench.root(LOAD).stderr, "Bootstrap failed: 5: Input/output error\n");
}

#[test]
fn each_fault_of_a_property_list_has_its_number() {
    let dict = |inside: &str| format!("<plist version=\"1.0\"><dict>{inside}</dict></plist>");
    let label = "<key>Label</key><string>dev.test.job</string>";
    let cases = [
        (2, None),
        (109, Some("not a property list".to_owned())),
        (109, Some("<plist version=\"1.0\"><array/></plist>".to_owned())),
        (110, Some(dict(""))),
        (111, Some(dict(label))),
        (111, Some(dict(&format!("{label}<key>ProgramArguments</key><array/>")))),
        (119, Some(plist(LABEL, &[PROGRAM], "<key>Disabled</key><true/>"))),
        (134, Some(plist(LABEL, &[PROGRAM], "<key>LimitLoadToSessionType</key><string>Background</string>"))),
    ];
    for (code, text) in cases {
        let mut bench = Bench::new();
        if let Some(text) = &text {
            bench.file(USER, PLIST, text, 0o644);
        }
        let output = bench.ctl(LOAD);
        assert_eq!(output.code, code, "{text:?}");
        assert!(output.stderr.starts_with(PLIST), "{}", output.stderr);
        assert!(output.stderr.contains(&format!("Bootstrap failed: {code}: ")), "{}", output.stderr);
        assert_eq!(bench.view(), JobView::NotLoaded);
    }
}

#[test]
fn an_agent_that_others_own_or_may_write_is_refused() {
    for (owner, mode, code) in
        [(501, 0o664, 122), (501, 0o646, 122), (0, 0o644, 0), (501, 0o600, 0), (502, 0o644, 122)]
    {
        let mut bench = Bench::new();
        bench.plist("");
        bench.mac.disk.chmod(0, PLIST.into(), mode).unwrap();
        bench.mac.disk.chown(0, PLIST.into(), owner, 20).unwrap();
        assert_eq!(bench.ctl(LOAD).code, code, "{owner} {mode:o}");
    }
}

#[test]
fn a_daemon_belongs_to_root_and_wheel_and_is_loaded_by_root_alone() {
    let path = "/Library/LaunchDaemons/dev.test.job.plist";
    let load = format!("bootstrap system {path}");
    for (owner, group, mode, code) in
        [(0, 0, 0o644, 0), (0, 0, 0o600, 0), (501, 0, 0o644, 122), (0, 20, 0o644, 122), (0, 0, 0o666, 122)]
    {
        let mut bench = Bench::new();
        bench.file(0, path, &plist(LABEL, &[PROGRAM], "<key>UserName</key><string>lab</string>"), 0o644);
        bench.mac.disk.chmod(0, path.into(), mode).unwrap();
        bench.mac.disk.chown(0, path.into(), owner, group).unwrap();
        let refused = bench.ctl(&load);
        assert_eq!((refused.code, refused.stderr.as_str()), (5, FIVE));
        assert_eq!(bench.root(&load).code, code, "{owner}:{group} {mode:o}");
    }
}

#[test]
fn a_daemon_of_an_unknown_user_or_group_is_refused() {
    for (keys, code) in [
        ("<key>UserName</key><string>nobody-here</string>", 114),
        ("<key>GroupName</key><string>nobody-here</string>", 115),
    ] {
        let mut bench = Bench::new();
        let path = "/Library/LaunchDaemons/dev.test.job.plist";
        bench.file(0, path, &plist(LABEL, &[PROGRAM], keys), 0o644);
        assert_eq!(bench.root(&format!("bootstrap system {path}")).code, code);
    }
}

#[test]
fn an_override_left_behind_refuses_the_next_job_of_that_label() {
    let mut bench = Bench::new();
    bench.plist("");
    assert!(bench.ctl(&format!("disable {JOB}")).ok());
    let output = bench.ctl(LOAD);
    assert_eq!(output.code, 119);
    assert_eq!(
        output.stderr,
        format!("{PLIST}: Service is disabled\nBootstrap failed: 119: Service is disabled\n")
    );
    bench.mac.state.faults.arm(Fault::BootstrapOnlyFive, 1);
    assert_eq!(bench.ctl(LOAD).code, 5);
    assert!(bench.ctl(&format!("enable {JOB}")).ok());
    assert!(bench.ctl(LOAD).ok());
}

#[test]
fn an_override_beats_disabled_in_the_property_list() {
    let mut bench = Bench::new();
    bench.plist("<key>Disabled</key><true/>");
    assert_eq!(bench.ctl(LOAD).code, 119);
    bench.ctl(&format!("enable {JOB}"));
    assert_eq!(bench.ctl(LOAD).code, 0);
}

#[test]
fn without_a_graphical_session_there_is_no_domain_to_load_into() {
    for (macos, print) in [("15.5", 112), ("26.1", 125)] {
        let mut bench = Bench::with(|spec| {
            spec.session = Session::Ssh;
            spec.macos = macos.to_owned();
        });
        bench.plist("");
        let output = bench.ctl(LOAD);
        assert_eq!(output.code, 125);
        assert_eq!(output.stderr, "Bootstrap failed: 125: Domain does not support specified action\n");
        assert_eq!(bench.ctl(&format!("print {JOB}")).code, print);
        assert_eq!(bench.view(), JobView::NoDomain);
        assert_eq!(bench.ctl(&format!("bootout {JOB}")).code, 125);
    }
}

#[test]
fn the_background_domain_takes_only_jobs_made_for_it() {
    let mut bench = Bench::with(|spec| spec.session = Session::Ssh);
    bench.plist("");
    let load = format!("bootstrap user/501 {PLIST}");
    assert_eq!(bench.ctl(&load).code, 134);
    bench.plist(
        "<key>LimitLoadToSessionType</key><array><string>Aqua</string><string>Background</string></array>",
    );
    assert_eq!(bench.ctl(&load).code, 0);
    assert_eq!(bench.ctl(&format!("print user/501/{LABEL}")).code, 0);
}

#[test]
fn newer_releases_refuse_what_a_browser_has_marked() {
    for (macos, code) in [("15.5", 0), ("26.1", 155)] {
        for marked in [PLIST, PROGRAM] {
            let mut bench = Bench::with(|spec| spec.macos = macos.to_owned());
            bench.plist("");
            let disk = bench.mac.disk.memory_mut().unwrap();
            let xattrs = &mut disk.node_mut(marked).unwrap().xattrs;
            xattrs.insert("com.apple.quarantine".to_owned(), "0083;68a1;Safari;".to_owned());
            assert_eq!(bench.ctl(LOAD).code, code, "{macos} {marked}");
        }
    }
}

#[test]
fn what_a_person_switched_off_stays_away_and_print_does_not_say_why() {
    for (macos, code) in [("15.5", 5), ("26.1", 161)] {
        let mut bench = Bench::with(|spec| spec.macos = macos.to_owned());
        bench.plist("");
        bench.mac.state.launchd.switched_off.entry("501".to_owned()).or_default().insert(LABEL.to_owned());
        assert_eq!(bench.ctl(LOAD).code, code);
        assert_eq!(bench.view(), JobView::NotLoaded);
        assert!(bench.ctl(&format!("enable {JOB}")).ok());
        assert_eq!(bench.ctl(LOAD).code, code, "only System Settings brings it back");
    }
}

#[test]
fn of_several_property_lists_one_that_is_refused_costs_a_line_and_no_exit_code() {
    let mut bench = Bench::new();
    bench.plist("");
    let output = bench.ctl(&format!("bootstrap gui/501 {PLIST} /Users/lab/none.plist"));
    assert_eq!(output.code, 0);
    assert!(output.stderr.contains("/Users/lab/none.plist: No such file or directory"));
    assert!(bench.ctl(&format!("print {JOB}")).ok());
}

#[test]
fn a_folder_stands_for_what_is_in_it() {
    let mut bench = Bench::new();
    bench.plist("");
    bench.file(USER, "/Users/lab/Library/LaunchAgents/other.plist", &plist("other", &[PROGRAM], ""), 0o644);
    assert!(bench.ctl("bootstrap gui/501 /Users/lab/Library/LaunchAgents").ok());
    assert!(bench.ctl(&format!("print {JOB}")).ok());
    assert!(bench.ctl("print gui/501/other").ok());
}

#[test]
fn armed_faults_come_as_often_as_armed() {
    let mut bench = Bench::new();
    bench.plist("");
    bench.mac.state.faults.arm(Fault::BootstrapIo, 2);
    bench.mac.state.faults.arm(Fault::BootstrapTearingDown, 1);
    bench.mac.state.faults.arm(Fault::BootstrapLoadsAndFails, 1);
    let codes = [(); 3].map(|()| bench.ctl(LOAD).code);
    assert_eq!(codes, [5, 5, 124]);
    assert_eq!(bench.view(), JobView::NotLoaded);
    assert_eq!(bench.ctl(LOAD).code, 5);
    assert!(matches!(bench.view(), JobView::Loaded(_)), "refused, and loaded all the same");
}
