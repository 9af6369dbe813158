use std::time::Duration;

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Server,
    fit::{self, Memory},
    library::Model,
};

/// A model in memory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// Its name with the tag.
    pub name: String,
    /// SHA-256 of its manifest.
    pub digest: String,
    /// Bytes in memory.
    pub size: u64,
    /// Of these, on the GPU.
    pub size_vram: u64,
    /// Context length of a slot.
    pub context_length: u64,
    /// When it goes; `None`: never.
    pub expires: Option<Timestamp>,
    /// `details` of lists.
    details: String,
}

impl Loaded {
    /// As `/api/ps` lists it (docs/mac-facts.md#ollama-api-ps).
    pub(super) fn listed(&self) -> Value {
        let details: Value = serde_json::from_str(&self.details).unwrap_or_default();
        json!({
            "name": self.name, "model": self.name, "size": self.size, "digest": self.digest, "details": details,
            "expires_at": self.expires.unwrap_or_else(never).to_string(),
            "size_vram": self.size_vram, "context_length": self.context_length,
        })
    }
}

/// What the server shows for a model that stays for ever.
fn never() -> Timestamp {
    let end = civil::date(2318, 12, 31).at(0, 0, 0, 0);
    end.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |end| end.timestamp())
}

/// A model was needed that could not be loaded.
pub(super) struct LoadFailed(pub(super) String);

impl Server {
    /// Forgets what has expired by `now`.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.loaded.retain(|loaded| loaded.expires.is_none_or(|at| at > now));
    }

    /// Bytes that models hold in memory at `now`.
    pub fn model_memory(&self, now: Timestamp) -> u64 {
        self.loaded.iter().filter(|it| it.expires.is_none_or(|at| at > now)).map(|it| it.size).sum()
    }

    /// Has the model in memory with the context that this request leads to, others making room; says how long
    /// that took, and which of the loaded it is. A model loaded with another context is loaded anew.
    pub(super) fn load(
        &mut self,
        model: &Model,
        asked: Option<u64>,
        now: Timestamp,
    ) -> Result<(Duration, usize), LoadFailed> {
        let memory = Memory::of(self.memory, &self.settings);
        let (mut context, automatic) = fit::context(&self.settings, memory, model, asked);
        let name = model.name.to_string();
        if let Some(nth) = self.loaded.iter().position(|loaded| loaded.name == name) {
            let same = self.loaded.get(nth).is_some_and(|loaded| {
                loaded.digest == model.digest
                    && (loaded.context_length == context || (automatic && asked.is_none()))
            });
            if same {
                return Ok((Duration::ZERO, nth));
            }
            self.loaded.remove(nth);
        }
        let sized = |context| fit::size(&self.settings, model, context).map_err(LoadFailed);
        let mut size = sized(context)?;
        // Only a length that nobody asked for is lowered, by one tier and once.
        if automatic && size > memory.total {
            context = if context > 32_768 { 32_768 } else { context.min(4096) };
            size = sized(context)?;
        }
        if size > memory.total {
            return Err(LoadFailed(format!(
                "model requires more system memory ({}) than is available ({})",
                gibibytes(size),
                gibibytes(memory.total)
            )));
        }
        self.make_room(size, memory);
        let used: u64 = self.loaded.iter().map(|loaded| loaded.size_vram).sum();
        self.loaded.push(Loaded {
            name,
            digest: model.digest.clone(),
            size,
            size_vram: size.min(memory.gpu.saturating_sub(used)),
            context_length: context,
            expires: Some(now),
            details: model.header.details().to_string(),
        });
        Ok((fit::load_time(model.weights), self.loaded.len() - 1))
    }

    /// Unloads others, the first to expire first, until the new one fits on the GPU or is alone.
    fn make_room(&mut self, size: u64, memory: Memory) {
        let most = if self.settings.max_loaded == 0 { 3 } else { self.settings.max_loaded };
        loop {
            let used: u64 = self.loaded.iter().map(|loaded| loaded.size_vram).sum();
            let full = self.loaded.len() as u64 >= most || used + size > memory.gpu;
            let first =
                self.loaded.iter().enumerate().min_by_key(|(_, it)| it.expires.unwrap_or(Timestamp::MAX));
            match first.map(|(nth, _)| nth).filter(|_| full) {
                Some(nth) => drop(self.loaded.remove(nth)),
                None => return,
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
pub(super) fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
