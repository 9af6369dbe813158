//! `logs`: what services have written, from the end and on.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside, and log files are real")]

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Stdio},
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    engine,
    journal::{Journal, Record},
    machine::{Looking, local::Local},
    resource::secrets_folder,
    sim::{USER, folder},
    value::{Domain, Id, Place, Problem, Sort, State},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    cli::Shell,
    support::{apply_well, fresh, sim, spine},
};

const LOG: &str = "/Users/lab/Library/Logs/forgectl/player.log";

/// A Mac in a folder, on which a job `dev.forge.player` is said to write to a log.
struct Mac {
    shell: Shell,
    log: Utf8PathBuf,
}

impl Mac {
    fn new() -> Self {
        let shell = Shell::new();
        shell.well("sim new dir:mac --for stack.yaml");
        let root = folder::root(&shell.path("mac")).unwrap();
        let local = Local::under(&root).unwrap();
        let journal = Journal::open(&local, &local.identity().unwrap().state).unwrap();
        let (log, job) = (Id::new("log", "player"), Id::new("launchd-job", "dev.forge.player"));
        let label = "dev.forge.player".to_owned();
        let job_place =
            Place::Job { domain: Domain::Gui(501), label, plist: "/p".into(), program: "/q".into() };
        for (id, place, needs) in
            [(&log, Place::Log { path: LOG.into() }, vec![]), (&job, job_place, vec![log.clone()])]
        {
            let (stack, id, origin) = ("lab".to_owned(), id.clone(), String::new());
            let (former, aim) = (State::absent(), State::present());
            let intent = Record::Intent { stack, id, place, origin, needs, former, aim };
            journal.write(&local, "test", intent).unwrap();
        }
        let path = root.join(LOG.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Self { shell, log: path }
    }

    fn add(&self, text: &str) {
        let mut file = File::options().append(true).create(true).open(&self.log).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn told(&self, flags: &str) -> String {
        self.shell.well(&format!("logs player --on dir:mac {flags}"))
    }

    fn follow(&self, flags: &str) -> Following {
        let mut command = self.shell.command(&format!("logs player -f --on dir:mac {flags}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Following { child, out }
    }
}

struct Following {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Following {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_last_lines_are_told_however_long_the_log_is() {
    let mac = Mac::new();
    let left = mac.shell.run("logs player --on dir:mac");
    assert_eq!((left.code, left.out.as_str(), left.err.as_str()), (0, "", "`player` has written nothing.\n"));
    let lines: Vec<String> = (0..20_000).map(|nth| format!("line {nth} of many")).collect();
    mac.add(&(lines.join("\n") + "\nbegun"));
    assert_eq!(mac.told("--lines 2"), "line 19999 of many\nbegun\n");
    assert_eq!(mac.told("").lines().count(), 100);
    let most = mac.told("--lines 19000");
    assert_eq!((most.lines().count(), most.lines().next()), (19_000, Some("line 1001 of many")));
    assert_eq!(mac.told("--lines 4000000").lines().count(), 20_001);
    mac.add(" and ended\n");
    assert_eq!(mac.told("--lines 1"), "begun and ended\n");
    assert_eq!(mac.told("--lines 0"), "");
    let json = mac.told("--lines 1 --output json");
    assert_eq!(json, "{\"service\":\"player\",\"text\":\"begun and ended\"}\n");
}

#[test]
fn what_comes_is_told_through_rotation_and_truncation_until_ctrl_c() {
    let mac = Mac::new();
    mac.add("old\nlast\n");
    let mut following = mac.follow("--lines 1");
    assert_eq!(following.line(), "last");
    mac.add("first half");
    mac.add(", second half\nnext\n");
    assert_eq!((following.line().as_str(), following.line().as_str()), ("first half, second half", "next"));
    fs::rename(&mac.log, mac.log.with_extension("1")).unwrap();
    mac.add("a new file, and a line that is longer than all that was in the one before\n");
    assert!(following.line().starts_with("a new file"));
    File::options().write(true).open(&mac.log).unwrap().set_len(0).unwrap();
    mac.add("emptied\n");
    assert_eq!(following.line(), "emptied");
    kill(Pid::from_raw(i32::try_from(following.child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(following.child.wait().unwrap().code(), Some(130));
    assert_eq!(following.line(), "");
    let mut err = String::new();
    std::io::Read::read_to_string(following.child.stderr.as_mut().unwrap(), &mut err).unwrap();
    assert_eq!(err, "", "it ends quietly");
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let mac = Mac::new();
    mac.add("a\n");
    let mut following = mac.follow("");
    assert_eq!(following.line(), "a");
    let Following { child, out } = &mut following;
    let unread = child.stderr.take();
    drop(std::mem::replace(out, BufReader::new(null())));
    for _ in 0..100 {
        mac.add("more\n");
        if let Some(status) = child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(unread);
    panic!("it goes on for nobody");
}

/// Output of something that has ended.
fn null() -> ChildStdout {
    let mut child = std::process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    child.stdout.take().unwrap()
}

#[test]
fn a_name_that_nothing_has_is_a_fault_of_usage_with_the_list() {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    let logs = engine::logs(&sim, None, "").unwrap();
    assert_eq!(logs.askable(), ["ollama"]);
    let Err(error) = logs.open(&sim, "olama", 10) else { panic!("there is none") };
    let problem = Problem::from_error(&error);
    assert_eq!(problem.sort, Sort::Usage);
    assert_eq!(problem.hints, ["did you mean `ollama`?", "all of them: `ollama`"]);
    for name in ["ollama", "launchd-job/dev.forge.ollama"] {
        let lines = logs.open(&sim, name, 5).unwrap().more().unwrap();
        assert!(lines.len() == 5 && lines.iter().all(|line| line.service == "ollama"), "{lines:?}");
    }
}

#[test]
fn a_secret_that_a_service_wrote_is_sealed() {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    let folder = secrets_folder(&sim.identity().unwrap().state);
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dirs(USER, &folder, 0o700, now).unwrap();
        let content = forgectl::sim::Content::Bytes(b"zq4711secret".to_vec());
        mac.disk.write(USER, &folder.join("salt"), content, 0o600, now).unwrap();
        let log = Utf8Path::new("/Users/lab/Library/Logs/forgectl/ollama.log");
        mac.disk.append(USER, log, b"salted with zq4711secret\n", now).unwrap();
    });
    let logs = engine::logs(&sim, None, "").unwrap();
    let last = logs.open(&sim, "ollama", 1).unwrap().more().unwrap();
    assert_eq!(last[0].text, "salted with [secret salt]");
}

#[test]
fn a_simulated_mac_is_not_watched() {
    let shell = Shell::with_mac();
    shell.well("apply stack.yaml --yes --on sim:mac.json");
    assert!(shell.well("logs ollama --on sim:mac.json").lines().count() > 5);
    let left = shell.run("logs ollama -f --on sim:mac.json");
    assert!(left.code == 64 && left.err.contains("clock stands still"), "{left:?}");
}
