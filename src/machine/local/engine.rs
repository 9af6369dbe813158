//! Container engines, over the Docker Engine API on a socket.

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::Files;
use crate::machine::{
    Output, Tell,
    engine::{EngineAnswer, EngineChange, EngineFault, EngineQuery},
};

/// The engines that were asked so far.
#[derive(Default)]
pub(super) struct Engines {}

impl Engines {
    /// Asks the engine at `socket`.
    pub(super) fn ask(
        &self,
        _: &Files,
        _: &Utf8Path,
        _: &EngineQuery,
    ) -> Result<Result<EngineAnswer, EngineFault>> {
        bail!("not built yet")
    }

    /// Makes a change on the engine at `socket`.
    pub(super) fn change(
        &self,
        _: &Files,
        _: &Utf8Path,
        _: &EngineChange,
        _: &dyn Tell,
    ) -> Result<Result<Option<Output>, EngineFault>> {
        bail!("not built yet")
    }
}
