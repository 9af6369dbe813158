use std::sync::Arc;

use super::super::types::Wrong;
use crate::value::{Source, Span};

/// A variable of a file of variables.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether a `$` in the value is one.
    pub(super) literal: bool,
    pub(super) span: Span,
}

/// The variables of a file of lines `NAME=VALUE`, with comments and quotes as Compose takes them; what Compose would read in a
/// way that few expect is told (docs/service-facts.md#compose-env-file).
pub(super) fn lines(source: &Arc<Source>) -> Vec<Result<Line, (Wrong, Span)>> {
    let mut at = 0;
    let mut found = vec![];
    for whole in source.text().split_inclusive('\n') {
        let start = at;
        at += whole.len();
        let line = whole.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let span = source.span(start + whole.find(line).unwrap_or(0), line.len());
        found.push(match variable(line) {
            Ok((name, value, literal)) => Ok(Line { name, value, literal, span }),
            Err(wrong) => Err((wrong, span)),
        });
    }
    found
}

fn variable(line: &str) -> Result<(String, String, bool), Wrong> {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let Some((name, value)) = line.split_once('=') else {
        return Err(Wrong::new("expected `NAME=VALUE`").hint("forgectl takes no values from your shell"));
    };
    let name = name.trim_end();
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || !name.chars().all(of_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Wrong::new("a name is letters, digits and underscores"));
    }
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        // A remark begins behind a blank.
        let end = value.find(" #").or_else(|| value.starts_with('#').then_some(0)).unwrap_or(value.len());
        return Ok((name.to_owned(), value[..end].trim_end().to_owned(), false));
    };
    let Some((value, rest)) = value[1..].split_once(quote) else {
        return Err(Wrong::new("a quotation mark is not closed on its line"));
    };
    if !rest.trim_start().is_empty() && !rest.trim_start().starts_with('#') {
        return Err(Wrong::new("something stands behind the closing quotation mark"));
    }
    if value.contains('\\') {
        return Err(Wrong::new("a backslash in quotes is not taken")
            .hint("give the variable below `environment` of the service instead"));
    }
    Ok((name.to_owned(), value.to_owned(), quote == '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_a_value() {
        for (line, name, value, literal) in [
            ("A=1", "A", "1", false),
            ("export A = b c # remark", "A", "b c", false),
            ("A=", "A", "", false),
            ("A=#x", "A", "", false),
            ("A=x#y", "A", "x#y", false),
            ("A='${B}' # remark", "A", "${B}", true),
            ("A=\"b # c\"", "A", "b # c", false),
        ] {
            assert_eq!(variable(line).unwrap(), (name.to_owned(), value.to_owned(), literal), "{line}");
        }
        for line in ["A", "=1", "1A=2", "A B=1", "A='b", "A=\"a\\nb\"", "A='a' b"] {
            assert!(variable(line).is_err(), "{line}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_none() {
        let source = Source::new("a.env", "# one\n\nA=1\n  B=2\n");
        let found: Vec<_> = lines(&source).into_iter().map(|line| line.unwrap()).collect();
        assert_eq!(found.iter().map(|line| &*line.name).collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(found[1].span.to_string(), "a.env:4:3");
    }
}
