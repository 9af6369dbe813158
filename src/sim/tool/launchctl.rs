//! `launchctl`.

use crate::sim::{Caller, Mac, Running};

/// Runs `launchctl`.
pub fn run(_: &mut Mac, _: Caller, _: &[String]) -> Running {
    Running::failed(64, "Usage: launchctl <subcommand> ... | help [subcommand]\n")
}
