//! Ctrl-C, SIGTERM and SIGHUP: the first asks to stop, the second stops at once.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeSet,
    sync::{Condvar, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use nix::{sys::signal, unistd::Pid};

use crate::{
    desk,
    machine::{Halt, Wait},
};

/// What the handler's thread and all others share. A process has one set of signal handlers, so this is one a process.
struct Shared {
    asked: Mutex<u32>,
    asked_now: Condvar,
    groups: Mutex<BTreeSet<i32>>,
}

static SHARED: Shared =
    Shared { asked: Mutex::new(0), asked_now: Condvar::new(), groups: Mutex::new(BTreeSet::new()) };

/// Listens from now on, once a process: the first signal asks to stop, the second ends the process with 130 at once.
pub fn listen() -> Result<()> {
    static LISTENING: OnceLock<Result<(), String>> = OnceLock::new();
    LISTENING
        .get_or_init(|| ctrlc::set_handler(heard).map_err(|error| error.to_string()))
        .clone()
        .map_err(|error| anyhow!(error))
        .context("listening to Ctrl-C")
}

/// How often the person has asked to stop.
pub fn asked() -> u32 {
    *SHARED.asked.lock().unwrap_or_else(PoisonError::into_inner)
}

fn heard() {
    let mut asked = SHARED.asked.lock().unwrap_or_else(PoisonError::into_inner);
    *asked += 1;
    SHARED.asked_now.notify_all();
    if *asked > 1 {
        for group in &*SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = signal::killpg(Pid::from_raw(*group), signal::Signal::SIGKILL);
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
pub(super) struct Group(i32);

impl Group {
    pub(super) fn of(leader: u32) -> Self {
        let group = i32::try_from(leader).unwrap_or(i32::MAX);
        SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group);
        Self(group)
    }

    /// Sends `signal` to all in the group; one that is gone is fine.
    pub(super) fn send(&self, signal: signal::Signal) -> nix::Result<()> {
        match signal::killpg(Pid::from_raw(self.0), signal) {
            Err(nix::errno::Errno::ESRCH) => Ok(()),
            other => other,
        }
    }

    pub(super) fn number(&self) -> i32 {
        self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        SHARED.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}
