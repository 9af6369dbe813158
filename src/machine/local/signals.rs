//! Ctrl-C, SIGTERM and SIGHUP: the first asks to stop, the second stops at once.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::Command,
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use nix::{
    errno::Errno,
    sys::signal::{SigSet, Signal, killpg},
    unistd::Pid,
};

use super::process::briefly;
use crate::{
    desk,
    machine::{Halt, Wait},
};

/// Sends a signal to a group of root's; says whether that went well.
pub(super) type AsRoot = Arc<dyn Fn(i32, Signal) -> bool + Send + Sync>;

/// A process group of ours.
#[derive(Clone)]
struct Known {
    number: i32,
    command: String,
    as_root: Option<AsRoot>,
}

impl Known {
    /// Sends `signal` to all in the group, as root if we may not; says whether it reached them. One that is gone is fine.
    fn send(&self, signal: Signal) -> bool {
        self.reached(signal, killpg(Pid::from_raw(self.number), signal))
    }

    fn reached(&self, signal: Signal, sent: nix::Result<()>) -> bool {
        match sent {
            Ok(()) | Err(Errno::ESRCH) => true,
            Err(_) => self.as_root.as_ref().is_some_and(|as_root| as_root(self.number, signal)),
        }
    }
}

/// What the handler's thread and all others share. A process has one set of signal handlers, so this is one a process.
struct Shared {
    asked: Mutex<u32>,
    asked_now: Condvar,
    groups: Mutex<BTreeMap<i32, Known>>,
}

static SHARED: Shared =
    Shared { asked: Mutex::new(0), asked_now: Condvar::new(), groups: Mutex::new(BTreeMap::new()) };

/// Listens from now on, once a process and before other threads are begun: the first signal asks to stop, the second ends the
/// process with 130 at once.
pub fn listen() -> Result<()> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    LISTENING
        .get_or_init(|| handle().map_err(|error| error.to_string()))
        .clone()
        .map_err(|error| anyhow!(error))
        .context("listening to Ctrl-C")
}

/// How often the person has asked to stop.
pub fn asked() -> u32 {
    *SHARED.asked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was ignored when forgectl began, as `nohup` has it with SIGHUP, stays ignored.
fn handle() -> Result<(), ctrlc::Error> {
    if ctrlc::try_set_handler(heard).is_ok() {
        return Ok(());
    }
    if ignores_hangup() {
        // All threads begin with what this one holds back, and so it reaches none; programs that are started do not.
        let _ = SigSet::from(Signal::SIGHUP).thread_block();
    }
    ctrlc::set_handler(heard)
}

/// A shell ignores what it was started to ignore, as forgectl was.
fn ignores_hangup() -> bool {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "kill -HUP $$"]);
    matches!(briefly(shell, Duration::from_secs(5)), Ok(Some(status)) if status.success())
}

fn heard() {
    let mut asked = SHARED.asked.lock().unwrap_or_else(PoisonError::into_inner);
    *asked += 1;
    SHARED.asked_now.notify_all();
    if *asked > 1 {
        for group in SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner).values() {
            if !group.send(Signal::SIGKILL) {
                let Known { number, command, .. } = group;
                let _ = writeln!(io::stderr(), "The process {number} still runs as root: {command}");
            }
        }
        desk::let_go();
        #[expect(clippy::exit, reason = "the second Ctrl-C ends at once, whatever the other threads do")]
        std::process::exit(130);
    }
}

/// Lets `time` pass unless somebody asks to stop, or has asked.
pub(super) fn wait(time: Duration, how: Wait) -> Result<(), Halt> {
    let enough = match how {
        Wait::Poll => 1,
        Wait::Settle => 2,
    };
    let until = Instant::now() + time;
    let mut asked = SHARED.asked.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if *asked >= enough {
            return Err(Halt::Interrupted);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        asked = SHARED.asked_now.wait_timeout(asked, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// A process group that ends with us when we are told twice.
pub(super) struct Group(Known);

impl Group {
    /// That of `leader`, which runs `command`.
    pub(super) fn of(leader: u32, command: String, as_root: Option<AsRoot>) -> Self {
        let known = Known { number: i32::try_from(leader).unwrap_or(i32::MAX), command, as_root };
        SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(known.number, known.clone());
        Self(known)
    }

    /// Sends `signal` to all in the group, as root if need be. Whether that helps is for the caller to see.
    pub(super) fn end_by(&self, signal: Signal) {
        self.0.send(signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_to_kill_is_killed_as_root_or_counts_as_running() {
        let known =
            |as_root: Option<AsRoot>| Known { number: 4711, command: "sudo installer".into(), as_root };
        let root: AsRoot = Arc::new(|group, signal| (group, signal) == (4711, Signal::SIGKILL));
        let reached = |known: Known, sent| known.reached(Signal::SIGKILL, sent);
        assert!(reached(known(Some(root)), Err(Errno::EPERM)), "root may");
        assert!(!reached(known(Some(Arc::new(|_, _| false))), Err(Errno::EPERM)), "sudo would ask");
        assert!(!reached(known(None), Err(Errno::EPERM)), "there is no sudo");
        assert!(reached(known(None), Err(Errno::ESRCH)), "it is gone");
    }
}
