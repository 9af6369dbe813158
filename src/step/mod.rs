//! How a machine is changed: one file a step. The only code that changes anything.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use crate::machine::{Machine, Tell};

/// One step from what was found to what is wanted. It may look, wait and make several effects, and is safe
/// to repeat from any of them.
pub trait Step: fmt::Debug + Send + Sync {
    /// What it says of itself.
    fn about(&self) -> About;

    /// Does it.
    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()>;
}

/// What a step says of itself before it runs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct About {
    /// What it does: `install the Command Line Tools`.
    pub words: String,
    /// Why it is needed.
    pub why: String,
    /// The commands and changes that it makes, as they would be typed.
    pub commands: Vec<String>,
    /// How it is undone by destroy.
    pub undo: String,
    /// What it needs root for, in a word or two (`CLT`, `power`); `None` without root.
    pub sudo: Option<String>,
    /// The service that it restarts.
    pub restarts: Option<String>,
    /// Bytes that it fetches, as far as is known beforehand.
    pub download: u64,
    /// Whether it may take minutes.
    pub long: bool,
    /// What must not overlap with it.
    pub lanes: Vec<Lane>,
}

/// What must not overlap.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// One privileged step at a time.
    Sudo,
}
