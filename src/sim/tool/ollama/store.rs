use std::io;

use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{image::Image, model::Header, name::ModelName};
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

/// The config blob of a model with these weights.
pub(super) fn config(header: &Header) -> Value {
    json!({
        "model_format": "gguf", "model_family": header.architecture, "model_families": [header.architecture],
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
    let mut layers = vec![];
    if let Some(weights) = weights {
        layers.push(("model", Content::Made { size: weights.bytes, seed: seed(&name.to_string()) }));
    }
    if let Some(length) = weights.and_then(|weights| weights.num_ctx) {
        layers.push(("params", Content::Bytes(json!({ "num_ctx": length }).to_string().into_bytes())));
    }
    Image::new(config, layers).store(disk, uid, models, &name, now)
}

/// What made content that belongs to `name` follows from.
pub(super) fn seed(name: &str) -> u64 {
    u64::from_be_bytes(sha256(name.as_bytes()).as_bytes()[..8].try_into().unwrap_or_default())
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
