use anyhow::Result;

use super::{Blueprint, Site, engine};
use crate::manifest::Services;

/// The services of a stack, and the engine that they bring along.
pub(super) fn services(site: &Site, section: &Services, blueprint: &mut Blueprint) -> Result<()> {
    let _ = section;
    let containers = site.stack.manifest.containers.clone().unwrap_or_default();
    let origin = site.stack.span(&["services"]);
    let _engine = engine::engine(site, &containers, blueprint, &origin)?;
    Ok(())
}
