use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the header of a model's weights says, as far as the server reads it. The weights of a simulated Mac have no
/// content, so it stands in the config blob, beside what a real one holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Parameters.
    pub(super) parameters: u64,
    /// `llama.context_length`: the length that it was trained for.
    pub(super) context_length: u64,
    /// `llama.block_count`.
    pub(super) layers: u64,
    /// `llama.attention.head_count`.
    pub(super) heads: u64,
    /// `llama.attention.head_count_kv`.
    pub(super) cache_heads: u64,
}

/// Elements of a head.
const HEAD: u64 = 128;

impl Header {
    /// What a dense model of this size at four bits has, about.
    pub(super) fn of(bytes: u64, context_length: u64) -> Self {
        let parameters = bytes / 57 * 100;
        let (layers, heads) = match parameters / 1_000_000_000 {
            0 => (16, 16),
            1..=4 => (28, 24),
            5..=9 => (32, 32),
            10..=19 => (40, 40),
            20..=39 => (64, 40),
            _ => (80, 64),
        };
        Self { parameters, context_length, layers, heads, cache_heads: 8 }
    }

    /// Width of the model.
    pub(super) fn embedding_length(&self) -> u64 {
        self.heads * HEAD
    }

    /// How many values a token of context adds to the cache: keys and values of every layer.
    pub(super) fn cached_values(&self) -> u64 {
        2 * self.layers * self.cache_heads * HEAD
    }

    /// `8.0B`, `270M`.
    pub(super) fn size_label(&self) -> String {
        let millions = self.parameters / 1_000_000;
        if millions < 1000 {
            format!("{millions}M")
        } else {
            format!("{}.{}B", millions / 1000, millions % 1000 / 100)
        }
    }

    /// `model_info` of `/api/show`.
    pub(super) fn info(&self) -> Value {
        let mut info = Map::new();
        info.insert("general.architecture".into(), "llama".into());
        info.insert("general.file_type".into(), 15.into());
        info.insert("general.parameter_count".into(), self.parameters.into());
        info.insert("llama.attention.head_count".into(), self.heads.into());
        info.insert("llama.attention.head_count_kv".into(), self.cache_heads.into());
        info.insert("llama.block_count".into(), self.layers.into());
        info.insert("llama.context_length".into(), self.context_length.into());
        info.insert("llama.embedding_length".into(), self.embedding_length().into());
        Value::Object(info)
    }

    /// `details` of lists.
    pub(super) fn details(&self) -> Value {
        json!({
            "parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
            "parameter_size": self.size_label(), "quantization_level": "Q4_K_M",
        })
    }
}
