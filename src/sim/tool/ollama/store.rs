use std::io;

use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{model::Header, name::ModelName};
use crate::{
    sim::{Content, Disk},
    value::hex,
};

/// The weights of a model that is put on a disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Weights {
    /// Bytes.
    pub bytes: u64,
    /// The context length that it was trained for.
    pub train_context: u64,
    /// `PARAMETER num_ctx` baked into it.
    pub num_ctx: Option<u64>,
}

/// Puts a model into a store as a pull leaves it: manifest, config, weights and parameters
/// (docs/mac-facts.md#ollama-files). `models` is `$OLLAMA_MODELS`, which belongs to `uid`.
pub fn store_model(
    disk: &mut dyn Disk,
    uid: u32,
    models: &Utf8Path,
    name: &str,
    weights: Weights,
    now: Timestamp,
) -> io::Result<()> {
    let config = config(&Header::of(weights.bytes, weights.train_context));
    store(disk, uid, models, name, &config, Some(weights), now)
}

/// The same for a model that makes embeddings and no text (docs/mac-facts.md#ollama-capabilities).
pub fn store_embedder(
    disk: &mut dyn Disk,
    uid: u32,
    models: &Utf8Path,
    name: &str,
    weights: Weights,
    now: Timestamp,
) -> io::Result<()> {
    let mut config = config(&Header::of(weights.bytes, weights.train_context));
    config["capabilities"] = json!(["embedding"]);
    store(disk, uid, models, name, &config, Some(weights), now)
}

/// The stub of a model that runs in Ollama's cloud (docs/mac-facts.md#ollama-remote-models).
pub fn store_remote(
    disk: &mut dyn Disk,
    uid: u32,
    models: &Utf8Path,
    name: &str,
    now: Timestamp,
) -> io::Result<()> {
    let mut config = config(&Header::of(600_000_000_000, 262_144));
    config["model_format"] = "".into();
    config["remote_host"] = "https://ollama.com:443".into();
    config["remote_model"] = name.trim_end_matches(":cloud").trim_end_matches("-cloud").into();
    store(disk, uid, models, name, &config, None, now)
}

fn config(header: &Header) -> Value {
    json!({
        "model_format": "gguf", "model_family": "llama", "model_families": ["llama"],
        "model_type": header.size_label(), "file_type": "Q4_K_M",
        "architecture": "amd64", "os": "linux", "header": header,
    })
}

fn store(
    disk: &mut dyn Disk,
    uid: u32,
    models: &Utf8Path,
    name: &str,
    config: &Value,
    weights: Option<Weights>,
    now: Timestamp,
) -> io::Result<()> {
    let name = ModelName::read(name).ok_or(io::ErrorKind::InvalidInput)?;
    let blobs = models.join("blobs");
    disk.make_dirs(uid, &blobs, 0o755, now)?;
    let seed = u64::from_be_bytes(
        sha256(name.to_string().as_bytes()).as_bytes()[..8].try_into().unwrap_or_default(),
    );
    let mut layers = vec![];
    if let Some(weights) = weights {
        let content = Content::Made { size: weights.bytes, seed };
        layers.push(("model", blob(disk, uid, &blobs, content, now)?));
    }
    if let Some(length) = weights.and_then(|weights| weights.num_ctx) {
        let parameters = Content::Bytes(json!({ "num_ctx": length }).to_string().into_bytes());
        layers.push(("params", blob(disk, uid, &blobs, parameters, now)?));
    }
    let config = blob(disk, uid, &blobs, Content::Bytes(config.to_string().into_bytes()), now)?;
    let layers: Vec<_> = layers
        .into_iter()
        .map(|(kind, (digest, size))| {
            json!({ "mediaType": format!("application/vnd.ollama.image.{kind}"), "digest": digest, "size": size })
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json", "digest": config.0, "size": config.1,
        },
        "layers": layers,
    });
    let path = models.join(name.manifest());
    disk.make_dirs(uid, path.parent().unwrap_or(models), 0o755, now)?;
    disk.write(uid, &path, Content::Bytes(manifest.to_string().into_bytes()), 0o644, now)
}

/// Stores a blob under its digest; says that and its size.
fn blob(
    disk: &mut dyn Disk,
    uid: u32,
    blobs: &Utf8Path,
    content: Content,
    now: Timestamp,
) -> io::Result<(String, u64)> {
    let size = content.size();
    let draft = blobs.join("sha256-draft");
    disk.write(uid, &draft, content.clone(), 0o644, now)?;
    let digest = disk.digest(uid, &draft)?;
    disk.remove(uid, &draft, now)?;
    disk.write(uid, &blobs.join(format!("sha256-{digest}")), content, 0o644, now)?;
    Ok((format!("sha256:{digest}"), size))
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
