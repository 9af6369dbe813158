use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;

use super::{Blueprint, Site, engine::EngineOf};
use crate::{manifest::compose, resource::Proof, value::Id};

/// The containers of a service, each after what it depends on, with their images, networks, volumes and secrets. `name` is the
/// service's key in the manifest, `proofs` say how parts of it are known to work. Answers with the ids of the containers.
pub(super) fn containers(
    site: &Site,
    engine: &EngineOf,
    name: &str,
    project: &compose::Project,
    proofs: &BTreeMap<String, Arc<dyn Proof>>,
    blueprint: &mut Blueprint,
) -> Result<BTreeMap<String, Id>> {
    let _ = (site, engine, name, project, proofs, blueprint);
    anyhow::bail!("not built yet")
}
