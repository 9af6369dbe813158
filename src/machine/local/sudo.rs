//! Leave to run commands as root: asked for once, kept while it is needed.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal, Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::process::briefly;
use crate::machine::Output;

/// How often the ticket is renewed, which lasts five minutes (docs/mac-facts.md#sudo-keepalive).
const RENEWAL: Duration = Duration::from_mins(1);

/// How long a renewal may take: sudo may ask a directory that does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a renewal under way is waited for at the end.
const LAST: Duration = Duration::from_secs(2);

/// Where sudo can get a password from.
enum Asked {
    Person,
    Helper(OsString),
    Nobody,
}

fn asked() -> Asked {
    if io::stdin().is_terminal() {
        return Asked::Person;
    }
    match env::var_os("SUDO_ASKPASS") {
        Some(helper) if is_executable(Path::new(&helper)) => Asked::Helper(helper),
        _ => Asked::Nobody,
    }
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Whether sudo can ask somebody.
pub(super) fn can_ask() -> bool {
    !matches!(asked(), Asked::Nobody)
}

/// Asks for a ticket. `sudo` is a command that starts sudo; it runs in forgectl's own process group, since the
/// terminal answers no other, and what it says is passed on as it comes (docs/mac-facts.md#sudo-ticket).
pub(super) fn ask(mut sudo: Command, reasons: &[String]) -> io::Result<Output> {
    match asked() {
        Asked::Person => sudo.args(["-v", "-p", &prompt(reasons)]).stdin(Stdio::inherit()),
        Asked::Helper(helper) => sudo.args(["-A", "-v"]).env("SUDO_ASKPASS", helper).stdin(Stdio::null()),
        Asked::Nobody => sudo.args(["-n", "-v"]).stdin(Stdio::null()),
    };
    let mut child = sudo.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut said = vec![];
    if let Some(mut pipe) = child.stderr.take() {
        let mut piece = [0; 4096];
        while let Ok(size @ 1..) = pipe.read(&mut piece) {
            let piece = piece.get(..size).unwrap_or_default();
            let _ = io::stderr().write_all(piece);
            said.extend_from_slice(piece);
        }
    }
    let status = child.wait()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
    Ok(Output { code, stdout: String::new(), stderr: String::from_utf8_lossy(&said).into_owned() })
}

/// sudo puts the user's name for `%p`, so a percent sign of ours is doubled.
fn prompt(reasons: &[String]) -> String {
    format!("forgectl runs commands as root for: {}\nPassword of %p: ", reasons.join(", ").replace('%', "%%"))
}

/// Renews the ticket each minute until dropped, from forgectl's own session, which the ticket is bound to.
pub(super) struct Renewal {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Renewal {
    pub(super) fn start(renew: impl FnMut() -> Command + Send + 'static) -> Self {
        Self::every(RENEWAL, renew)
    }

    fn every(time: Duration, mut renew: impl FnMut() -> Command + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        // Not a task of the machine's crew: it works while tasks come and go.
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                // A ticket that cannot be renewed shows when it is used.
                let mut sudo = renew();
                sudo.arg("-nv");
                let _ = briefly(sudo, PATIENCE);
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.stop.take();
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + LAST;
        while !thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_that_hangs_keeps_nobody() {
        let (begun, begins) = mpsc::channel();
        let renewal = Renewal::every(Duration::from_millis(1), move || {
            let _ = begun.send(());
            let mut hanging = Command::new("/bin/sh");
            hanging.args(["-c", "exec sleep 5"]);
            hanging
        });
        begins.recv().expect("renewed");
        let started = Instant::now();
        drop(renewal);
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}
