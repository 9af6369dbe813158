use std::fmt::Write as _;

use serde_json::Value;

use crate::value::{HIDDEN, Span, masked};

/// `text` in backticks for a message: without secrets and what would steer a terminal or hide, and cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = masked(text);
    let mut quoted = String::from("`");
    for c in text.chars().take(LONGEST) {
        match c {
            '"' | '\'' | '\\' => quoted.push(c),
            _ => quoted.extend(c.escape_debug()),
        }
    }
    quoted.push_str(if text.chars().nth(LONGEST).is_some() { "…`" } else { "`" });
    quoted
}

/// The same of what stands at `span`.
pub(super) fn quoted_at(span: &Span, text: &str) -> String {
    quoted(if span.is_hidden() { HIDDEN } else { text })
}

/// Whether nothing of a text at `span` may be told but that it is there.
pub(super) fn is_hidden(span: &Span, text: &str) -> bool {
    span.is_hidden() || masked(text) != text
}

/// `a`, `b` and `c`, with `last` before the last one.
pub(super) fn listed(items: &[String], last: &str) -> String {
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        let joint = match at {
            0 => "",
            _ if at + 1 == items.len() => last,
            _ => ", ",
        };
        let _ = write!(text, "{joint}{item}");
    }
    text
}

/// A path of keys and numbers in backticks: `node.chip[1]`.
pub(super) fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        let number = step.bytes().all(|byte| byte.is_ascii_digit());
        let _ = match (text.is_empty(), number) {
            (false, true) => write!(text, "[{step}]"),
            (false, false) => write!(text, ".{step}"),
            (true, _) => write!(text, "{step}"),
        };
    }
    quoted(&text)
}

/// What a value is, for the end of a sentence.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) => quoted(&value.to_string()),
        Value::Number(number) => format!("the number {}", quoted(&number.to_string())),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(items) => if items.is_empty() { "an empty list" } else { "a list" }.to_owned(),
        Value::Object(keys) => if keys.is_empty() { "an empty map" } else { "a map of keys" }.to_owned(),
    }
}

/// The candidate that `name` was probably meant to be.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    const NEAR: f64 = 0.6;
    // Longer ones are no key of anybody's, and the comparison takes the product of both lengths.
    if name.len() > 80 {
        return None;
    }
    let plain = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
    let name = plain(name);
    candidates
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&name, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_reaches_the_terminal_raw() {
        assert_eq!(quoted("a\u{1b}[31mb\u{202e}c\n"), "`a\\u{1b}[31mb\\u{202e}c\\n`");
        assert_eq!(quoted("Zoë \"1\""), "`Zoë \"1\"`");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
    }

    #[test]
    fn the_nearest_is_near() {
        let keys = ["listen", "port", "num_ctx", "keep_alive", "start"];
        assert_eq!(nearest("numCtx", keys), Some("num_ctx"));
        assert_eq!(nearest("keep-alives", keys), Some("keep_alive"));
        assert_eq!(nearest("prot", keys), Some("port"));
        assert_eq!(nearest("models", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
