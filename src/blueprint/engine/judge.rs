use anyhow::Result;
use camino::Utf8Path;

use crate::{
    blueprint::{Blueprint, Site},
    machine::{Looking, engine::EngineVersion},
    manifest::{EngineKind, Start},
    resource::memory_for_models,
    value::{Id, MemorySize, Problem, Span, human_bytes},
};

const GIB: u64 = 1 << 30;

/// What macOS itself needs beside a virtual machine.
const MACOS: u64 = 4 * GIB;

/// The oldest version of the Engine API that is enough; engines from 2020 on speak it
/// (docs/service-facts.md#engine-api-versions).
const OLDEST: (u32, u32) = (1, 41);

/// Refuses an engine that is too old.
pub(super) fn version(version: Option<&EngineVersion>, id: &Id, blueprint: &mut Blueprint, origin: &Span) {
    let Some(version) = version.filter(|version| number(&version.api).is_none_or(|api| api < OLDEST)) else {
        return;
    };
    let problem = Problem::mac(format!("the container engine is too old: {}", version.version))
        .why(format!(
            "it speaks version {} of the Engine API, and {}.{} is needed",
            version.api, OLDEST.0, OLDEST.1
        ))
        .hint("bring it up to date the way it came, then plan again; what it says of itself:")
        .remedy("docker version");
    blueprint.refusals.push(problem.at(Some(origin)).of(id));
}

/// `1.41` as two numbers.
fn number(api: &str) -> Option<(u32, u32)> {
    let (major, minor) = api.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// No engine on a Mac starts before a login (docs/service-facts.md#engine-login).
pub(super) fn boot(site: &Site, blueprint: &mut Blueprint) {
    let boots = site.stack.manifest.server().is_some_and(|server| server.start == Start::Boot);
    if boots {
        let told = Problem::mac("containers come up only once somebody has logged in at the screen")
            .why("the Ollama server starts at boot, and no container engine of a Mac does")
            .hint("let the Mac log its user in by itself, or log in after each restart");
        blueprint.warnings.push(told.at(Some(&site.of_server("start"))));
    }
}

/// What the services of the stack need of the engine's machine, and which it is that needs the most
/// (docs/service-facts.md#engine-memory).
fn need(site: &Site) -> Option<(u64, &'static str)> {
    let services = site.stack.manifest.services.as_ref()?;
    let langfuse = services.langfuse.as_ref().map(|_| (4 * GIB, "langfuse"));
    langfuse.or(services.open_webui.as_ref().map(|_| (GIB, "open-webui")))
}

fn too_small(has: u64, need: u64, service: &str) -> Problem {
    Problem::mac(format!("the container engine's machine is too small: {} of memory", MemorySize(has))).why(
        format!("`{service}` needs {} at the least, and its parts are killed with less", MemorySize(need)),
    )
}

/// Why the machine that the stack brings is too small for its services, or too large for the Mac.
pub(super) fn own_memory(site: &Site, memory: u64, origin: &Span) -> Option<Problem> {
    let written = site.stack.manifest.containers.as_ref().is_some_and(|section| section.memory.is_some());
    let place = if written { site.stack.span(&["containers", "memory"]) } else { origin.clone() };
    let mac = site.facts.memory?;
    if memory.saturating_add(MACOS) > mac {
        let problem =
            Problem::mac(format!("Colima's machine would take too much of this Mac: {}", MemorySize(memory)))
                .why(format!("the Mac has {}, and macOS itself needs {}", MemorySize(mac), MemorySize(MACOS)))
                .hint("write less into `memory` of `containers`, or apply the stack on a larger Mac");
        return Some(problem.at(Some(&place)));
    }
    let (need, service) = need(site).filter(|(need, _)| memory < *need)?;
    let problem = too_small(memory, need, service)
        .hint(format!("write `memory: {}` or more into `containers`", MemorySize(need)));
    Some(problem.at(Some(&place)))
}

/// What models may still take beside the machine.
pub(super) fn memory_plan(site: &Site, memory: u64) -> Option<Problem> {
    let mac = site.facts.memory?;
    let models = human_bytes(memory_for_models(mac.saturating_sub(memory)));
    Some(
        Problem::mac(format!(
            "Colima's machine takes {} of this Mac's {}",
            MemorySize(memory),
            MemorySize(mac)
        ))
        .hint(format!("models may take {models} beside it")),
    )
}

/// Refuses an engine that others keep and whose machine is too small for the services of the stack.
pub(super) fn foreign_memory(
    site: &Site,
    socket: &Utf8Path,
    kind: EngineKind,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<()> {
    let Some((need, service)) = need(site) else { return Ok(()) };
    let Ok(info) = site.look.engine_info(socket)? else { return Ok(()) };
    // The kernel keeps some of it for itself.
    if info.memory >= need / 10 * 9 {
        return Ok(());
    }
    let problem =
        too_small(info.memory, need, service).why(format!("it is `{}`, {}", info.name, info.system));
    let gib = need / GIB;
    let problem = match kind {
        EngineKind::DockerDesktop => problem.hint("give it more in Docker Desktop, Settings, Resources"),
        EngineKind::Orbstack => {
            problem.hint("give it more:").remedy(format!("orb config set memory_mib {}", gib * 1024))
        }
        EngineKind::Colima | EngineKind::Running => problem
            .hint("give it more, the way it came: Docker Desktop in Settings, Resources; else:")
            .remedy(format!("orb config set memory_mib {}", gib * 1024))
            .remedy(format!("colima stop && colima start --memory {gib}")),
    };
    blueprint.refusals.push(problem.at(Some(origin)));
    Ok(())
}
