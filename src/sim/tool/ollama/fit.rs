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

/// Bytes in memory of a model loaded with this context.
pub(super) fn size(settings: &Settings, model: &Model, context: u64) -> u64 {
    // Ninths and sixteenths of a byte: a block of 32 values has a scale of two bytes beside it.
    let sixteenths = match settings.cache_type.as_str() {
        "q8_0" => 17,
        "q4_0" => 9,
        _ => 32,
    };
    let cache = model.header.cache_per_token() * context * settings.parallel / 32 * sixteenths;
    model.weights + cache + COMPUTE
}

/// What the runner says when it cannot start with these settings, whatever the model.
pub(super) fn refused(settings: &Settings) -> Option<String> {
    const DIED: &str = "llama-server process has terminated: exit status 1";
    match settings.cache_type.as_str() {
        "" | "f16" | "f32" | "bf16" => None,
        "q8_0" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "iq4_nl" if settings.flash_attention == Some(false) => {
            Some(format!(
                "{DIED}: llama_init_from_model: quantized V cache requires flash_attn to be enabled"
            ))
        }
        "q8_0" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "iq4_nl" => None,
        _ => Some(DIED.to_owned()),
    }
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
