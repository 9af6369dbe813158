//! What an Ollama server keeps on disk, read without asking it (docs/mac-facts.md#ollama-files, #ollama-manifest).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    machine::{Kind, Look, Looking, Stat},
    value::{ModelName, hex},
};

/// Where a server with this environment keeps its models (docs/mac-facts.md#ollama-files).
pub fn store(environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    let named = environment.get("OLLAMA_MODELS").filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
    named.or_else(|| Some(Utf8Path::new(environment.get("HOME")?).join(".ollama/models")))
}

/// A model as its manifest describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// SHA-256 of the manifest's bytes, in lower-case hex: what Ollama calls the model's digest.
    pub digest: String,
    /// What it consists of: its layers, and its config as the last.
    pub layers: Vec<Layer>,
}

/// A part of a model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Layer {
    /// The last word of its media type: `model`, `params`, `license`; `config` for the config.
    pub kind: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// A manifest as the server writes it, its fields in that order.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    schema_version: u64,
    #[serde(default)]
    media_type: String,
    config: Part,
    #[serde(default)]
    layers: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    #[serde(rename = "mediaType")]
    kind: String,
    digest: String,
    size: u64,
}

impl Manifest {
    /// Reads one as a registry has it; `None` for what is none. Its digest is that of what the server makes of it: it writes it
    /// anew, without spaces (docs/mac-facts.md#ollama-manifest).
    pub fn published(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        Self::read(&serde_json::to_vec(&written).ok()?)
    }

    /// Reads the bytes of one on disk; `None` for what is none. A digest becomes a part of a path, so it is held to its form.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        let layer = |part: Part, kind: Option<&str>| {
            let digest = part.digest.strip_prefix("sha256:")?;
            let hex = digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let kind = kind.or(part.kind.rsplit('.').next())?.to_owned();
            hex.then(|| Layer { kind, digest: digest.to_owned(), size: part.size })
        };
        let mut layers: Vec<Layer> =
            written.layers.into_iter().map(|part| layer(part, None)).collect::<Option<_>>()?;
        layers.push(layer(written.config, Some("config"))?);
        Some(Self { digest: hex(&Sha256::digest(bytes)), layers })
    }

    /// Bytes of all its parts, each counted once.
    pub fn size(&self) -> u64 {
        self.parts().values().sum()
    }

    /// Its parts by digest, with their bytes.
    pub fn parts(&self) -> BTreeMap<String, u64> {
        self.layers.iter().map(|layer| (layer.digest.clone(), layer.size)).collect()
    }
}

/// The manifest of a model in a store, if it is there; what cannot be read as one is an error.
pub fn manifest(look: &dyn Look, store: &Utf8Path, name: &ModelName) -> Result<Option<Manifest>> {
    let path = store.join(name.manifest());
    let Some(bytes) = look.read(&path)? else { return Ok(None) };
    Manifest::read(&bytes).with_context(|| format!("{path} is no manifest of a model")).map(Some)
}

/// Where a part with this digest lies.
pub fn blob(store: &Utf8Path, digest: &str) -> Utf8PathBuf {
    store.join("blobs").join(format!("sha256-{digest}"))
}

/// The parts of a model that are not whole on disk.
pub fn missing<'m>(look: &dyn Look, store: &Utf8Path, manifest: &'m Manifest) -> Result<Vec<&'m Layer>> {
    let mut missing = vec![];
    for layer in &manifest.layers {
        if !is_whole(look, store, layer)? {
            missing.push(layer);
        }
    }
    Ok(missing)
}

fn is_whole(look: &dyn Look, store: &Utf8Path, layer: &Layer) -> Result<bool> {
    let stat = followed(look, &blob(store, &layer.digest))?;
    Ok(stat.is_some_and(|stat| stat.kind == Kind::File && stat.size == layer.size))
}

fn followed(look: &dyn Look, path: &Utf8Path) -> Result<Option<Stat>> {
    match look.stat(path)? {
        Some(stat) if stat.kind == Kind::Link => {
            look.resolve(path)?.map(|real| look.stat(&real)).transpose().map(Option::flatten)
        }
        found => Ok(found),
    }
}

/// How long what an interrupted pull left stays when the server starts anew (docs/mac-facts.md#ollama-prune).
pub const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// Bytes of a part that have yet to be fetched. With `pruned` the server is started before, which deletes what an interrupted
/// pull left longer than [`GRACE`] ago.
pub fn remaining(look: &dyn Look, store: &Utf8Path, layer: &Layer, pruned: bool) -> Result<u64> {
    if is_whole(look, store, layer)? {
        return Ok(0);
    }
    let begun = partials(look, store)?.into_iter().filter(|partial| partial.digest == layer.digest);
    let kept = begun.filter(|partial| !(pruned && partial.age(look.now()) > GRACE));
    Ok(layer.size.saturating_sub(kept.map(|partial| partial.completed).sum()))
}

/// A part that is being fetched, or was when a pull broke off (docs/mac-facts.md#ollama-pull-resume).
#[derive(Clone, Debug)]
pub struct Partial {
    /// The digest that it will have.
    pub digest: String,
    /// Bytes that have come.
    pub completed: u64,
    /// When it last grew.
    pub modified: Timestamp,
}

impl Partial {
    /// For how long it has not grown.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.modified)
    }
}

/// How far one of the stretches is that a part is fetched in.
#[derive(Deserialize)]
struct Stretch {
    #[serde(rename = "Completed", default)]
    completed: u64,
}

/// All parts of a store that are begun and not whole.
pub fn partials(look: &dyn Look, store: &Utf8Path) -> Result<Vec<Partial>> {
    let folder = store.join("blobs");
    let names = look.list(&folder)?.unwrap_or_default();
    let mut found: BTreeMap<String, Partial> = BTreeMap::new();
    for name in &names {
        let Some((digest, rest)) = name.strip_prefix("sha256-").and_then(|rest| rest.split_once("-partial"))
        else {
            continue;
        };
        let path = folder.join(name);
        let Some(stat) = look.stat(&path)? else { continue };
        let stretch = if rest.is_empty() { None } else { look.read(&path)? };
        let stretch: Option<Stretch> = stretch.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let partial = found.entry(digest.to_owned()).or_insert_with(|| Partial {
            digest: digest.to_owned(),
            completed: 0,
            modified: stat.modified,
        });
        partial.completed += stretch.map_or(0, |stretch| stretch.completed);
        partial.modified = partial.modified.max(stat.modified);
    }
    Ok(found.into_values().collect())
}

/// Within which time a part that is being fetched grows; the server itself starts a stretch anew that does not
/// (docs/mac-facts.md#ollama-pull-resume).
const GROWS: SignedDuration = SignedDuration::from_secs(30);

/// Whether somebody is pulling a model into the store.
pub fn is_pulling(look: &dyn Look, store: &Utf8Path) -> Result<bool> {
    let now = look.now();
    Ok(partials(look, store)?.iter().any(|partial| partial.age(now) <= GROWS))
}

/// The models of a store, in order; whether all of their parts are there is another question.
pub fn names(look: &dyn Look, store: &Utf8Path) -> Result<Vec<ModelName>> {
    let root = store.join("manifests");
    let mut folders: Vec<Utf8PathBuf> = vec![Utf8PathBuf::new()];
    for _ in 0..3 {
        let mut inside = vec![];
        for folder in folders {
            let names = look.list(&root.join(&folder))?.unwrap_or_default();
            inside.extend(names.into_iter().map(|name| folder.join(name)));
        }
        folders = inside;
    }
    let mut names = vec![];
    for folder in folders {
        let tags = look.list(&root.join(&folder))?.unwrap_or_default();
        names.extend(tags.into_iter().filter_map(|tag| ModelName::of_manifest(&folder.join(tag))));
    }
    names.sort();
    Ok(names)
}

/// What lies in a store and no model refers to: file names, in order.
pub fn loose(look: &dyn Look, store: &Utf8Path) -> Result<Vec<String>> {
    let Some(all) = look.list(&store.join("blobs"))? else { return Ok(vec![]) };
    let mut used = BTreeSet::new();
    for name in names(look, store)? {
        // One that cannot be read refers to what nobody knows: then nothing is loose.
        let Ok(found) = manifest(look, store, &name) else { return Ok(vec![]) };
        used.extend(found.into_iter().flat_map(|manifest| manifest.parts().into_keys()));
    }
    let digest = |name: &str| name.strip_prefix("sha256-").map(str::to_owned);
    Ok(all.into_iter().filter(|name| digest(name).is_none_or(|digest| !used.contains(&digest))).collect())
}

/// A model's parameters, as far as forgectl goes by them.
#[derive(Default, Deserialize)]
struct Parameters {
    num_ctx: Option<u64>,
}

/// The context length that is baked into a model, which wins over the server's (docs/mac-facts.md#ollama-context-length).
pub fn num_ctx(look: &dyn Look, store: &Utf8Path, manifest: &Manifest) -> Result<Option<u64>> {
    let Some(layer) = manifest.layers.iter().find(|layer| layer.kind == "params") else { return Ok(None) };
    let bytes = look.read(&blob(store, &layer.digest))?.unwrap_or_default();
    Ok(serde_json::from_slice::<Parameters>(&bytes).unwrap_or_default().num_ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_with_the_digest_of_its_bytes() {
        let text = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:f0988ff50a2458c598ff6b1b87b94d0f5c44d73061c2795391878b00b2285e11","size":473},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:4c27e0f5b5adf02ac956c7322bd2ee7636fe3f45a8512c9aba5385242cb6e09a","size":9608338848},{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:7339fa418c9ad3e8e12e74ad0fd26a9cc4be8703f9c110728a992b193be85cb2","size":11355},{"mediaType":"application/vnd.ollama.image.params","digest":"sha256:56380ca2ab89f1f68c283f4d50863c0bcab52ae3f1b9a88e4ab5617b176f71a3","size":42}]}"#;
        let manifest = Manifest::read(text.as_bytes()).unwrap();
        assert_eq!(manifest.digest, "c6eb396dbd5992bbe3f5cdb947e8bbc0ee413d7c17e2beaae69f5d569cf982eb");
        assert_eq!(manifest.size(), 9_608_350_718);
        let kinds: Vec<&str> = manifest.layers.iter().map(|layer| layer.kind.as_str()).collect();
        assert_eq!(kinds, ["model", "license", "params", "config"]);
        // Another registry may set it out otherwise.
        let spaced: serde_json::Value = serde_json::from_str(text).unwrap();
        let spaced = serde_json::to_vec_pretty(&spaced).unwrap();
        assert_eq!(Manifest::published(&spaced), Some(manifest.clone()));
        assert_eq!(Manifest::published(text.as_bytes()), Some(manifest));
    }

    #[test]
    fn what_would_lead_out_of_the_store_is_no_manifest() {
        let with = |digest: &str| {
            let text = format!(r#"{{"config":{{"mediaType":"x","digest":"{digest}","size":1}}}}"#);
            Manifest::read(text.as_bytes())
        };
        assert!(with(&format!("sha256:{}", "a".repeat(64))).is_some());
        for digest in
            ["sha256:../../../etc/passwd", "sha256:", &"a".repeat(64), &format!("sha256:{}", "A".repeat(64))]
        {
            assert!(with(digest).is_none(), "{digest}");
        }
        assert!(Manifest::read(b"[]").is_none());
    }
}
