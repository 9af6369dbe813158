use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Player,
    engine::unpacked,
    reference::Reference,
    registry::{Config, Layer, Published},
};
use crate::machine::engine::{ImageLine, ImageView};

/// An image in an engine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) id: String,
    pub(super) platform: String,
    pub(super) layers: Vec<Layer>,
    pub(super) config: Config,
    pub(super) player: Player,
    /// Full names with tags.
    pub(super) tags: BTreeSet<String>,
    /// Full names with digests.
    pub(super) digests: BTreeSet<String>,
}

impl Image {
    /// What a pull leaves.
    pub(super) fn of(published: &Published, platform: &str) -> Self {
        Self {
            id: published.id(platform),
            platform: platform.to_owned(),
            layers: published.layers(platform),
            config: published.config.clone(),
            player: published.player,
            tags: BTreeSet::new(),
            digests: BTreeSet::new(),
        }
    }

    /// Gives it the names of a pull: a digest that was asked for brings no tag (docs/service-facts.md#pull-by-digest).
    pub(super) fn name(&mut self, reference: &Reference, published: &Published) {
        let digest = reference.digest.clone().unwrap_or_else(|| published.digest());
        self.digests.insert(format!("{}@{digest}", reference.name));
        if reference.digest.is_none() {
            self.tags.extend(reference.tagged());
        }
    }

    /// Whether it goes by this name.
    pub(super) fn is_called(&self, reference: &Reference) -> bool {
        match &reference.digest {
            Some(digest) => self.digests.contains(&format!("{}@{digest}", reference.name)),
            None => reference.tagged().is_some_and(|tagged| self.tags.contains(&tagged)),
        }
    }

    pub(super) fn line(&self) -> ImageLine {
        let short = |names: &BTreeSet<String>| names.iter().map(|name| Reference::familiar(name)).collect();
        ImageLine {
            id: self.id.clone(),
            tags: short(&self.tags),
            digests: short(&self.digests),
            size: self.layers.iter().map(|layer| unpacked(layer.size)).sum(),
        }
    }

    pub(super) fn view(&self) -> ImageView {
        let config = self.config.clone();
        ImageView {
            line: self.line(),
            platform: self.platform.clone(),
            environment: config.environment,
            entrypoint: config.entrypoint,
            command: config.command,
            labels: config.labels,
            user: config.user,
            working_dir: config.working_dir,
            healthcheck: config.healthcheck,
            volumes: config.volumes.into_iter().collect(),
        }
    }
}
