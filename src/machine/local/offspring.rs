//! Processes of a simulated Mac that are real ones, and those that look after them.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeMap,
    fs::{File, Permissions, TryLockError},
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

use super::process::{Limits, run};
use crate::machine::{Output, Quiet};

/// How long `ps` may take.
const PS: Duration = Duration::from_secs(5);

/// The real time.
pub fn real_time() -> Timestamp {
    Timestamp::now()
}

/// Puts a file in place, whole for everybody who reads it, but not synced.
pub fn put(path: &Utf8Path, content: &[u8]) -> io::Result<()> {
    super::replace::quickly(path, content)
}

/// The lock on a file; let go when dropped or when the process ends.
#[derive(Debug)]
pub struct Locked(File);

impl Drop for Locked {
    /// A child that another thread has just begun holds the file too until it becomes another program: closing it here alone
    /// would let the lock live on for that moment.
    fn drop(&mut self) {
        let _closing = self.0.unlock();
    }
}

/// Waits for the lock at `path`, which is made if it is not there.
pub fn lock(path: &Utf8Path) -> io::Result<Locked> {
    let file = lock_file(path)?;
    file.lock()?;
    Ok(Locked(file))
}

/// Takes the lock at `path` unless somebody has it.
pub fn try_lock(path: &Utf8Path) -> io::Result<Option<Locked>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Locked(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn lock_file(path: &Utf8Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A program to be started with all that it gets; its paths are those of this machine.
#[derive(Debug)]
pub struct Start {
    /// The program.
    pub program: Utf8PathBuf,
    /// What follows it on the command line.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// The folder that it starts in.
    pub folder: Utf8PathBuf,
    /// Files that its output is added to; none: nowhere.
    pub outputs: [Option<Utf8PathBuf>; 2],
}

impl Start {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment).current_dir(&self.folder);
        command
    }

    /// Starts it as the first of a process group of its own.
    pub fn begin(&self) -> io::Result<Begun> {
        let [out, err] = self.outputs.each_ref().map(|path| match path {
            Some(path) => File::options().append(true).create(true).open(path).map(Stdio::from),
            None => Ok(Stdio::null()),
        });
        self.command().stdin(Stdio::null()).stdout(out?).stderr(err?).process_group(0).spawn().map(Begun)
    }
}

/// Runs a program in this process's place: with its standard output and error, in its process group. Answers with its exit code.
pub fn pass_through(start: &Start) -> io::Result<i32> {
    let status = start.command().stdin(Stdio::null()).status()?;
    Ok(status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1))
}

/// Runs a program to its end: its exit code, and what it wrote to standard output.
pub fn output_of(start: &Start) -> io::Result<(i32, String)> {
    let output = start.command().stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A process that was started.
#[derive(Debug)]
pub struct Begun(Child);

impl Begun {
    /// Its id, and that of its group.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end: its exit code, or minus the signal.
    pub fn end(mut self) -> io::Result<i32> {
        let status = self.0.wait()?;
        Ok(status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1))
    }
}

/// From now on SIGTERM, SIGINT and SIGHUP do this instead of ending the process, once each.
pub fn when_told_to_stop(act: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(act).map_err(io::Error::other)
}

/// Does this once, beside all else, when nothing is at `path` any more; looks each `every`.
pub fn when_gone(path: &Utf8Path, every: Duration, act: impl FnOnce() + Send + 'static) {
    let path = path.to_owned();
    thread::spawn(move || {
        while path.symlink_metadata().is_ok() {
            thread::sleep(every);
        }
        act();
    });
}

/// Ends a group: SIGTERM, and SIGKILL after `grace` to what is left of it.
pub fn end_group(group: u32, grace: Duration) {
    signal_group(group, Signal::SIGTERM as i32);
    thread::sleep(grace);
    signal_group(group, Signal::SIGKILL as i32);
}

/// Sends a signal to one process; says whether it was there.
pub fn signal(pid: i32, signal: i32) -> bool {
    Signal::try_from(signal).is_ok_and(|signal| kill(Pid::from_raw(pid), signal).is_ok())
}

/// Sends a signal to all in a group; says whether any of them was there.
pub fn signal_group(group: u32, signal: i32) -> bool {
    let (Ok(group), Ok(signal)) = (i32::try_from(group), Signal::try_from(signal)) else { return false };
    killpg(Pid::from_raw(group), signal).is_ok()
}

/// When a process began, as `ps` tells it: with its id this names one process and no later one that gets the same id.
/// `None` when there is no such process.
pub fn began(pid: u32) -> Option<String> {
    let mut ps = Command::new("/bin/ps");
    ps.args(["-o", "lstart=", "-p", &pid.to_string()]).env_clear().envs([("LC_ALL", "C"), ("TZ", "UTC")]);
    let shown = run(ps, &Limits::of(PS), &Quiet).ok().filter(Output::ok)?;
    Some(shown.stdout.trim().to_owned()).filter(|time| !time.is_empty())
}

/// Whether this process has a terminal to ask at, wherever its standard input comes from.
pub fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Listens, without a wait of its own: for an event loop.
pub fn listen(on: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(on)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Lets real time pass.
pub fn sleep(time: Duration) {
    thread::sleep(time);
}

/// Starts a helper that outlives this process and has nothing to say to it.
pub fn release(program: &Utf8Path, arguments: &[&str]) -> io::Result<()> {
    let mut helper = Command::new(program);
    helper.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    helper.spawn().map(drop)
}

/// Starts a helper that outlives this process, gives it `input`, and answers with the first line of its output, which
/// is empty when it ends without one.
pub fn delegate(program: &Utf8Path, arguments: &[&str], input: &[u8]) -> io::Result<String> {
    let mut helper = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()?;
    if let Some(mut pipe) = helper.stdin.take() {
        pipe.write_all(input)?;
    }
    let mut line = String::new();
    if let Some(pipe) = helper.stdout.take() {
        BufReader::new(pipe.take(4096)).read_line(&mut line)?;
    }
    Ok(line.trim_end().to_owned())
}
