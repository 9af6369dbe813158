//! Running a command to its end, with a deadline, and hearing it meanwhile.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::VecDeque,
    fmt::Write,
    io::{self, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use super::signals::{AsRoot, Group};
use crate::machine::{Output, Tell};

/// Bytes kept of each stream, the last ones: they tell how it ended.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// Bytes after which a line without an end is told as one.
const LONGEST_LINE: usize = 64 * 1024;
/// How long output is waited for once the command is gone: a process that it left behind may hold on to the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often a command is looked after that closes no pipe.
const LOOK: Duration = Duration::from_millis(50);

/// What ends a command before its time.
pub(super) struct Limits {
    /// How long it may take.
    pub(super) time: Duration,
    /// What it says when its work is done.
    pub(super) done_mark: Option<&'static str>,
    /// How long it may still take then.
    pub(super) after_done: Duration,
    /// Between SIGTERM and SIGKILL, and after SIGKILL until it is given up.
    pub(super) grace: Duration,
    /// Sends a signal to a group of another user, when ours may not.
    pub(super) as_root: Option<AsRoot>,
}

impl Limits {
    pub(super) fn of(time: Duration) -> Self {
        Self {
            time,
            done_mark: None,
            after_done: Duration::from_mins(1),
            grace: Duration::from_secs(5),
            as_root: None,
        }
    }
}

enum Event {
    Piece(Stream, Vec<u8>),
    Closed,
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Runs `command` in a process group of its own, without standard input. Its exit code is 128 + n after signal n; a command
/// that was ended for its deadline says so in the last line of its standard error. One that no signal could end is an
/// error, unless its work is done.
pub(super) fn run(mut command: Command, limits: &Limits, tell: &dyn Tell) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = Group::of(child.id(), words(&command), limits.as_root.clone());
    let (send, events) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        listen(Stream::Out, out, send.clone());
    }
    if let Some(err) = child.stderr.take() {
        listen(Stream::Err, err, send.clone());
    }
    drop(send);
    let mut watch = Watch { child, group, events, limits, tell, heard: Heard::default() };
    let end = watch.attend()?;
    Ok(watch.heard.output(end, limits.time))
}

fn words(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

/// Runs a command that says nothing of use, for at most `limit`; `None`: it took longer, and was killed if it could be.
pub(super) fn briefly(mut command: Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn()?;
    let until = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    while Instant::now() < until {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(pause);
        pause = LOOK.min(pause * 2);
    }
    let _ = child.kill();
    thread::sleep(LOOK);
    child.try_wait()
}

fn listen(stream: Stream, mut pipe: impl Read + Send + 'static, send: Sender<Event>) {
    // Not a task of the machine's crew: it ends with the pipe, which may outlive the command.
    thread::spawn(move || {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(size) => {
                    if send
                        .send(Event::Piece(stream, buffer.get(..size).unwrap_or_default().to_vec()))
                        .is_err()
                    {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = send.send(Event::Closed);
    });
}

/// How a command ended.
#[derive(Clone, Copy)]
enum End {
    Itself(ExitStatus),
    AfterDone,
    Deadline(ExitStatus),
}

struct Watch<'w> {
    child: Child,
    group: Group,
    events: Receiver<Event>,
    limits: &'w Limits,
    tell: &'w dyn Tell,
    heard: Heard,
}

impl Watch<'_> {
    fn attend(&mut self) -> io::Result<End> {
        let deadline = Instant::now() + self.limits.time;
        let mut done_by = None;
        loop {
            self.hear(LOOK);
            if let Some(status) = self.child.try_wait()? {
                self.hear_last_words();
                return Ok(End::Itself(status));
            }
            if self.heard.done && done_by.is_none() {
                done_by = Some(Instant::now() + self.limits.after_done);
            }
            let now = Instant::now();
            if done_by.is_some_and(|by| now >= by) {
                self.end()?;
                return Ok(End::AfterDone);
            }
            if now >= deadline {
                let status = self.end()?;
                return status.map(End::Deadline).ok_or_else(|| self.unending());
            }
        }
    }

    /// Hears the next that comes within `patience`.
    fn hear(&mut self, patience: Duration) {
        match self.events.recv_timeout(patience) {
            Ok(Event::Piece(stream, piece)) => {
                self.heard.piece(stream, &piece, self.limits.done_mark, self.tell);
            }
            Ok(Event::Closed) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // The end is near, if it is not here: no reader is left to be woken by.
                thread::sleep(patience.min(Duration::from_millis(2)));
            }
        }
    }

    fn hear_last_words(&mut self) {
        let until = Instant::now() + LAST_WORDS;
        while Instant::now() < until {
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::Piece(stream, piece)) => {
                    self.heard.piece(stream, &piece, self.limits.done_mark, self.tell);
                }
                Ok(Event::Closed) => {}
                Err(_) => break,
            }
        }
        self.heard.finish(self.tell);
    }

    /// Ends the whole group: SIGTERM, and SIGKILL when that was not enough. `None`: it goes on in spite of both.
    fn end(&mut self) -> io::Result<Option<ExitStatus>> {
        self.group.end_by(Signal::SIGTERM);
        let mut status = self.ended_in_grace()?;
        // Also when it has ended: what it started may have outlived it.
        self.group.end_by(Signal::SIGKILL);
        if status.is_none() {
            status = self.ended_in_grace()?;
        }
        self.hear_last_words();
        Ok(status)
    }

    fn ended_in_grace(&mut self) -> io::Result<Option<ExitStatus>> {
        let until = Instant::now() + self.limits.grace;
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= until {
                return Ok(status);
            }
            self.hear(LOOK);
        }
    }

    fn unending(&self) -> io::Error {
        let (pid, limit) = (self.child.id(), self.limits.time.as_secs());
        let text =
            format!("the process {pid} still runs: it may take {limit} s, and no signal could end it then");
        io::Error::new(io::ErrorKind::TimedOut, text)
    }
}

/// What a command has said so far.
#[derive(Default)]
struct Heard {
    out: Text,
    err: Text,
    done: bool,
}

#[derive(Default)]
struct Text {
    kept: VecDeque<u8>,
    line: Vec<u8>,
}

impl Heard {
    fn piece(&mut self, stream: Stream, piece: &[u8], done_mark: Option<&str>, tell: &dyn Tell) {
        let text = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        text.kept.extend(piece);
        text.kept.drain(..text.kept.len().saturating_sub(MOST_OUTPUT));
        for byte in piece {
            // Progress is drawn over itself with carriage returns.
            if matches!(byte, b'\n' | b'\r') || text.line.len() >= LONGEST_LINE {
                self.done |= told(&text.line, done_mark, tell);
                text.line.clear();
            }
            if !matches!(byte, b'\n' | b'\r') {
                text.line.push(*byte);
            }
        }
    }

    fn finish(&mut self, tell: &dyn Tell) {
        for text in [&mut self.out, &mut self.err] {
            told(&text.line, None, tell);
            text.line.clear();
        }
    }

    fn output(self, end: End, limit: Duration) -> Output {
        let text = |text: Text| String::from_utf8_lossy(&Vec::from(text.kept)).into_owned();
        let (stdout, mut stderr) = (text(self.out), text(self.err));
        let code = match end {
            End::Itself(status) => code(status),
            End::AfterDone => 0,
            End::Deadline(status) => {
                if !stderr.is_empty() && !stderr.ends_with('\n') {
                    stderr.push('\n');
                }
                let _ = writeln!(stderr, "ended after {} s, the time that it may take", limit.as_secs());
                // One that ends itself with 0 when told to stop has still not done its work.
                if status.success() { 128 + Signal::SIGTERM as i32 } else { code(status) }
            }
        };
        Output { code, stdout, stderr }
    }
}

fn told(line: &[u8], done_mark: Option<&str>, tell: &dyn Tell) -> bool {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    if !line.is_empty() {
        tell.line(line);
    }
    done_mark.is_some_and(|mark| line.contains(mark))
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Quiet;

    fn shell(script: &str, limits: &Limits) -> Output {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, limits, &Quiet).expect("a shell")
    }

    #[test]
    fn one_that_hangs_after_its_work_counts_as_done() {
        let limits = Limits {
            done_mark: Some("Done with"),
            after_done: Duration::from_millis(100),
            ..Limits::of(Duration::from_mins(1))
        };
        let output = shell("echo Done with it; sleep 600", &limits);
        assert_eq!((output.code, output.stdout.as_str()), (0, "Done with it\n"));
        assert_eq!(shell("echo Done with it; exit 3", &limits).code, 3, "it ended by itself");
    }

    #[test]
    fn of_much_the_last_is_kept_which_tells_how_it_ended() {
        let script = "head -c 9000000 /dev/zero | tr '\\0' x; echo; echo it failed";
        let output = shell(script, &Limits::of(Duration::from_mins(1)));
        assert_eq!((output.stdout.len(), output.stdout.ends_with("x\nit failed\n")), (MOST_OUTPUT, true));
    }

    #[test]
    fn one_that_ignores_sigterm_is_killed() {
        let limits = Limits { grace: Duration::from_millis(100), ..Limits::of(Duration::from_millis(100)) };
        let output = shell("trap '' TERM; while :; do sleep 0.05; done", &limits);
        assert_eq!(output.code, 128 + 9);
    }

    /// Goes where signals to its own group do not reach it, as they do not reach a process of root's.
    fn out_of_reach(says: &str, limits: &Limits) -> io::Result<Output> {
        let mut command = Command::new("perl");
        let script = format!("$| = 1; setpgrp(0, getpgrp(getppid)) or die; print qq({says}\\n); sleep 60");
        command.args(["-e", &script]);
        run(command, limits, &Quiet)
    }

    #[test]
    fn one_that_no_signal_can_end_is_named_and_not_waited_for() {
        let limits = Limits { grace: Duration::from_millis(100), ..Limits::of(Duration::from_secs(1)) };
        let error = out_of_reach("here", &limits).expect_err("it goes on").to_string();
        let pid = error.split_whitespace().nth(2).and_then(|pid| pid.parse().ok()).expect("a pid");
        assert_eq!(
            error,
            format!("the process {pid} still runs: it may take 1 s, and no signal could end it then")
        );
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).expect("it still ran");
    }

    #[test]
    fn one_that_has_done_its_work_may_go_on() {
        let limits = Limits {
            done_mark: Some("Done with"),
            after_done: Duration::from_millis(100),
            grace: Duration::from_millis(100),
            ..Limits::of(Duration::from_mins(1))
        };
        let output = out_of_reach("Done with $$", &limits).expect("done");
        let pid =
            output.stdout.trim().strip_prefix("Done with ").and_then(|pid| pid.parse().ok()).expect("a pid");
        assert_eq!(output.code, 0);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).expect("it still ran");
    }

    #[test]
    fn a_brief_command_is_not_waited_for_either() {
        let started = Instant::now();
        let mut command = Command::new("/bin/sleep");
        command.arg("600");
        let _ = briefly(command, Duration::from_millis(50)).expect("started");
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(briefly(Command::new("true"), LAST_WORDS * 20).expect("ran").expect("ended").success());
    }

    #[test]
    fn one_that_leaves_a_process_behind_is_not_waited_for() {
        let started = Instant::now();
        let output = shell("sleep 20 & echo gone", &Limits::of(Duration::from_mins(1)));
        assert_eq!(output.stdout, "gone\n");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
