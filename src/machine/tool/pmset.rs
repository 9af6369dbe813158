//! `pmset -g custom`.

use std::collections::BTreeMap;

use crate::value::PowerSource;

/// Reads `pmset -g custom`: a heading a source, then indented keys, which may hold spaces, each with a
/// value and perhaps a remark in brackets (docs/mac-facts.md#pmset-custom).
pub fn parse(text: &str) -> BTreeMap<PowerSource, BTreeMap<String, String>> {
    let mut sources: BTreeMap<PowerSource, BTreeMap<String, String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            current = PowerSource::ALL.into_iter().find(|source| source.heading() == heading);
            if let Some(source) = current {
                sources.entry(source).or_default();
            }
        } else if let (Some(settings), Some((key, value))) =
            (current.and_then(|source| sources.get_mut(&source)), setting(line))
        {
            settings.insert(key.to_owned(), value.to_owned());
        }
    }
    sources
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.split_once(" (").map_or(line, |(before, _)| before.trim_end());
    let (key, value) = line.rsplit_once(char::is_whitespace)?;
    Some((key.trim_end(), value))
}
