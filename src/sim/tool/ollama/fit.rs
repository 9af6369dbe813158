use std::time::Duration;

use super::{Settings, library::Model};

const GIB: u64 = 1 << 30;

/// What a runner needs beside weights and cache.
const COMPUTE: u64 = 512 << 20;

/// Bytes a second from a Mac's internal disk into memory.
const DISK_SPEED: u64 = 2_500_000_000;

/// Bytes a second that the GPU reads from memory while it generates.
const MEMORY_SPEED: u64 = 100_000_000_000;

/// The memory of a Mac as the server sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Memory {
    /// Bytes in all.
    pub(super) total: u64,
    /// What Metal recommends to use at most, less `OLLAMA_GPU_OVERHEAD` (docs/mac-facts.md#ollama-metal).
    pub(super) gpu: u64,
}

impl Memory {
    pub(super) fn of(total: u64, settings: &Settings) -> Self {
        let gpu = if total < 36 * GIB { total / 3 * 2 } else { total / 4 * 3 };
        Self { total, gpu: gpu.saturating_sub(settings.gpu_overhead) }
    }

    /// The automatic context length (docs/mac-facts.md#ollama-context-length).
    pub(super) fn tier(self) -> u64 {
        match self.gpu / GIB {
            47.. => 262_144,
            23..=46 => 32_768,
            _ => 4096,
        }
    }
}

/// The context length of a load, and whether it was automatic: the request's, else the model's own, else the
/// variable's, else the tier's; never beyond what the model was trained for, never under four.
pub(super) fn context(settings: &Settings, memory: Memory, model: &Model, asked: Option<u64>) -> (u64, bool) {
    let set = asked.or(model.num_ctx).or((settings.context_length > 0).then_some(settings.context_length));
    let length = set.unwrap_or_else(|| memory.tier());
    (length.min(model.header.context_length).max(4), set.is_none())
}

/// Types of cache by what `OLLAMA_KV_CACHE_TYPE` calls them: bytes of 32 values, and whether they are quantized.
const CACHE_TYPES: [(&str, u64, bool); 10] = [
    ("", 64, false),
    ("f16", 64, false),
    ("bf16", 64, false),
    ("f32", 128, false),
    ("q8_0", 34, true),
    ("q5_1", 24, true),
    ("q5_0", 22, true),
    ("q4_1", 20, true),
    ("q4_0", 18, true),
    ("iq4_nl", 18, true),
];

/// Bytes in memory of a model loaded with this context, or what its runner dies of with these settings.
pub(super) fn size(settings: &Settings, model: &Model, context: u64) -> Result<u64, String> {
    const DIED: &str = "llama-server process has terminated: exit status 1";
    let known = CACHE_TYPES.iter().find(|(name, ..)| *name == settings.cache_type);
    let Some((_, block, quantized)) = known else { return Err(DIED.to_owned()) };
    if *quantized && settings.flash_attention == Some(false) {
        let why = "llama_init_from_model: quantized V cache requires flash_attn to be enabled";
        return Err(format!("{DIED}: {why}"));
    }
    let values = model.header.cached_values(context).saturating_mul(settings.parallel);
    Ok(model.weights.saturating_add((values / 32).saturating_mul(*block)).saturating_add(COMPUTE))
}

/// How long it takes to load so many bytes.
pub(super) fn load_time(bytes: u64) -> Duration {
    Duration::from_millis(700 + bytes * 1000 / DISK_SPEED)
}

/// How long a token takes: all weights are read for each, what is not on the GPU ten times slower.
pub(super) fn token_time(size: u64, size_vram: u64) -> Duration {
    let slow = size - size_vram.min(size);
    Duration::from_micros((size + 9 * slow) / (MEMORY_SPEED / 1_000_000) + 200)
}
