use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Player, reference::Reference};
use crate::value::{Healthcheck, hex};

/// An image as registries have it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Its full name: `docker.io/library/busybox`.
    pub name: String,
    /// What it is found under.
    pub tags: Vec<String>,
    /// `linux/arm64` and others.
    pub platforms: Vec<String>,
    /// What each of its layers holds, and its bytes on the line.
    pub layers: Vec<BTreeMap<String, u64>>,
    /// What it gives to a container.
    #[serde(default)]
    pub config: Config,
    /// What runs in its containers.
    pub player: Player,
}

/// What an image gives to a container.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// What it runs.
    pub entrypoint: Option<Vec<String>>,
    /// What it runs, or gives to the entry point.
    pub command: Option<Vec<String>>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Who runs.
    pub user: Option<String>,
    /// Where.
    pub working_dir: Option<String>,
    /// How its health is told.
    pub healthcheck: Option<Healthcheck>,
    /// Folders for which a container gets a volume without a name.
    pub volumes: Vec<String>,
}

/// What registries of images have otherwise than usual.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registries {
    /// By full name with tag; `None`: it is gone.
    changed: BTreeMap<String, Option<Published>>,
}

/// A layer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer {
    /// `sha256:` and 64 hexadecimal digits.
    pub(super) digest: String,
    /// Bytes on the line.
    pub(super) size: u64,
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static IMAGES: LazyLock<Vec<Published>> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("images.yaml")).expect("the embedded images"));

impl Registries {
    /// Publishes an image, under tags that may have stood for another one.
    pub fn publish(&mut self, image: &Published) {
        for tag in &image.tags {
            self.changed.insert(format!("{}:{tag}", image.name), Some(image.clone()));
        }
    }

    /// Takes a tag away: `docker.io/library/busybox:1.36`.
    pub fn withdraw(&mut self, reference: &str) {
        if let Some(tagged) = Reference::read(reference).tagged() {
            self.changed.insert(tagged, None);
        }
    }

    /// What is published under a tag now, to change it and publish it anew.
    pub fn published(&self, reference: &str) -> Option<Published> {
        self.find(&Reference::read(reference)).cloned()
    }

    pub(super) fn find(&self, reference: &Reference) -> Option<&Published> {
        if let Some(digest) = &reference.digest {
            let all = self.changed.values().flatten().chain(&*IMAGES);
            return all.into_iter().find(|image| {
                image.name == reference.name
                    && (image.digest() == *digest
                        || image.platforms.iter().any(|platform| image.manifest(platform) == *digest))
            });
        }
        let tagged = reference.tagged()?;
        if let Some(changed) = self.changed.get(&tagged) {
            return changed.as_ref();
        }
        let tag = reference.tag.as_ref()?;
        IMAGES.iter().find(|image| image.name == reference.name && image.tags.contains(tag))
    }

    /// Whether there is a registry under a host's name.
    pub(super) fn knows_host(&self, host: &str) -> bool {
        let all = self.changed.values().flatten().chain(&*IMAGES);
        all.into_iter().any(|image| Reference::read(&image.name).host() == host)
    }
}

impl Published {
    /// The digest that its tags stand for: of the list of its platforms.
    pub fn digest(&self) -> String {
        self.hash("index")
    }

    /// The digest of its manifest for one platform.
    pub(super) fn manifest(&self, platform: &str) -> String {
        self.hash(&format!("manifest {platform}"))
    }

    /// The id that it has in an engine.
    pub(super) fn id(&self, platform: &str) -> String {
        self.hash(&format!("config {platform}"))
    }

    pub(super) fn layers(&self, platform: &str) -> Vec<Layer> {
        let layer = |(name, &size): (&String, &u64)| Layer {
            digest: sha256(&format!("layer {name} {size} {platform}")),
            size,
        };
        self.layers.iter().flatten().map(layer).collect()
    }

    fn hash(&self, what: &str) -> String {
        // What it is called in registries is no part of it.
        let Self { name: _, tags: _, platforms, layers, config, player } = self;
        sha256(&format!("{what} {platforms:?} {layers:?} {config:?} {player:?}"))
    }
}

fn sha256(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_found_by_tag_and_digest_until_it_is_withdrawn() {
        let mut registries = Registries::default();
        let image = registries.published("busybox:1.36").unwrap();
        let by_digest = format!("busybox@{}", image.digest());
        assert_eq!(registries.published(&by_digest).unwrap().digest(), image.digest());
        assert!(registries.published("busybox:9").is_none());
        let other = Published { layers: vec![[("other".to_owned(), 5)].into()], ..image.clone() };
        registries.publish(&other);
        assert_eq!(registries.published("busybox:1.36").unwrap().digest(), other.digest());
        assert_ne!(image.digest(), other.digest());
        assert!(registries.published(&by_digest).is_some(), "a digest that a tag left is still there");
        registries.withdraw("busybox:1.36");
        assert!(registries.published("busybox:1.36").is_none());
        assert!(registries.published("busybox:1.37").is_some());
    }

    #[test]
    fn images_share_layers_of_the_same_name_and_size() {
        let image = Registries::default().published("busybox").unwrap();
        let other = Published { name: "ghcr.io/a/b".to_owned(), player: Player::Idle, ..image.clone() };
        assert_eq!(image.layers("linux/arm64"), other.layers("linux/arm64"));
        assert_ne!(image.layers("linux/arm64"), other.layers("linux/amd64"));
        assert_ne!(image.id("linux/arm64"), other.id("linux/arm64"));
    }
}
