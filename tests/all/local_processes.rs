//! What the real adapter promises of processes: deadlines, locks, signals, requests.
#![expect(clippy::disallowed_methods, reason = "the tests are other processes themselves")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, ChildStdout, Command as Process, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;
use forgectl::machine::{Changing, Command, Halt, Look, Looking, Quiet, Request, Tell, Wait, local::Local};
use nix::{
    sys::signal::{Signal, kill, raise},
    unistd::Pid,
};

use crate::processes::alive;

/// The variable by which a test knows that it is the second process of another test.
const PART: &str = "FORGECTL_TEST_PART";

/// Starts `part` below in a process of its own and waits until it says that it is ready.
pub(crate) fn second_process(part: &str, environment: &[(&str, &str)]) -> (Child, BufReader<ChildStdout>) {
    let (child, said, _) = second_process_says(part, environment);
    (child, said)
}

/// The same, with what it says until then.
pub(crate) fn second_process_says(
    part: &str,
    environment: &[(&str, &str)],
) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = Process::new(env::current_exe().expect("this binary"))
        .args(["--exact", "local_processes::the_second_process", "--nocapture"])
        .env(PART, part)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process");
    let mut said = BufReader::new(child.stdout.take().expect("its output"));
    let before = until_ready(&mut said);
    (child, said, before)
}

/// What it says before it is ready.
fn until_ready(said: &mut BufReader<ChildStdout>) -> String {
    let mut all = String::new();
    while !all.lines().last().is_some_and(|line| line.contains("ready")) {
        assert_ne!(said.read_line(&mut all).expect("a line"), 0, "it ended early: {all}");
    }
    all
}

#[test]
fn the_second_process() {
    let Ok(part) = env::var(PART) else { return };
    let local = Local::this_mac().expect("this machine");
    match part.split_once(' ').unwrap_or((part.as_str(), "")) {
        ("lock", path) => {
            let hold = local.lock(&Utf8PathBuf::from(path), "pid 4711, apply".to_owned()).expect("asked");
            assert!(hold.is_ok());
            say("ready");
            let _ = std::io::stdin().read(&mut [0]);
        }
        ("interrupted", _) => {
            local.wait(Duration::ZERO, Wait::Poll).expect("nobody asked yet");
            say("ready");
            let error = local.wait(Duration::from_mins(1), Wait::Poll).expect_err("asked to stop");
            assert_eq!(Halt::of(&error), Some(Halt::Interrupted));
            say("stopped");
            local.wait(Duration::from_millis(50), Wait::Settle).expect("a settling wait goes on");
            say("settled");
            let command = Command::new(&["/bin/sh", "-c", "echo child $$; sleep 600"]);
            let _ = local.run(&command, &Loud);
            // The command may end before we are ended.
            thread::sleep(Duration::from_mins(1));
        }
        ("hangup", _) => {
            // To this thread: the test's main thread was there before.
            raise(Signal::SIGHUP).expect("sent");
            local.wait(Duration::from_millis(200), Wait::Poll).expect("a hangup is ignored");
        }
        ("get", url) => {
            let reply = local.get(url).expect("asked").expect("answered");
            assert_eq!((reply.status, reply.body.as_slice()), (200, &b"direct"[..]));
            say("ready");
        }
        ("lines", url) => {
            // One that says nothing of its own is begun with, and found silent.
            let url = url.strip_prefix("at once ").inspect(|_| say("ready")).unwrap_or(url);
            let (url, body) = url.split_once(' ').unwrap_or((url, "{}"));
            let request = Request { lines: true, ..Request::post(url, body, Duration::from_mins(5)) };
            let error = local.send(request, &Loud).expect_err("asked to stop");
            assert_eq!(Halt::of(&error), Some(Halt::Interrupted));
            say("stopped");
        }
        ("far", url) => {
            say(&local.get(url).expect("asked").expect_err("nobody"));
            say("ready");
        }
        ("environment", _) => {
            say(&local.run_ok(&Command::new(&["/usr/bin/env"]), &Quiet).expect("run").stdout);
            say("ready");
        }
        (other, _) => panic!("no part `{other}`"),
    }
}

/// Says a line to the first process.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody hears");
}

/// Says what it hears.
struct Loud;

impl Tell for Loud {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        say(line);
    }
}

fn gone_soon(pid: u32) -> bool {
    let until = Instant::now() + Duration::from_mins(1);
    while alive(pid) && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
    }
    !alive(pid)
}

#[test]
fn a_lock_is_told_and_gone_with_its_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8PathBuf::try_from(folder.path().join("state/lock")).expect("UTF-8");
    let local = Local::this_mac().expect("this machine");
    let (mut other, _said) = second_process(&format!("lock {path}"), &[]);
    let holder = local.lock(&path, "me".to_owned()).expect("asked").err();
    assert_eq!(holder.as_deref(), Some("pid 4711, apply"));
    other.kill().expect("killed");
    other.wait().expect("ended");
    let mine = local.lock(&path, "me".to_owned()).expect("asked").expect("free again");
    assert_eq!(local.lock(&path, "again".to_owned()).expect("asked").err().as_deref(), Some("me"));
    drop(mine);
    assert!(local.lock(&path, "again".to_owned()).expect("asked").is_ok());
}

#[test]
fn the_first_signal_stops_polls_and_the_second_ends_all_at_once() {
    let (mut other, mut said) = second_process("interrupted", &[]);
    let pid = Pid::from_raw(i32::try_from(other.id()).expect("a pid"));
    kill(pid, Signal::SIGTERM).expect("sent");
    let mut line = String::new();
    let mut child = None;
    while child.is_none() {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("a line"), 0, "it ended early");
        child = line.trim().strip_prefix("child ").map(|pid| pid.parse::<u32>().expect("a pid"));
    }
    kill(pid, Signal::SIGINT).expect("sent");
    assert_eq!(other.wait().expect("ended").code(), Some(130));
    assert!(gone_soon(child.expect("a child")), "its command goes with it");
}

#[test]
fn what_nohup_ignores_stays_ignored() {
    let test = env::current_exe().expect("this binary");
    let mut other = Process::new("/bin/sh")
        .args(["-c", "trap '' HUP; exec \"$0\" --exact local_processes::the_second_process --nocapture"])
        .arg(test)
        .env(PART, "hangup")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a second process");
    assert!(other.wait().expect("ended").success(), "nobody asked it to stop");
}

#[test]
fn a_command_that_takes_too_long_goes_with_all_its_children() {
    let local = Local::this_mac().expect("this machine");
    let command = Command::new(&["/bin/sh", "-c", "sleep 600 & echo $!; echo late >&2; wait"])
        .limit(Duration::from_secs(2));
    let output = local.run(&command, &Quiet).expect("run");
    assert_eq!(output.code, 128 + 15);
    assert_eq!(output.stderr, "late\nended after 2 s, the time that it may take\n");
    assert!(gone_soon(output.stdout.trim().parse().expect("a pid")));
}

#[test]
fn both_streams_are_told_as_they_come_and_kept_up_to_4_mib() {
    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);
    impl Tell for Lines {
        fn bytes(&self, _: u64, _: Option<u64>) {}
        fn line(&self, line: &str) {
            self.0.lock().expect("lines").push(line.chars().take(20).collect());
        }
    }
    let local = Local::this_mac().expect("this machine");
    let lines = Lines::default();
    let script = "printf 'ten\\rtwenty\\n'; head -c 6000000 /dev/zero | tr '\\0' x; head -c 6000000 /dev/zero | tr '\\0' y >&2; exit 7";
    let output = local.run(&Command::new(&["/bin/sh", "-c", script]), &lines).expect("run");
    assert_eq!(output.code, 7);
    assert_eq!((output.stdout.len(), output.stderr.len()), (4 * 1024 * 1024, 4 * 1024 * 1024));
    let lines = lines.0.into_inner().expect("lines");
    assert_eq!(lines.get(..2), Some(&["ten".to_owned(), "twenty".to_owned()][..]));
    assert!(lines.iter().any(|line| line.starts_with("yyyy")));
}

#[test]
fn the_environment_of_a_command_is_rebuilt() {
    let local = Local::this_mac().expect("this machine");
    let output = local.run_ok(&Command::new(&["/usr/bin/env"]), &Quiet).expect("run");
    let mut names: Vec<&str> = output.stdout.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    names.retain(|name| !name.to_uppercase().ends_with("_PROXY"));
    assert_eq!(names, ["HOME", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "USER"]);
    assert!(output.stdout.contains("LC_ALL=C\n"));
    let input = local.run_ok(&Command::new(&["/bin/cat"]), &Quiet).expect("no standard input to wait for");
    assert_eq!(input.stdout, "");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let local = Local::this_mac().expect("this machine");
    let error = local.run(&Command::new(&["/usr/bin/no-such-tool"]), &Quiet).expect_err("nothing to run");
    assert!(format!("{error:#}").contains("`/usr/bin/no-such-tool` is not there"), "{error:#}");
}

#[test]
fn a_crew_runs_side_by_side_and_tells_each_end() {
    use forgectl::machine::Machine;
    let local = Local::this_mac().expect("this machine");
    let (send, receive) = std::sync::mpsc::channel();
    let receive = Mutex::new(receive);
    let mut ended = vec![];
    local.crew(&mut |end| {
        ended.extend(end);
        match end {
            // The first ends only when the second has run.
            None => vec![
                (0, Box::new(|| receive.lock().expect("mine").recv().expect("the other ran"))),
                (1, Box::new(|| send.send(()).expect("heard"))),
            ],
            Some(1) => vec![(2, Box::new(|| {}))],
            Some(_) => vec![],
        }
    });
    ended.sort_unstable();
    assert_eq!(ended, [0, 1, 2]);
}

/// A server that answers one request with `status` and `body`, and its port.
fn server(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn an_error_of_a_server_is_an_answer_and_so_is_no_server() {
    let local = Local::this_mac().expect("this machine");
    let port = server("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy");
    let reply = local.get(&format!("http://127.0.0.1:{port}/")).expect("asked").expect("answered");
    assert_eq!((reply.status, reply.body.as_slice()), (503, &b"busy"[..]));

    let refused = local.get("http://127.0.0.1:1/").expect("asked").expect_err("nobody");
    assert!(refused.to_lowercase().contains("connection refused"), "{refused}");
}

#[test]
fn a_request_has_its_own_limit() {
    let local = Local::this_mac().expect("this machine");
    let port = server("");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://127.0.0.1:{}/", silent.local_addr().expect("an address").port());
    let request = Request::post(url, "{}", Duration::from_secs(1));
    let late = local.try_out(request, &Quiet).expect("asked").expect_err("no answer");
    assert!(late.contains("no answer within"), "{late}");
    let broken = local.get(&format!("http://127.0.0.1:{port}/")).expect("asked");
    assert!(broken.is_err(), "closed without an answer");
}

#[test]
fn no_proxy_stands_between_us_and_a_server_of_this_mac() {
    let port = server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ndirect");
    let proxies =
        [("http_proxy", "http://127.0.0.1:9"), ("HTTP_PROXY", "http://127.0.0.1:9"), ("no_proxy", "")];
    for host in ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"] {
        let (mut other, _said) = second_process(&format!("get http://{host}:{port}/"), &proxies);
        assert!(other.wait().expect("ended").success(), "{host}");
    }
}
