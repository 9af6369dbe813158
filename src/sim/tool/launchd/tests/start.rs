//! What a job's process is given (docs/mac-facts.md#launchd-job-environment, #launchd-plist-keys).

use crate::sim::{
    USER,
    tool::bench::{Bench, JOB, LABEL, PLIST, PROGRAM, plist},
};

const DAEMON: &str = "/Library/LaunchDaemons/dev.test.job.plist";

fn daemon(keys: &str) -> Bench {
    let mut bench = Bench::new();
    bench.file(0, DAEMON, &plist(LABEL, &[PROGRAM], &format!("<key>RunAtLoad</key><true/>{keys}")), 0o644);
    assert!(bench.root(&format!("bootstrap system {DAEMON}")).ok());
    bench.pass(1.0);
    bench
}

fn exit_code(bench: &mut Bench, target: &str) -> String {
    let text = bench.ctl(&format!("print {target}")).stdout;
    text.lines().find_map(|line| line.strip_prefix("\tlast exit code = ")).unwrap_or_default().to_owned()
}

#[test]
fn an_agent_has_a_home_a_daemon_has_only_a_path() {
    let mut bench =
        Bench::running("<key>EnvironmentVariables</key><dict><key>OWN</key><string>1</string></dict>");
    let pid = bench.job().pid().unwrap();
    let process = &bench.mac.state.processes[&pid];
    assert_eq!(process.uid, USER);
    let value = |name: &str| process.environment.get(name).map(String::as_str);
    assert_eq!(value("HOME"), Some("/Users/lab"));
    assert_eq!(value("PATH"), Some("/usr/bin:/bin:/usr/sbin:/sbin"));
    assert_eq!(value("OWN"), Some("1"));
    assert_eq!(value("XPC_SERVICE_NAME"), Some(LABEL));

    let bench = daemon("<key>UserName</key><string>lab</string>");
    let process = bench.mac.state.processes.values().find(|process| process.argv[0] == PROGRAM).unwrap();
    assert_eq!(process.uid, USER);
    assert!(!process.environment.contains_key("HOME"), "not even with UserName");
    assert!(process.environment.contains_key("PATH"));
}

#[test]
fn setenv_reaches_what_starts_later() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    let environment = |bench: &mut Bench| {
        let pid = bench.job().pid().unwrap();
        bench.mac.state.processes[&pid].environment.get("LATER").cloned()
    };
    bench.ctl("setenv LATER 1");
    assert_eq!(environment(&mut bench), None);
    bench.ctl(&format!("kickstart -k {JOB}"));
    assert_eq!(environment(&mut bench).as_deref(), Some("1"));
}

#[test]
fn what_cannot_be_started_is_seventy_eight() {
    let cases = [
        "<key>WorkingDirectory</key><string>/none</string>",
        "<key>StandardOutPath</key><string>/Volumes/External/out.log</string>",
        "<key>StandardErrorPath</key><string>/Users/lab/Documents/err.log</string>",
        "<key>StandardErrorPath</key><string>/Users/lab/work/err.log</string>",
        "<key>WorkingDirectory</key><string>/Users/lab/work</string>",
        "<key>StandardOutPath</key><string>/private/var/log/out.log</string>",
    ];
    for keys in cases {
        let mut bench = Bench::new();
        let now = bench.mac.state.now;
        bench.mac.disk.link(USER, "/Users/lab/work".into(), "Documents".into(), now).unwrap();
        bench.plist(&format!("<key>RunAtLoad</key><true/>{keys}"));
        assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
        bench.pass(1.0);
        assert_eq!(exit_code(&mut bench, JOB), "78: EX_CONFIG", "{keys}");
        assert_eq!(bench.job().pid(), None);
    }
}

#[test]
fn a_program_that_is_missing_or_cannot_be_run_is_seventy_eight() {
    for mode in [None, Some(0o644)] {
        let mut bench = Bench::new();
        let program = "/Users/lab/bin/other";
        if let Some(mode) = mode {
            bench.file(USER, program, "", mode);
        }
        bench.file(USER, PLIST, &plist(LABEL, &[program], "<key>RunAtLoad</key><true/>"), 0o644);
        assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok(), "bootstrap does not look");
        bench.pass(1.0);
        assert_eq!(exit_code(&mut bench, JOB), "78: EX_CONFIG");
    }
}

#[test]
fn missing_folders_of_a_log_are_made_the_users_for_an_agent() {
    let log = "/Users/lab/Library/Logs/new/deep/out.log";
    let bench = Bench::running(&format!("<key>StandardOutPath</key><string>{log}</string>"));
    for path in [log, "/Users/lab/Library/Logs/new/deep"] {
        assert_eq!(bench.mac.disk.node(path.into()).unwrap().uid, USER, "{path}");
    }
}

#[test]
fn missing_folders_of_a_log_are_made_roots_for_a_daemon_which_then_cannot_write() {
    let keys = "<key>StandardErrorPath</key><string>/Users/lab/Library/Logs/new/err.log</string>";
    let bench = daemon(keys);
    assert_eq!(bench.mac.disk.node("/Users/lab/Library/Logs/new/err.log".into()).unwrap().uid, 0);
    let mut bench = daemon(&format!("<key>UserName</key><string>lab</string>{keys}"));
    assert_eq!(bench.mac.disk.node("/Users/lab/Library/Logs/new".into()).unwrap().uid, 0);
    assert_eq!(exit_code(&mut bench, "system/dev.test.job"), "78: EX_CONFIG");
}

#[test]
fn logs_are_appended_to() {
    let mut bench = Bench::new();
    bench.file(USER, "/Users/lab/Library/Logs/server.log", "before\n", 0o644);
    bench.serve(&[]);
    assert!(bench.log().starts_with("before\n"));
    assert!(bench.log().contains("msg=\"server config\""));
}
