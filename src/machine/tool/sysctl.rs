//! `sysctl` with names.

use std::collections::BTreeMap;

/// Reads `name: value` lines; anything else is left out (docs/mac-facts.md#sysctl-names).
pub fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}
