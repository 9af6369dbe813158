//! Docker Engine: what it keeps, what it answers, and how long that takes.

mod engine;

pub use engine::{Engine, Engines, Machine};

use anyhow::Result;
use camino::Utf8Path;

use crate::{
    machine::{
        Output, Tell,
        engine::{EngineAnswer, EngineChange, EngineFault, EngineQuery},
    },
    sim::Sim,
};

/// Answers what forgectl asks of the engine at `socket`.
pub(in crate::sim) fn ask(
    _: &Sim,
    socket: &Utf8Path,
    _: &EngineQuery,
) -> Result<Result<EngineAnswer, EngineFault>> {
    Ok(Err(EngineFault::Unreachable(format!("dial unix {socket}: connect: no such file or directory"))))
}

/// Makes a change on the engine at `socket` for forgectl.
pub(in crate::sim) fn change(
    _: &Sim,
    socket: &Utf8Path,
    _: &EngineChange,
    _: &dyn Tell,
) -> Result<Result<Option<Output>, EngineFault>> {
    Ok(Err(EngineFault::Unreachable(format!("dial unix {socket}: connect: no such file or directory"))))
}
