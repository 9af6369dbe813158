use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Machine, Tell},
    value::Problem,
};

/// An application that brings a container engine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppStart {
    /// As people call it: `Docker Desktop`.
    pub name: &'static str,
    /// Where it is.
    pub path: Utf8PathBuf,
    /// Whose it is.
    pub user: String,
    /// Whether its licence is still to be accepted.
    pub licence: bool,
}

impl AppStart {
    /// Says that somebody at the screen is needed.
    pub(super) fn advise(&self, problem: Problem) -> Problem {
        problem
            .why(format!("{} shows windows when it starts for the first time, and goes on after a click", self.name))
            .hint("at the Mac's screen, or by screen sharing, open it and go through its windows; then apply again:")
            .remedy(format!("open '{}'", self.path))
            .hint("an engine that needs no click is `engine: colima`")
    }
}

/// Accepts Docker's licence for a user, as its own installer does on the command line (docs/service-facts.md#docker-desktop).
#[derive(Debug)]
pub struct AcceptLicence(pub AppStart);

impl AcceptLicence {
    fn command(&self) -> Command {
        let install = self.0.path.join("Contents/MacOS/install");
        Command::new(&[install.as_str(), "--accept-license", &format!("--user={}", self.0.user)]).as_root()
    }
}

impl Step for AcceptLicence {
    fn about(&self) -> About {
        About {
            words: format!("accept the licence of {}", self.0.name),
            why: "Docker's Subscription Service Agreement: larger companies have to pay for it".into(),
            commands: vec![self.command().to_string()],
            undo: "none: it stays accepted".into(),
            sudo: Some(self.0.name.into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.run_ok(&self.command(), tell).map(|_| ())
    }
}

/// Opens an application without a window in front.
#[derive(Debug)]
pub struct OpenApp(pub AppStart);

impl OpenApp {
    fn command(&self) -> Command {
        Command::new(&["/usr/bin/open", "-g", "-a", self.0.path.as_str()])
    }
}

impl Step for OpenApp {
    fn about(&self) -> About {
        About {
            words: format!("open {}", self.0.name),
            why: "its engine runs as long as it does".into(),
            commands: vec![self.command().to_string()],
            undo: "it quits when Homebrew uninstalls it".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.run_ok(&self.command(), tell).map(|_| ())
    }
}
