use std::sync::Arc;

use serde_saphyr::{
    Error, Location, MessageFormatter, UserMessageFormatter, granit_parser::ErrorKind,
    localizer::ExternalMessageSource,
};

use super::yaml::{LEVELS, UNFOLDED};
use crate::value::{Problem, Source, Span};

/// What is wrong with a text that is no YAML, or more than a manifest may be. `thing` is what the text is: `the manifest`.
pub(super) fn problem(error: &Error, source: &Arc<Source>, thing: &str) -> Problem {
    let mut error = error.without_snippet();
    let span = error
        .location()
        .map_or_else(|| source.span(source.text().len(), 0), |location| place(location, source));
    while let Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    let problem = match error {
        _ if is_too_much(error) => Problem::manifest(format!(
            "{thing} is nested too deeply or unfolds to too much"
        ))
        .why(format!(
            "here it passes what it may be: {LEVELS} levels, and aliases that stand for {UNFOLDED} values"
        ))
        .hint("it has a few levels at the most; is this the file that was meant?"),
        Error::MultipleDocuments { .. } => {
            Problem::manifest(format!("{thing} holds more than one YAML document"))
                .why("a second one begins here")
                .hint("one file is one document: take the `---` away, or make two files")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            Problem::manifest(format!("{thing} contains itself")).why("an alias stands inside what it names")
        }
        Error::NullIntoString { .. } => {
            Problem::manifest("a key is empty").why("before this colon stands no name")
        }
        _ => {
            let message = message(error);
            // Its words may be those of the text.
            let message =
                if source.gives_away(&message) { "this cannot be read".to_owned() } else { message };
            Problem::manifest(format!("{thing} is not valid YAML")).why(message)
        }
    };
    let problem = match hint(error) {
        Some(hint) => problem.hint(hint),
        None => problem,
    };
    problem.at(Some(&span))
}

/// The parser's own words, without a place and without what would steer a terminal.
fn message(error: &Error) -> String {
    let message = UserMessageFormatter.format_message(error);
    message
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

fn is_too_much(error: &Error) -> bool {
    match error {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => true,
        _ => matches!(parser_kind(error), Some(ErrorKind::RecursionLimitExceeded)),
    }
}

fn parser_kind(error: &Error) -> Option<&ErrorKind> {
    let Error::ExternalMessage { source, .. } = error else { return None };
    let ExternalMessageSource::Parser(error) = source.as_ref() else { return None };
    Some(error.kind())
}

/// What people usually did who got such an error.
fn hint(error: &Error) -> Option<&'static str> {
    match parser_kind(error)? {
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            Some("YAML is indented with spaces: replace the tab")
        }
        ErrorKind::InvalidBlockScalarHeader => {
            Some("a text that begins with `>` or `|` stands in quotes, such as `\">=15\"`")
        }
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::MissingAnchorOrAliasName => {
            Some("a text that begins with a sign stands in quotes")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => Some(
            "keys of one map begin in the same column, each with a colon; a text with a colon and a space in it stands in quotes",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::ExpectedBlockMappingKey => {
            Some("a line is `key: value`, or an item of a list with `- ` before it")
        }
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => Some("is a quotation mark missing further up?"),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => Some("is a bracket or a comma missing further up?"),
        _ => None,
    }
}

/// The parser tells lines and columns, both from one and in characters; bytes only where it made a value.
fn place(location: Location, source: &Arc<Source>) -> Span {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let span = location.span();
    if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
        return source.span(number(start), number(length));
    }
    let text = source.text();
    let line = text.split_inclusive('\n').nth(number(location.line()).saturating_sub(1)).unwrap_or("");
    let before = if line.is_empty() { text.len() } else { line.as_ptr().addr() - text.as_ptr().addr() };
    let column = number(location.column()).saturating_sub(1);
    let within = line.char_indices().nth(column).map_or(line.trim_end().len(), |(at, _)| at);
    source.span(before + within, 1)
}
