use std::io;

use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::name::ModelName;
use crate::sim::{Content, Disk};

/// What a model consists of: its config and its layers, as registries and stores keep them
/// (docs/mac-facts.md#ollama-manifest).
#[derive(Clone, Debug)]
pub(super) struct Image {
    config: Blob,
    layers: Vec<Blob>,
}

/// One part of a model.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    kind: String,
    /// `sha256:` and lower-case hex.
    pub(super) digest: String,
    pub(super) content: Content,
}

const CONFIG: &str = "application/vnd.docker.container.image.v1+json";

impl Blob {
    fn new(kind: String, content: Content) -> Self {
        Self { kind, digest: format!("sha256:{}", content.digest()), content }
    }

    fn described(&self) -> Value {
        json!({ "mediaType": self.kind, "digest": self.digest, "size": self.content.size() })
    }
}

impl Image {
    /// Of a config and layers, each with the last word of its media type.
    pub(super) fn new(config: &Value, layers: Vec<(&str, Content)>) -> Self {
        let layer = |(kind, content)| Blob::new(format!("application/vnd.ollama.image.{kind}"), content);
        Self {
            config: Blob::new(CONFIG.to_owned(), Content::Bytes(config.to_string().into_bytes())),
            layers: layers.into_iter().map(layer).collect(),
        }
    }

    /// All its parts in the order in which they are fetched: the config comes last.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Blob> {
        self.layers.iter().chain([&self.config])
    }

    /// Its manifest, a file's or an answer's bytes.
    pub(super) fn manifest(&self) -> Vec<u8> {
        let layers: Vec<Value> = self.layers.iter().map(Blob::described).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": self.config.described(),
            "layers": layers,
        });
        manifest.to_string().into_bytes()
    }

    /// Puts it into a store as a pull leaves it (docs/mac-facts.md#ollama-files).
    pub(super) fn store(
        &self,
        disk: &mut dyn Disk,
        uid: u32,
        models: &Utf8Path,
        name: &ModelName,
        now: Timestamp,
    ) -> io::Result<()> {
        let blobs = models.join("blobs");
        disk.make_dirs(uid, &blobs, 0o755, now)?;
        for blob in self.blobs() {
            let path = blobs.join(blob.digest.replace(':', "-"));
            disk.write(uid, &path, blob.content.clone(), 0o644, now)?;
        }
        let path = models.join(name.manifest());
        disk.make_dirs(uid, path.parent().unwrap_or(models), 0o755, now)?;
        disk.write(uid, &path, Content::Bytes(self.manifest()), 0o644, now)
    }
}
