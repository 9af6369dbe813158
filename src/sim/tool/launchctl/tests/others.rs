//! The other verbs of docs/mac-facts.md#launchd-verbs.

use crate::{
    machine::tool::launchctl::{Listed, parse_disabled, parse_list},
    sim::{
        Caller, Session,
        tool::{
            bench::{Bench, JOB, LABEL, PLIST},
            launchctl,
        },
    },
};

const MISSING: &str = "Could not find service \"dev.test.job\" in domain for user gui: 501\n";

#[test]
fn kickstart_starts_what_stands_and_refuses_what_runs() {
    let mut bench = Bench::new();
    let output = bench.ctl(&format!("kickstart {JOB}"));
    assert_eq!((output.code, output.stderr.as_str()), (113, MISSING));
    let mut bench = Bench::loaded("");
    let started = bench.ctl(&format!("kickstart -p {JOB}"));
    let pid = bench.job().pid().unwrap();
    assert_eq!((started.code, started.stdout), (0, format!("{pid}\n")));
    let again = bench.ctl(&format!("kickstart {JOB}"));
    assert_eq!((again.code, again.stderr.as_str()), (37, ""));
    assert!(bench.ctl(&format!("kickstart -k {JOB}")).ok());
    assert_ne!(bench.job().pid(), Some(pid));
    assert_eq!(bench.job().runs(), 2);
    assert_eq!(bench.value("last terminating signal").as_deref(), Some("Killed: 9"));
}

#[test]
fn kickstart_tells_a_terminal_more() {
    let mut bench = Bench::loaded("");
    let words = ["kickstart", "-kp", JOB].map(str::to_owned);
    let running = launchctl::run(&mut bench.mac, Caller::user(true), &words);
    let pid = bench.job().pid().unwrap();
    assert_eq!(running.output.stdout, format!("service spawned with pid: {pid}\n"));
}

#[test]
fn kill_signals_a_process_or_says_that_there_is_none() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    assert!(bench.ctl(&format!("kill TERM {JOB}")).ok());
    bench.pass(4.0);
    assert_eq!(bench.value("last terminating signal").as_deref(), Some("Terminated: 15"));
    let mut bench = Bench::loaded("");
    let output = bench.ctl(&format!("kill SIGTERM {JOB}"));
    assert_eq!((output.code, output.stderr.as_str()), (3, "No process to signal.\n"));
    assert_eq!(bench.ctl("kill 9 gui/501/none").code, 113);
    assert_eq!(bench.ctl(&format!("kill SIGNONE {JOB}")).code, 64);
}

#[test]
fn a_daemon_is_neither_killed_nor_kicked_by_a_user() {
    let mut bench = Bench::new();
    let path = "/Library/LaunchDaemons/dev.test.job.plist";
    let text = crate::sim::tool::bench::plist(LABEL, &["/usr/bin/true"], "<key>RunAtLoad</key><true/>");
    bench.file(0, path, &text, 0o644);
    assert!(bench.root(&format!("bootstrap system {path}")).ok());
    bench.pass(1.0);
    let output = bench.ctl("kill KILL system/dev.test.job");
    assert_eq!((output.code, output.stderr.as_str()), (1, "Not privileged to signal service.\n"));
    assert_eq!(bench.ctl("kickstart -k system/dev.test.job").code, 1);
    assert_eq!(bench.ctl("disable system/dev.test.job").code, 1);
    assert!(bench.ctl("print system/dev.test.job").ok(), "everyone may look");
    assert!(bench.root("kickstart -k system/dev.test.job").ok());
}

#[test]
fn overrides_are_listed_for_gui_and_user_alike() {
    let mut bench = Bench::new();
    assert!(bench.ctl("disable gui/501/dev.test.one").ok());
    assert!(bench.ctl("enable user/501/dev.test.two").ok());
    let printed = bench.ctl("print-disabled gui/501");
    assert_eq!(
        printed.stdout,
        "\tdisabled services = {\n\t\t\"dev.test.one\" => disabled\n\t\t\"dev.test.two\" => enabled\n\t}\n\
         \tlogin item associations = {\n\t}\n"
    );
    assert_eq!(parse_disabled(&printed.stdout), ["dev.test.one"]);
    assert_eq!(bench.ctl("print-disabled user/501").stdout, printed.stdout);
    assert!(parse_disabled(&bench.ctl("print-disabled system").stdout).is_empty());
}

#[test]
fn list_shows_processes_exits_and_signals() {
    let mut bench = Bench::running("<key>KeepAlive</key><true/>");
    let pid = bench.job().pid();
    let table = bench.ctl("list").stdout;
    assert!(table.starts_with("PID\tStatus\tLabel\n"));
    assert_eq!(parse_list(&table).get(LABEL), Some(&Listed { pid, status: 0 }));
    bench.ctl(&format!("kill KILL {JOB}"));
    assert_eq!(parse_list(&bench.ctl("list").stdout).get(LABEL), Some(&Listed { pid: None, status: -9 }));
    assert!(!bench.root("list").stdout.contains(LABEL), "root's own domain is the system's");
}

#[test]
fn list_of_one_label_tells_a_raw_wait_status() {
    let mut bench = Bench::loaded("<key>WorkingDirectory</key><string>/none</string>");
    bench.ctl(&format!("kickstart {JOB}"));
    let text = bench.ctl(&format!("list {LABEL}")).stdout;
    assert!(
        text.starts_with("{\n\t\"LimitLoadToSessionType\" = \"Aqua\";\n\t\"Label\" = \"dev.test.job\";\n")
    );
    assert!(text.contains("\t\"LastExitStatus\" = 19968;\n"), "78 << 8: {text}");
    assert!(!text.contains("PID"));
    assert!(text.ends_with("\t);\n};\n"));
    let missing = bench.ctl("list none");
    assert_eq!(missing.code, 113);
    assert_eq!(missing.stderr, "Could not find service \"none\" in domain for port\n");
}

#[test]
fn the_manager_is_named_after_the_session() {
    let mut bench = Bench::new();
    assert_eq!(bench.ctl("managername").stdout, "Aqua\n");
    assert_eq!(bench.ctl("manageruid").stdout, "501\n");
    assert_eq!(bench.root("managername").stdout, "System\n");
    let mut bench = Bench::with(|spec| spec.session = Session::Ssh);
    assert_eq!(bench.ctl("managername").stdout, "Background\n");
}

#[test]
fn setenv_holds_for_one_session() {
    let mut bench = Bench::new();
    assert!(bench.ctl("setenv OLLAMA_HOST 0.0.0.0").ok());
    assert_eq!(bench.ctl("getenv OLLAMA_HOST").stdout, "0.0.0.0\n");
    assert_ne!(bench.root("getenv OLLAMA_HOST").code, 0);
    assert!(bench.ctl("unsetenv OLLAMA_HOST").ok());
    let unset = bench.ctl("getenv OLLAMA_HOST");
    assert_eq!((unset.code, unset.stdout.as_str()), (118, ""));
}

#[test]
fn wrong_words_are_usage() {
    let mut bench = Bench::new();
    for words in
        ["bootstrap", "bootstrap gui/501", "bootout", "kickstart", "print", "enable gui/501", "kill 9", ""]
    {
        assert_eq!(bench.ctl(words).code, if words.is_empty() { 1 } else { 64 }, "`{words}`");
    }
    let nonsense = bench.ctl("print nonsense");
    assert_eq!(nonsense.code, 64);
    assert!(nonsense.stderr.starts_with("Unrecognized target specifier. <service-target> takes a form of"));
    assert_eq!(bench.ctl(&format!("bootstrap desktop/501 {PLIST}")).code, 64);
    let unknown = bench.ctl("reload");
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.starts_with("Unrecognized subcommand: reload\n"));
}

#[test]
fn error_explains_a_number() {
    let mut bench = Bench::new();
    assert_eq!(bench.ctl("error 125").stdout, "125: Domain does not support specified action\n");
    assert_eq!(bench.ctl("error 5").stdout, "5: Input/output error\n");
}

#[test]
fn asuser_is_roots() {
    let mut bench = Bench::new();
    assert_eq!(bench.ctl("asuser 501 /usr/bin/true").code, 1);
    assert_eq!(bench.root("asuser 501 /usr/bin/true").code, 0);
    assert_eq!(bench.root("asuser 777 /usr/bin/true").code, 125);
}
