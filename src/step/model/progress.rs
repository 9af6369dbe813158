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

    /// Takes a line in that came at `now`: bytes that are to be told, if they are, and what else.
    fn hear(&mut self, line: Line, now: Timestamp) -> (Option<(u64, u64)>, Option<String>) {
        let news = if let (Some(digest), Some(total)) = (line.digest, line.total) {
            self.parts.insert(digest, (line.completed.min(total), total));
            None
        } else {
            (self.status != line.status).then(|| line.status.clone())
        };
        let whole = line.status == VERIFYING;
        if whole {
            self.parts.values_mut().for_each(|(here, whole)| *here = *whole);
        }
        if news.is_some() {
            self.status = line.status;
        }
        let (done, total) = self.sums();
        let due = done == total || self.told.is_none_or(|told| now.duration_since(told) >= EVERY);
        let bytes = ((news.is_none() || whole) && due && total > 0).then_some((done, total));
        if bytes.is_some() {
            self.told = Some(now);
        }
        (bytes, news)
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
}

impl Tell for Progress<'_> {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        let Ok(line) = serde_json::from_str::<Line>(line) else { return };
        let now = self.machine.now();
        let (bytes, status) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).hear(line, now);
        if let Some((done, total)) = bytes {
            self.tell.bytes(done, Some(total));
        }
        if let Some(status) = status.filter(|status| !status.is_empty()) {
            self.tell.line(&status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_summed_over_parts_told_now_and_then_and_in_the_end_all_of_them() {
        let mut seen = Seen::default();
        let mut hear = |milliseconds: i64, line: &str| {
            let now = Timestamp::from_millisecond(milliseconds).unwrap();
            seen.hear(serde_json::from_str(line).unwrap(), now)
        };
        let part = |digest: &str, rest: &str| format!(r#"{{"status":"pulling","digest":"{digest}",{rest}}}"#);
        let pulling = r#"{"status":"pulling manifest"}"#;
        assert_eq!(hear(0, pulling), (None, Some("pulling manifest".to_owned())));
        assert_eq!(hear(10, pulling), (None, None), "said once");
        assert_eq!(hear(20, &part("a", r#""total":900"#)).0, Some((0, 900)));
        assert_eq!(hear(80, &part("a", r#""total":900,"completed":300"#)).0, None, "not every line");
        assert_eq!(hear(280, &part("a", r#""total":900,"completed":600"#)).0, Some((600, 900)));
        assert_eq!(hear(290, &part("b", r#""total":100,"completed":100"#)).0, None);
        let (bytes, said) = hear(300, r#"{"status":"verifying sha256 digest"}"#);
        assert_eq!((bytes, said.as_deref()), (Some((1000, 1000)), Some("verifying sha256 digest")));
    }
}
