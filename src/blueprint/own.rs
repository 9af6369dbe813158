use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Blueprint, Site, engine::EngineOf, project, secrets};
use crate::{
    manifest::OwnService,
    value::{Declared, Id, MountSource, Rotation, SecretShape},
};

/// Characters of a secret of a service that says nothing of it.
const LENGTH: usize = 32;

/// A service of the user's own, known as `name`: what its Compose file says.
pub(super) fn service(
    site: &Site,
    engine: &EngineOf,
    (name, service): (&str, &OwnService),
    blueprint: &mut Blueprint,
) -> Result<()> {
    let Some(project) = site.stack.project(name, &site.identity.home) else { return Ok(()) };
    project::containers(site, engine, name, &project, &BTreeMap::new(), blueprint)?;
    // Nobody knows what its data was made with.
    let opens: Vec<(String, Id)> = project
        .volumes
        .iter()
        .map(|volume| (project::volume_name(name, volume), project::id(name, "volume", volume)))
        .collect();
    let beside: BTreeSet<Utf8PathBuf> = project
        .services
        .values()
        .flat_map(|part| &part.spec.mounts)
        .filter(|mount| !mount.read_only)
        .filter_map(|mount| match &mount.source {
            MountSource::Bind(path) => Some(path.clone()),
            MountSource::Volume(_) => None,
        })
        .collect();
    let beside: Vec<Utf8PathBuf> = beside.into_iter().collect();
    for (at, value) in service.secrets.iter().enumerate() {
        let Some(secret) = OwnService::secret_name(name, value) else { continue };
        let rotation = if opens.is_empty() && beside.is_empty() {
            Rotation::Restart
        } else {
            Rotation::Fixed(format!("what `{name}` keeps in its volumes may have been made with it"))
        };
        let declared = Declared {
            purpose: format!("`{value}` of `{name}`"),
            shape: SecretShape::alphanumeric(LENGTH),
            rotation,
            credential: None,
            beside: beside.clone(),
        };
        let wish = secrets::Wish { name: secret, declared, opens: opens.clone() };
        let origin = site.stack.span(&["services", name, "secrets", &at.to_string()]);
        secrets::secret(site, engine, wish, blueprint, &origin)?;
    }
    Ok(())
}
