use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the header of a model's weights says, as far as the server reads it. The weights of a simulated Mac have no
/// content, so it stands in the config blob, beside what a real one holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// `general.architecture`, which the names of most other values begin with.
    #[serde(default = "llama")]
    pub(super) architecture: String,
    /// Parameters.
    pub(super) parameters: u64,
    /// `.context_length`: the length that it was trained for.
    pub(super) context_length: u64,
    /// `.block_count`.
    pub(super) layers: u64,
    /// `.attention.head_count`.
    pub(super) heads: u64,
    /// `.attention.head_count_kv`.
    pub(super) cache_heads: u64,
    /// `.embedding_length`, where it is not what heads and their usual size give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u64>,
    /// Where some layers look back no further than a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sliding: Option<Sliding>,
}

/// The cache of a model some of whose layers look back no further than a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Sliding {
    /// `.attention.sliding_window`, in tokens.
    pub(super) window: u64,
    /// Values that a token adds to the layers without a window that have a cache of their own.
    pub(super) full: u64,
    /// The same of those with one.
    pub(super) local: u64,
}

/// Elements of a head.
const HEAD: u64 = 128;

fn llama() -> String {
    "llama".to_owned()
}

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
        Self {
            architecture: llama(),
            parameters,
            context_length,
            layers,
            heads,
            cache_heads: 8,
            width: None,
            sliding: None,
        }
    }

    /// Width of the model.
    pub(super) fn embedding_length(&self) -> u64 {
        self.width.unwrap_or(self.heads * HEAD)
    }

    /// How many values the cache of a context of so many tokens holds: keys and values of every layer.
    pub(super) fn cached_values(&self, context: u64) -> u64 {
        match self.sliding {
            None => (2 * self.layers * self.cache_heads * HEAD).saturating_mul(context),
            Some(Sliding { window, full, local }) => {
                full.saturating_mul(context).saturating_add(local.saturating_mul(context.min(window)))
            }
        }
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

    /// `model_info` of `/api/show`. What differs from layer to layer is a list, and lists as long are not shown.
    pub(super) fn info(&self) -> Value {
        let mut info = Map::new();
        info.insert("general.architecture".into(), self.architecture.as_str().into());
        info.insert("general.file_type".into(), 15.into());
        info.insert("general.parameter_count".into(), self.parameters.into());
        let mut own = |name: &str, value: Value| info.insert(format!("{}.{name}", self.architecture), value);
        own("attention.head_count", self.heads.into());
        match self.sliding {
            None => own("attention.head_count_kv", self.cache_heads.into()),
            Some(sliding) => {
                own("attention.head_count_kv", Value::Null);
                own("attention.sliding_window", sliding.window.into());
                own("attention.sliding_window_pattern", Value::Null)
            }
        };
        own("block_count", self.layers.into());
        own("context_length", self.context_length.into());
        own("embedding_length", self.embedding_length().into());
        Value::Object(info)
    }

    /// `details` of lists.
    pub(super) fn details(&self) -> Value {
        json!({
            "parent_model": "", "format": "gguf", "family": self.architecture,
            "families": [self.architecture],
            "parameter_size": self.size_label(), "quantization_level": "Q4_K_M",
        })
    }
}
