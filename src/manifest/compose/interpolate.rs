use std::collections::BTreeMap;

use super::super::types::Wrong;
use crate::value::{Piece, Text};

/// A name in a text for which a value was needed: `${NAME:?}`.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Missing {
    /// The name.
    pub(super) name: String,
    /// What the file itself says of it.
    pub(super) message: String,
    /// Whether there is a value, and nothing in it.
    pub(super) is_empty: bool,
}

/// Why the values could not be put into a text.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// It is no text as forgectl takes them.
    Form(Wrong),
    /// A value is not there.
    Missing(Missing),
}

/// `text` with a value for every `${NAME}` and `${NAME:?}`, and a `$` for every `$$`; of the other forms that Compose has none is
/// taken (docs/service-facts.md#compose-interpolation). Each name goes to `seen`.
pub(super) fn interpolate(
    text: &str,
    values: &BTreeMap<String, Text>,
    seen: &mut impl FnMut(&str),
) -> Result<Text, Fault> {
    let mut filled = Text::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push(Piece::Plain(before.to_owned()));
        if let Some(behind) = after.strip_prefix('$') {
            filled.push(Piece::Plain("$".to_owned()));
            rest = behind;
            continue;
        }
        let (hole, behind) = hole(after).map_err(Fault::Form)?;
        seen(hole.name);
        let missing = |is_empty| {
            let (name, message) = (hole.name.to_owned(), hole.message.to_owned());
            Fault::Missing(Missing { name, message, is_empty })
        };
        let value = values.get(hole.name).ok_or_else(|| missing(false))?;
        if hole.required && value.plain() == Some("") {
            return Err(missing(true));
        }
        value.pieces().iter().cloned().for_each(|piece| filled.push(piece));
        rest = behind;
    }
    filled.push(Piece::Plain(rest.to_owned()));
    Ok(filled)
}

struct Hole<'t> {
    name: &'t str,
    required: bool,
    message: &'t str,
}

/// The hole that begins behind a `$`, and what follows it.
fn hole(after: &str) -> Result<(Hole<'_>, &str), Wrong> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name_in = |text: &str| text.find(|c| !of_name(c)).unwrap_or(text.len());
    let Some(inside) = after.strip_prefix('{') else {
        let name = &after[..name_in(after)];
        return Err(if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            Wrong::new("a `$` begins a value, as in `${NAME:?}`").hint("a plain `$` is written `$$`")
        } else {
            let wrong = Wrong::new("of the ways to write a value only `${NAME:?}` and `${NAME}` are taken");
            wrong.hint(format!("write `${{{name}:?}}`, or `$${name}` where a plain `$` is meant"))
        });
    };
    let (name, form) = inside.split_at(name_in(inside));
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Wrong::new("between `${` and `}` stands no name").hint("a plain `$` is written `$$`"));
    }
    let Some((form, behind)) = form.split_once('}') else {
        return Err(Wrong::new("a `${` has no `}`"));
    };
    match form.strip_prefix(":?") {
        // Compose takes a value within a value here.
        Some(message) if !message.contains('$') => Ok((Hole { name, required: true, message }, behind)),
        None if form.is_empty() => Ok((Hole { name, required: false, message: "" }, behind)),
        _ => Err(Wrong::new(format!("the form `${{{name}{}…}}` is not taken", sign(form)))
            .hint(format!("write `${{{name}:?}}`: every value is given in the manifest"))),
    }
}

/// What tells the form of a hole.
fn sign(form: &str) -> &str {
    let end = form.find(|c| !matches!(c, ':' | '-' | '+' | '?')).unwrap_or(form.len());
    &form[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, Text> {
        let secret = Text::secret("db-password".parse().unwrap());
        [("PORT", Text::from("3000")), ("NOTHING", Text::from("")), ("PASSWORD", secret)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn filled(text: &str) -> Result<String, Fault> {
        interpolate(text, &values(), &mut |_| {}).map(|text| text.to_string())
    }

    #[test]
    fn every_hole_gets_its_value_and_a_doubled_dollar_is_one() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("127.0.0.1:${PORT:?}:80", "127.0.0.1:3000:80"),
            ("${PORT}${PORT:?no port}", "30003000"),
            ("$$PORT $${PORT} $$$$", "$PORT ${PORT} $$"),
            ("$$${PORT}", "$3000"),
            ("a${NOTHING}b", "ab"),
            ("postgres://me:${PASSWORD:?}@db/", "postgres://me:[hidden]@db/"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_not_there_is_named_with_what_the_file_says_of_it() {
        let missing = |text| match filled(text) {
            Err(Fault::Missing(missing)) => (missing.name, missing.message, missing.is_empty),
            other => panic!("{other:?}"),
        };
        assert_eq!(missing("${TOKEN}"), ("TOKEN".into(), String::new(), false));
        assert_eq!(missing("a ${TOKEN:?of the bot} b"), ("TOKEN".into(), "of the bot".into(), false));
        assert_eq!(missing("${NOTHING:?}"), ("NOTHING".into(), String::new(), true));
    }

    #[test]
    fn no_other_form_of_composes_is_taken() {
        for text in [
            "$PORT",
            "${PORT:-1}",
            "${PORT-1}",
            "${PORT:+1}",
            "${PORT+1}",
            "${PORT?}",
            "${PORT:?${A}}",
            "${}",
            "${PORT",
            "${1}",
            "$1",
            "$",
            "a $ b",
            "$(id)",
            "${PORT PORT}",
            "${PORT:}",
        ] {
            assert!(matches!(filled(text), Err(Fault::Form(_))), "{text}: {:?}", filled(text));
        }
        let Err(Fault::Form(wrong)) = filled("${PORT:-8080}") else { panic!() };
        assert_eq!(wrong.why, "the form `${PORT:-…}` is not taken");
    }
}
