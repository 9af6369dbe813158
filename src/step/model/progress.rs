use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::machine::{Machine, Tell};

/// What is said once all has come; the last word on a part may have been of less (docs/mac-facts.md#ollama-pull).
const VERIFYING: &str = "verifying sha256 digest";

/// How often bytes are told: the server tells them sixteen times a second.
const EVERY: SignedDuration = SignedDuration::from_millis(250);

/// Hears a pull line by line, and tells its bytes, summed over all parts, and what else it is at.
pub(super) struct Progress<'p> {
    machine: &'p dyn Machine,
    tell: &'p dyn Tell,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Bytes of each part by digest: how many are here, of how many.
    parts: BTreeMap<String, (u64, u64)>,
    /// When bytes were last told.
    told: Option<Timestamp>,
    /// What was said last.
    status: String,
}

impl Seen {
    fn sums(&self) -> (u64, u64) {
        self.parts.values().fold((0, 0), |(done, all), (here, whole)| (done + here, all + whole))
    }
}

/// A line as the server writes it (docs/mac-facts.md#ollama-pull).
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    status: String,
    digest: Option<String>,
    total: Option<u64>,
    /// Left out while nothing has come.
    #[serde(default)]
    completed: u64,
}

impl<'p> Progress<'p> {
    pub(super) fn new(machine: &'p dyn Machine, tell: &'p dyn Tell) -> Self {
        Self { machine, tell, seen: Mutex::default() }
    }

    /// Bytes that are here of all parts that were told of so far.
    pub(super) fn done(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).sums().0
    }

    fn hear(&self, line: Line, now: Timestamp) -> (Option<(u64, u64)>, Option<String>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let news = if let (Some(digest), Some(total)) = (line.digest, line.total) {
            seen.parts.insert(digest, (line.completed.min(total), total));
            None
        } else {
            (seen.status != line.status).then(|| line.status.clone())
        };
        let whole = line.status == VERIFYING;
        if whole {
            seen.parts.values_mut().for_each(|(here, whole)| *here = *whole);
        }
        if news.is_some() {
            seen.status = line.status;
        }
        let (done, total) = seen.sums();
        let due = done == total || seen.told.is_none_or(|told| now.duration_since(told) >= EVERY);
        let bytes = ((news.is_none() || whole) && due && total > 0).then_some((done, total));
        if bytes.is_some() {
            seen.told = Some(now);
        }
        (bytes, news)
    }
}

impl Tell for Progress<'_> {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        let Ok(line) = serde_json::from_str::<Line>(line) else { return };
        let (bytes, status) = self.hear(line, self.machine.now());
        if let Some((done, total)) = bytes {
            self.tell.bytes(done, Some(total));
        }
        if let Some(status) = status.filter(|status| !status.is_empty()) {
            self.tell.line(&status);
        }
    }
}
