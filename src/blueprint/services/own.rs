use std::collections::BTreeMap;

use anyhow::Result;

use super::{Building, ports, volume};
use crate::{
    blueprint::{
        project,
        secrets::{Wish, secret},
    },
    manifest::OwnService,
    value::{Declared, Id, Rotation, SecretShape},
};

/// How many letters and digits a secret of a service of the user's own has.
const LENGTH: usize = 32;

/// A service of the user's own. Which of its data its secrets open nobody knows, so all of it keeps them.
pub(super) fn own(building: &mut Building, name: &str) -> Result<()> {
    let Building { site, .. } = *building;
    let Some(project) = site.stack.project(name, &site.identity.home) else { return Ok(()) };
    let services = site.stack.manifest.services.as_ref();
    let section = services.and_then(|services| services.own.get(name));
    for (at, value) in section.into_iter().flat_map(|section| &section.secrets).enumerate() {
        let Some(secret_name) = OwnService::secret_name(name, value) else { continue };
        let opens =
            project.volumes.iter().map(|one| (volume(name, one), Id::new("volume", format!("{name}/{one}"))));
        let wish = Wish {
            name: secret_name,
            declared: Declared {
                purpose: format!("`{value}` of `{name}`"),
                shape: SecretShape::alphanumeric(LENGTH),
                rotation: Rotation::Restart,
                credential: None,
            },
            opens: opens.collect(),
        };
        let origin = site.stack.span(&["services", name, "secrets", &at.to_string()]);
        secret(site, building.engine, wish, building.blueprint, &origin)?;
    }
    ports::judge(building, name, &project)?;
    project::containers(site, building.engine, name, &project, &BTreeMap::new(), building.blueprint)?;
    Ok(())
}
