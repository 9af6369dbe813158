use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use crate::{
    machine::{Halt, Looking, Machine, Patience, Tell, Wait, tool::ollama},
    value::Problem,
};

/// How long somebody's pull is waited for.
const PATIENCE: Patience =
    Patience { every: Duration::from_secs(5), limit: Duration::from_mins(10), how: Wait::Poll };

/// Waits until nobody pulls a model into `store`: a server that is taken down cuts a pull off, and deletes what is left of an
/// old one when it starts anew (docs/mac-facts.md#ollama-prune).
pub(in crate::step) fn await_pulls(machine: &dyn Machine, store: &Utf8Path, tell: &dyn Tell) -> Result<()> {
    let mut told = false;
    let quiet = machine.until("the pull of a model to end", PATIENCE, || {
        if !ollama::is_pulling(machine, store)? {
            return Ok(Ok(()));
        }
        if !std::mem::replace(&mut told, true) {
            tell.line("somebody pulls a model; waiting for that to end before the server is taken down");
        }
        Ok(Err("parts of a model still grow"))
    });
    quiet.map_err(|error| {
        if Halt::of(&error).is_some() {
            return error;
        }
        Problem::mac("somebody pulls a model: the server was not taken down")
            .why(format!("{error:#}"))
            .hint("let the pull end, or stop it, then apply again; what grows:")
            .remedy(format!("ls -lt '{}'", store.join("blobs")))
            .into()
    })
}
