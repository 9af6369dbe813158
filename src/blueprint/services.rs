use anyhow::Result;

use super::{Blueprint, Site, engine, own};
use crate::manifest::Services;

/// The services of a stack, and the engine that they bring along.
pub(super) fn services(site: &Site, section: &Services, blueprint: &mut Blueprint) -> Result<()> {
    let containers = site.stack.manifest.containers.clone().unwrap_or_default();
    let origin = site.stack.span(&["services"]);
    let engine = engine::engine(site, &containers, blueprint, &origin)?;
    for (name, service) in &section.own {
        own::service(site, &engine, (name, service), blueprint)?;
    }
    Ok(())
}
