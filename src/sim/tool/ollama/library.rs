use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answer::error, model::Header, name::ModelName, store};
use crate::{
    machine::{Kind, Reply},
    sim::{Content, Disk},
};

/// A model in the store.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) name: ModelName,
    /// SHA-256 of the manifest.
    pub(super) digest: String,
    /// Bytes of all layers and the config.
    pub(super) size: u64,
    /// Bytes of the weights.
    pub(super) weights: u64,
    pub(super) modified: Timestamp,
    pub(super) header: Header,
    /// `PARAMETER num_ctx`.
    pub(super) num_ctx: Option<u64>,
    /// What it can do.
    pub(super) capabilities: Vec<String>,
    /// Where it runs, and under which name, when that is elsewhere.
    pub(super) remote: Option<(String, String)>,
}

/// The store of a server, read with its user's rights.
pub(super) struct Library<'d> {
    pub(super) disk: &'d mut dyn Disk,
    pub(super) uid: u32,
    pub(super) models: &'d Utf8Path,
}

#[derive(Deserialize)]
struct Manifest {
    config: Layer,
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "mediaType")]
    kind: String,
    digest: String,
    size: u64,
}

#[derive(Deserialize)]
struct Config {
    header: Header,
    capabilities: Option<Vec<String>>,
    remote_host: Option<String>,
    remote_model: Option<String>,
}

#[derive(Deserialize)]
struct Parameters {
    num_ctx: Option<u64>,
}

impl Library<'_> {
    /// All models, the last changed first, as lists show them.
    pub(super) fn all(&self) -> Vec<Model> {
        let mut models: Vec<Model> = self.names().iter().filter_map(|name| self.find(name)).collect();
        models.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.name.cmp(&b.name)));
        models
    }

    /// One model; `None` when its manifest or config cannot be read.
    pub(super) fn find(&self, name: &ModelName) -> Option<Model> {
        let path = self.models.join(name.manifest());
        let bytes = self.bytes(&path)?;
        let manifest: Manifest = serde_json::from_slice(&bytes).ok()?;
        let config: Config = serde_json::from_slice(&self.bytes(&self.blob(&manifest.config))?).ok()?;
        let layer = |kind: &str| manifest.layers.iter().find(|layer| layer.kind.ends_with(kind));
        let remote = config.remote_host.zip(config.remote_model);
        let weights = layer(".model").filter(|layer| self.disk.resolve(&self.blob(layer)).is_some());
        if weights.is_none() && remote.is_none() {
            return None;
        }
        let parameters = layer(".params").and_then(|layer| self.bytes(&self.blob(layer)));
        let parameters = parameters.and_then(|bytes| serde_json::from_slice::<Parameters>(&bytes).ok());
        Some(Model {
            name: name.clone(),
            digest: store::sha256(&bytes),
            size: manifest.layers.iter().map(|layer| layer.size).sum::<u64>() + manifest.config.size,
            weights: weights.map_or(0, |layer| layer.size),
            modified: self.disk.node(&path)?.modified,
            header: config.header,
            num_ctx: parameters.and_then(|parameters| parameters.num_ctx),
            capabilities: config.capabilities.unwrap_or_else(|| vec!["completion".to_owned()]),
            remote,
        })
    }

    /// Removes a model, and every blob that no other names.
    pub(super) fn delete(&mut self, name: &ModelName, now: Timestamp) -> io::Result<()> {
        let path = self.models.join(name.manifest());
        let blobs = self.blobs_of(name);
        self.disk.remove(self.uid, &path, now)?;
        self.remove_unused(blobs, now)?;
        let mut folder = path.parent();
        while let Some(empty) = folder.filter(|folder| !folder.ends_with("manifests")) {
            if self.disk.remove(self.uid, empty, now).is_err() {
                break;
            }
            folder = empty.parent();
        }
        Ok(())
    }

    /// Removes those of these blobs that no model names.
    pub(super) fn remove_unused(&mut self, mut blobs: Vec<Utf8PathBuf>, now: Timestamp) -> io::Result<()> {
        for name in self.names() {
            let kept = self.blobs_of(&name);
            blobs.retain(|blob| !kept.contains(blob));
        }
        blobs.iter().try_for_each(|blob| self.disk.remove(self.uid, blob, now))
    }

    /// Whether every manifest can be read.
    pub(super) fn is_whole(&self) -> bool {
        let manifest = |name: &ModelName| self.bytes(&self.models.join(name.manifest()));
        let read = |bytes: Vec<u8>| serde_json::from_slice::<Manifest>(&bytes).ok();
        self.names().iter().all(|name| manifest(name).and_then(read).is_some())
    }

    /// Gives a model a second name.
    pub(super) fn copy(&mut self, from: &ModelName, to: &ModelName, now: Timestamp) -> io::Result<()> {
        let content = self.disk.read(self.uid, &self.models.join(from.manifest()))?;
        let path = self.models.join(to.manifest());
        self.disk.make_dirs(self.uid, path.parent().unwrap_or(self.models), 0o755, now)?;
        self.disk.write(self.uid, &path, content, 0o644, now)
    }

    /// The names of all manifests.
    pub(super) fn names(&self) -> Vec<ModelName> {
        let root = self.models.join("manifests");
        let mut found = vec![];
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for name in self.disk.list(self.uid, &folder).unwrap_or_default() {
                let path = folder.join(name);
                match self.disk.node(&path).map(|node| node.kind) {
                    Some(Kind::Folder) => folders.push(path),
                    Some(Kind::File) => {
                        found.extend(path.strip_prefix(&root).ok().and_then(ModelName::of_manifest));
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    /// Where the parts of a model are.
    pub(super) fn blobs_of(&self, name: &ModelName) -> Vec<Utf8PathBuf> {
        let bytes = self.bytes(&self.models.join(name.manifest()));
        let manifest = bytes.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
        let layers = |manifest: Manifest| manifest.layers.into_iter().chain([manifest.config]);
        manifest.into_iter().flat_map(layers).map(|layer| self.blob(&layer)).collect()
    }

    fn blob(&self, layer: &Layer) -> Utf8PathBuf {
        self.models.join("blobs").join(layer.digest.replace(':', "-"))
    }

    fn bytes(&self, path: &Utf8Path) -> Option<Vec<u8>> {
        match self.disk.read(self.uid, path) {
            Ok(Content::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

impl Model {
    /// As `/api/tags` lists it.
    pub(super) fn listed(&self) -> Value {
        let mut details = self.header.details();
        details["context_length"] = self.header.context_length.into();
        details["embedding_length"] = self.header.embedding_length().into();
        let mut listed = json!({
            "name": self.name.to_string(), "model": self.name.to_string(),
            "modified_at": self.modified.to_string(), "size": self.size, "digest": self.digest,
            "details": details, "capabilities": self.capabilities,
        });
        self.say_where(&mut listed);
        listed
    }

    /// Adds where it runs, when that is elsewhere.
    fn say_where(&self, told: &mut Value) {
        if let Some((host, model)) = &self.remote {
            told["remote_host"] = host.as_str().into();
            told["remote_model"] = model.as_str().into();
        }
    }

    /// Why it gives no text when it is asked to `verb`, if so (docs/mac-facts.md#ollama-capabilities, #ollama-remote-models).
    pub(super) fn refusal(&self, verb: &str, no_cloud: bool) -> Option<Reply> {
        let name = &self.name;
        if let Some((host, _)) = &self.remote {
            let bare = host.trim_start_matches("https://").trim_end_matches(":443");
            return Some(if no_cloud {
                error(403, &format!("remote model is unavailable: {name}"))
            } else {
                error(502, &format!("Post \"{host}/api/{verb}\": dial tcp: lookup {bare}: no such host"))
            });
        }
        let completes = self.capabilities.iter().any(|what| what == "completion");
        (!completes).then(|| error(400, &format!("\"{name}\" does not support {verb}")))
    }

    /// As `/api/show` tells it.
    pub(super) fn shown(&self) -> Value {
        let parameters = self.num_ctx.map(|length| format!("num_ctx                        {length}"));
        let parameters = parameters.unwrap_or_default();
        let mut shown = json!({
            "modelfile": format!("# Modelfile generated by \"ollama show\"\nFROM {}\n", self.name),
            "parameters": parameters, "template": "{{ .Prompt }}",
            "details": self.header.details(), "model_info": self.header.info(), "tensors": [],
            "capabilities": self.capabilities, "modified_at": self.modified.to_string(),
        });
        self.say_where(&mut shown);
        if let (true, Some(shown)) = (self.num_ctx.is_none(), shown.as_object_mut()) {
            shown.remove("parameters");
        }
        shown
    }
}
