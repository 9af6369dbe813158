//! `softwareupdate`, and what Apple offers.

use serde::{Deserialize, Serialize};

use crate::sim::{Caller, Mac, Running};

/// What Apple's update server offers this Mac.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Updates {
    /// The newest release of the Command Line Tools.
    pub tools: String,
}

impl Updates {
    /// What is offered to a release of macOS.
    pub fn of(macos: &str) -> Self {
        let tools = if macos.starts_with("15") { "16.4" } else { "26.2" };
        Self { tools: tools.to_owned() }
    }
}

/// `softwareupdate`.
pub(super) fn run(_: &mut Mac, _: Caller, _: &[String]) -> Running {
    Running::failed(64, "usage: softwareupdate <cmd> [<args> ...]\n")
}
