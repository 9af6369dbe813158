//! The container engine of a stack: whose it is, where it listens, and whether it will do.

mod app;
mod colima;
mod found;
mod judge;

pub(super) use colima::job_of;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Blueprint, Site};
use crate::{
    machine::engine::EngineVersion,
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

impl EngineOf {
    /// `version` is what it says of itself, if it answers now.
    fn new(id: Id, kind: EngineKind, socket: Utf8PathBuf, version: Option<&EngineVersion>) -> Self {
        // Virtual machines on Apple silicon are of its kind.
        let platform = version.map_or("linux/arm64", |version| &version.platform).to_owned();
        Self { id, kind, socket, platform, answers: version.is_some() }
    }
}

/// Bytes of the Mac's memory that are left beside the machine of the stack's engine, if known.
pub(super) fn memory_beside(site: &Site) -> Option<u64> {
    let manifest = &site.stack.manifest;
    let Some(section) =
        manifest.containers.clone().or(manifest.services.as_ref().map(|_| Containers::default()))
    else {
        return site.facts.memory;
    };
    let taken = match section.engine {
        EngineKind::Colima => colima::memory(site, &section),
        // Whose size others say lets go what it does not use.
        EngineKind::DockerDesktop | EngineKind::Orbstack | EngineKind::Running => 0,
    };
    site.facts.memory.map(|memory| memory.saturating_sub(taken))
}

/// The engine that `section` asks for.
pub(super) fn engine(
    site: &Site,
    section: &Containers,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<EngineOf> {
    judge::boot(site, blueprint);
    match section.engine {
        EngineKind::Running => found::running(site, blueprint, origin),
        EngineKind::Colima => colima::colima(site, section, blueprint, origin),
        EngineKind::DockerDesktop | EngineKind::Orbstack => app::app(site, section.engine, blueprint, origin),
    }
}
