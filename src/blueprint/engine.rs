use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Blueprint, Site};
use crate::{
    manifest::{Containers, EngineKind},
    value::{Id, Span},
};

/// The container engine of a stack, for what runs on it.
#[derive(Clone, Debug)]
pub(super) struct EngineOf {
    /// What has to be there before anything runs on it.
    pub(super) id: Id,
    /// Which it is.
    pub(super) kind: EngineKind,
    /// Its socket.
    pub(super) socket: Utf8PathBuf,
    /// The platform of its images: `linux/arm64`.
    pub(super) platform: String,
    /// Whether it answers now.
    pub(super) answers: bool,
}

/// The engine that `section` asks for.
pub(super) fn engine(
    site: &Site,
    section: &Containers,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<EngineOf> {
    let _ = (site, section, blueprint, origin);
    anyhow::bail!("not built yet")
}
