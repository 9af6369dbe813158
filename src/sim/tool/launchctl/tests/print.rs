//! `print` (docs/mac-facts.md#launchd-print), and that forgectl reads it.

use crate::sim::{
    Session,
    tool::bench::{Bench, JOB, LABEL, PLIST, PROGRAM},
};

const KEYS: &str = "<key>KeepAlive</key><true/><key>ProcessType</key><string>Interactive</string>\
    <key>EnvironmentVariables</key><dict><key>B</key><string>2 = {</string><key>A</key><string>1</string></dict>\
    <key>StandardOutPath</key><string>/Users/lab/Library/Logs/out.log</string>\
    <key>StandardErrorPath</key><string>/Users/lab/Library/Logs/err.log</string>\
    <key>WorkingDirectory</key><string>/Users/lab</string>\
    <key>ExitTimeOut</key><integer>30</integer><key>ThrottleInterval</key><integer>20</integer>\
    <key>Umask</key><integer>23</integer>";

#[test]
fn a_running_job_is_laid_out_as_on_sequoia() {
    let mut bench = Bench::running(KEYS);
    let pid = bench.job().pid().unwrap();
    let expected = format!(
        "gui/501/dev.test.job = {{
\tactive count = 1
\tpath = {PLIST}
\ttype = LaunchAgent
\tstate = running

\tprogram = {PROGRAM}
\targuments = {{
\t\t{PROGRAM}
\t\t--flag
\t}}

\tworking directory = /Users/lab

\tstdout path = /Users/lab/Library/Logs/out.log
\tstderr path = /Users/lab/Library/Logs/err.log
\tinherited environment = {{
\t\tSSH_AUTH_SOCK => /private/tmp/com.apple.launchd.Yx3QkR0vTe/Listeners
\t}}

\tdefault environment = {{
\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin
\t}}

\tenvironment = {{
\t\tOSLogRateLimit => 64
\t\tA => 1
\t\tB => 2 = {{
\t\tXPC_SERVICE_NAME => dev.test.job
\t}}

\tdomain = gui/501 [100007]
\tasid = 100007
\tumask = 27
\tminimum runtime = 20
\texit timeout = 30
\truns = 1
\tpid = {pid}
\timmediate reason = speculative
\tforks = 0
\texecs = 1
\tinitialized = 1
\ttrampolined = 1
\tstarted suspended = 0
\tproxy started suspended = 0
\tlast exit code = (never exited)

\tresource coalition = {{
"
    );
    let text = bench.ctl(&format!("print {JOB}")).stdout;
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains("\n\tspawn type = interactive (4)\n"));
    assert!(text.ends_with("\n}\n"));
    let properties = text.lines().find(|line| line.starts_with("\tproperties = ")).unwrap();
    assert!(
        properties.starts_with("\tproperties = keepalive | runatload | inferred program"),
        "{properties}"
    );
}

#[test]
fn forgectl_reads_what_was_loaded_out_of_it() {
    let mut bench = Bench::running(KEYS);
    let printed = bench.job();
    assert_eq!(printed.get("state"), Some("running"), "blocks repeat the key");
    assert_eq!(printed.get("path"), Some(PLIST));
    assert_eq!(printed.arguments, [PROGRAM, "--flag"]);
    let environment: Vec<_> =
        printed.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(environment, [("A", "1"), ("B", "2 = {"), ("OSLogRateLimit", "64")]);
    assert_eq!(printed.get("exit timeout"), Some("30"));
    assert_eq!(printed.get("last exit code"), Some("(never exited)"));
}

#[test]
fn a_job_that_is_not_running_has_neither_process_nor_coalitions() {
    let mut bench = Bench::loaded("");
    let text = bench.ctl(&format!("print {JOB}")).stdout;
    assert!(text.contains("\n\tstate = not running\n"));
    assert!(text.contains("\n\truns = 0\n\tlast exit code = (never exited)\n"), "{text}");
    assert!(!text.contains("pid = ") && !text.contains("coalition"));
}

#[test]
fn tahoe_counts_checked_allocations() {
    for (macos, there) in [("15.5", false), ("26.1", true)] {
        let mut bench = Bench::with(|spec| spec.macos = macos.to_owned());
        bench.plist("<key>RunAtLoad</key><true/>");
        bench.ctl(&format!("bootstrap gui/501 {PLIST}"));
        bench.pass(1.0);
        let text = bench.ctl(&format!("print {JOB}")).stdout;
        assert_eq!(text.contains("\tchecked allocations = 0 (queried = 1)\n"), there);
    }
}

#[test]
fn a_daemon_shows_whom_it_runs_as_and_no_session() {
    let mut bench = Bench::new();
    let path = "/Library/LaunchDaemons/dev.test.job.plist";
    let keys = "<key>RunAtLoad</key><true/><key>UserName</key><string>lab</string>\
                <key>GroupName</key><string>staff</string>";
    bench.file(0, path, &crate::sim::tool::bench::plist(LABEL, &[PROGRAM], keys), 0o644);
    assert!(bench.root(&format!("bootstrap system {path}")).ok());
    bench.pass(1.0);
    let text = bench.ctl("print system/dev.test.job").stdout;
    assert!(text.contains("\ttype = LaunchDaemon\n"));
    assert!(text.contains("\n\tdomain = system\n\tusername = lab\n\tgroup = staff\n"), "{text}");
    assert!(!text.contains("asid") && !text.contains("SSH_AUTH_SOCK"));
}

#[test]
fn what_is_not_there_is_named_with_its_domain() {
    let mut bench = Bench::new();
    let output = bench.ctl("print gui/501/none");
    assert_eq!(output.code, 113);
    assert_eq!(output.stderr, "Bad request.\nCould not find service \"none\" in domain for user gui: 501\n");
    let output = bench.ctl("print system/none");
    assert_eq!(output.stderr, "Bad request.\nCould not find service \"none\" in domain for system\n");
    let mut bench = Bench::with(|spec| spec.session = Session::Ssh);
    let output = bench.ctl("print gui/501");
    assert_eq!(output.code, 112);
    assert_eq!(output.stderr, "Bad request.\nCould not find domain for user gui: 501\n");
}

#[test]
fn a_domain_lists_its_services() {
    let mut bench = Bench::running("");
    let pid = bench.job().pid().unwrap();
    let text = bench.ctl("print gui/501").stdout;
    assert!(text.starts_with("gui/501 = {\n\ttype = login\n"));
    let row = text.lines().find(|line| line.ends_with(LABEL)).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), [pid.to_string().as_str(), "-", LABEL]);
}
