//! Services in containers: those that come along, and the user's own.

mod given;
mod langfuse;
mod neighbour;
mod open_webui;
mod ports;

pub(super) use open_webui::Behind;

use std::collections::BTreeMap;

use anyhow::Result;

use super::{
    Blueprint, Site, engine,
    engine::EngineOf,
    lab::{self, Lab},
    own,
};
use crate::manifest::Services;

/// The services of a stack, and the engine that they bring along. `ollama` is the server of the stack, if it has one.
pub(super) fn services(
    site: &Site,
    section: &Services,
    ollama: Option<&Behind>,
    blueprint: &mut Blueprint,
) -> Result<()> {
    let containers = site.stack.manifest.containers.clone().unwrap_or_default();
    let origin = match &site.stack.manifest.containers {
        Some(_) => site.stack.span(&["containers"]),
        None => site.stack.span(&["services"]),
    };
    let engine = engine::engine(site, &containers, blueprint, &origin)?;
    let mut building = Building { site, engine: &engine, taken: BTreeMap::new(), blueprint };
    if let Some(ollama) = ollama {
        building.taken.insert(ollama.socket.port(), "Ollama".to_owned());
    }
    let mut lab = Lab {
        ollama: ollama.map(|ollama| ports::asked_at(ollama.socket.ip(), ollama.socket.port())),
        open_webui: None,
        langfuse: None,
    };
    if let Some(service) = &section.open_webui {
        open_webui::open_webui(&mut building, service, ollama)?;
        lab.open_webui = Some(ports::asked_at(service.listen.address(), service.port));
    }
    if let Some(service) = &section.langfuse {
        lab.langfuse = Some(langfuse::langfuse(&mut building, service)?);
    }
    if lab.open_webui.is_some() || lab.langfuse.is_some() {
        lab::files(site, &lab, building.blueprint, &site.stack.span(&["services"]));
    }
    for (name, service) in &section.own {
        if let Some(project) = site.stack.project(name, &site.identity.home) {
            ports::judge(&mut building, name, &project);
        }
        own::service(site, &engine, (name, service), building.blueprint)?;
    }
    Ok(())
}

/// The services while they are put together.
struct Building<'b, 's> {
    site: &'b Site<'s>,
    engine: &'b EngineOf,
    /// Ports of this stack and whose they are.
    taken: BTreeMap<u16, String>,
    blueprint: &'b mut Blueprint,
}

/// The name of the container of a part of a service.
fn container(service: &str, part: &str) -> String {
    format!("forge-{service}-{part}-1")
}

/// The name of a volume of a service.
fn volume(service: &str, volume: &str) -> String {
    format!("forge-{service}_{volume}")
}
