use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    super::{
        reading::{self, Tree},
        words::{described, listed, quoted_at},
    },
    FORMAT,
};
use crate::value::{Id, Lock, Pin, Problem, Source, Span};

/// Before the hash of a file that will do.
pub(super) const HASH: &str = "--hash=sha256:";

/// Reads a lock. Fails at the first thing that no forgectl has written, and with what a newer one has; whoever reads it says
/// what to do about it.
pub fn read_lock(source: &Arc<Source>) -> Result<Lock, Problem> {
    if let Some(at) = conflict(source.text()) {
        return Err(damaged(source, "a merge has left its marks in it", &source.span(at, 7))
            .hint("settle which side holds, as in any other file"));
    }
    let tree = reading::parse_any(source, "the lock").map_err(|problem| {
        let span = problem.span.clone();
        let why = problem.why.first().cloned().unwrap_or(problem.what);
        damaged(source, why, span.as_deref().unwrap_or(&source.span(0, 0)))
    })?;
    Reading { source, tree }.lock()
}

fn damaged(source: &Source, why: impl Into<String>, at: &Span) -> Problem {
    Problem::manifest(format!("the lock is damaged: `{}`", source.name())).why(why).at(Some(at))
}

/// Where a merge that was not settled begins.
fn conflict(text: &str) -> Option<usize> {
    let begins = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let here = at;
        at += line.len();
        begins(line).then_some(here)
    })
}

struct Reading<'s> {
    source: &'s Arc<Source>,
    tree: Tree,
}

impl Reading<'_> {
    fn at(&self, path: &[&str]) -> Span {
        let place = self.tree.place(path);
        self.source.span(place.start, place.len())
    }

    fn wrong(&self, path: &[&str], why: impl Into<String>) -> Problem {
        damaged(self.source, why, &self.at(path))
    }

    fn wrong_key(&self, path: &[&str], known: &[&str]) -> Problem {
        let place = self.tree.key_place(path);
        let span = self.source.span(place.start, place.len());
        let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
        let key = quoted_at(&span, path.last().unwrap_or(&""));
        damaged(self.source, format!("unknown key {key}: known are {}", listed(&known, " and ")), &span)
    }

    fn map<'v>(&self, path: &[&str], value: &'v Value) -> Result<&'v Map<String, Value>, Problem> {
        value
            .as_object()
            .ok_or_else(|| self.wrong(path, format!("expected a map of keys, found {}", described(value))))
    }

    fn lock(&self) -> Result<Lock, Problem> {
        let value = self.tree.value();
        let document = self.map(&[], &value)?;
        let format = document.get("lock").and_then(Value::as_u64);
        match format {
            Some(1..=FORMAT) => {}
            Some(newer @ 2..) => {
                return Err(Problem::manifest(format!(
                    "the lock was written by a newer forgectl: `{}`",
                    self.source.name()
                ))
                .why(format!("its format is {newer}; this forgectl reads formats up to {FORMAT}"))
                .at(Some(&self.at(&["lock"])))
                .hint("use that forgectl, or a newer one"));
            }
            _ => return Err(self.wrong(&["lock"], "it does not begin with its format: `lock: 1`")),
        }
        if let Some(twice) = self.tree.duplicates().first() {
            let span = self.source.span(twice.again.start, twice.again.len());
            let key = quoted_at(&span, twice.key);
            return Err(damaged(self.source, format!("{key} is there twice"), &span));
        }
        if let Some(key) = document.keys().find(|key| !["lock", "resources"].contains(&key.as_str())) {
            return Err(self.wrong_key(&[key], &["lock", "resources"]));
        }
        let resources = document.get("resources").unwrap_or(&Value::Null);
        let mut lock = Lock::default();
        for (name, value) in self.map(&["resources"], resources)? {
            let id: Id = name.parse().map_err(|why: String| self.wrong(&["resources", name], why))?;
            lock.set(id, self.pin(name, value)?);
        }
        Ok(lock)
    }

    fn pin(&self, id: &str, value: &Value) -> Result<Pin, Problem> {
        let keys = self.map(&["resources", id], value)?;
        for (key, value) in keys {
            let path = ["resources", id, key];
            if !PARTS.contains(&key.as_str()) {
                return Err(self.wrong_key(&path, &PARTS));
            }
            let alone: Result<Pin, _> = serde_json::from_value(json!({ key: value }));
            let pin = alone.map_err(|error| self.wrong(&path, error.to_string()))?;
            if let Some(why) = fault(&pin) {
                return Err(self.wrong(&path, why));
            }
        }
        let pin: Pin = serde_json::from_value(value.clone())
            .map_err(|error| self.wrong(&["resources", id], error.to_string()))?;
        if pin == Pin::default() {
            return Err(self.wrong(&["resources", id], "it says nothing of what was resolved"));
        }
        Ok(pin)
    }
}

/// The keys of a [`Pin`].
const PARTS: [&str; 4] = ["version", "digest", "bytes", "packages"];

/// What no resource can have resolved. What stands here becomes part of requests and commands.
fn fault(pin: &Pin) -> Option<&'static str> {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    if pin.version.as_ref().is_some_and(|version| !word(version) || version.starts_with('-')) {
        return Some("a version is one word");
    }
    if pin.digest.as_ref().is_some_and(|digest| !is_sha256(digest)) {
        return Some("a digest is a SHA-256: 64 digits of lower-case hex");
    }
    if !pin.packages.iter().all(|package| is_package(package)) {
        return Some("a package is `name==version`, followed by its hashes: `--hash=sha256:` and 64 digits");
    }
    None
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// `name==version`, with a marker perhaps, and hashes: nothing that could make an installer look elsewhere.
fn is_package(text: &str) -> bool {
    let (requirement, hashes) = match text.find(" --") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let safe = |c: char| c.is_ascii_graphic() || c == ' ';
    let named = requirement.split_once("==").is_some_and(|(name, version)| {
        let name = name.split('[').next().unwrap_or_default();
        let letters = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(letters)
            && version.starts_with(|c: char| c.is_ascii_alphanumeric())
    });
    let hashed = |word: &str| word.strip_prefix(HASH).is_some_and(is_sha256);
    named
        && requirement.chars().all(safe)
        && !requirement.contains('@')
        && hashes.split_whitespace().all(hashed)
}
