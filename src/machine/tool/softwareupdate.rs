//! `softwareupdate -l`.

use std::cmp::Ordering;

/// The labels under which `softwareupdate -l` offers Command Line Tools, newest first, betas left out.
/// Lines of its log may stand between the others (docs/mac-facts.md#softwareupdate-list).
pub fn command_line_tools(text: &str) -> Vec<String> {
    let mut labels: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("* Label: "))
        .map(|label| label.trim().to_owned())
        .filter(|label| label.starts_with("Command Line Tools"))
        .filter(|label| !label.to_lowercase().contains("beta"))
        .collect();
    labels.sort_by(|a, b| by_version(b, a));
    labels.dedup();
    labels
}

/// Compares as `sort -V` does: runs of digits by value, all else by character.
pub(crate) fn by_version(a: &str, b: &str) -> Ordering {
    parts(a).cmp(&parts(b))
}

fn parts(text: &str) -> Vec<(u128, String)> {
    let mut parts: Vec<(u128, String)> = vec![];
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_end);
        let number_end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(number_end);
        parts.push((0, word.to_owned()));
        parts.push((number.parse().map_or(0, |number: u128| number + 1), String::new()));
        rest = tail;
    }
    parts
}
