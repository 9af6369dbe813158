use std::collections::BTreeMap;

use super::{
    super::{types::Wrong, words::nearest},
    node::Node,
    reading::Reading,
};
use crate::value::Restart;

const KEYS: &[&str] = &["soft", "hard"];

/// What an engine can limit (docs/service-facts.md#engine-ulimits).
const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Limits by name: soft and hard; -1 is none.
pub(super) fn ulimits(reading: &Reading<'_>, node: &Node<'_>) -> BTreeMap<String, (i64, i64)> {
    let number = |node: &Node<'_>| {
        let wrong = || Wrong::new("expected a whole number, or -1 for no limit");
        reading.parsed_any(node, |text| text.parse().ok().filter(|limit| *limit >= -1).ok_or_else(wrong))
    };
    let mut found = BTreeMap::new();
    for entry in reading.entries(node) {
        if !NAMES.contains(&entry.key()) {
            let wrong = Wrong::new("the engine has no limit of this name");
            reading.wrong(
                &entry,
                match nearest(entry.key(), NAMES) {
                    Some(near) => wrong.meant(near),
                    None => wrong,
                },
            );
            continue;
        }
        let limits = if entry.entries().is_some() {
            let keys = reading.keys(&entry, KEYS, |_| None);
            let [soft, hard] = ["soft", "hard"].map(|key| {
                if !keys.contains_key(key) {
                    reading.wrong(&entry, Wrong::new(format!("`{key}` is missing")));
                }
                keys.get(key).and_then(number)
            });
            soft.zip(hard)
        } else {
            number(&entry).map(|limit| (limit, limit))
        };
        let Some((soft, hard)) = limits else { continue };
        if hard != -1 && (soft == -1 || soft > hard) {
            reading.wrong(&entry, Wrong::new("the soft limit is above the hard one"));
        }
        found.insert(entry.key().to_owned(), (soft, hard));
    }
    found
}

/// When the engine starts a container anew.
pub(super) fn restart(text: &str) -> Result<Restart, Wrong> {
    match text.split_once(':') {
        Some(("on-failure", times)) => match times.parse() {
            Ok(times) => Ok(Restart::OnFailure(Some(times))),
            Err(_) => Err(Wrong::new("behind `on-failure:` stands how many times")),
        },
        None if text == "no" => Ok(Restart::No),
        None if text == "always" => Ok(Restart::Always),
        None if text == "unless-stopped" => Ok(Restart::UnlessStopped),
        None if text == "on-failure" => Ok(Restart::OnFailure(None)),
        _ => Err(Wrong::new("expected `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:TIMES`")),
    }
}
