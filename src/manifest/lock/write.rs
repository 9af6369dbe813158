use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use super::{FORMAT, read::HASH, read_lock};
use crate::value::{Lock, Problem, Source};

/// The text of `lock`, which belongs to what is called `of`: `stack.yaml`. The same lock gives the same text, and that text
/// reads as the same lock; fails as a fault of ours where it would not.
pub fn lock_text(lock: &Lock, of: &str) -> Result<String> {
    let of = of.escape_debug();
    let mut text = format!(
        "# What forgectl resolved for {of}, so that each apply brings the same.\n\
         # `forgectl apply` writes it, `forgectl lock --update [ID]` moves it; it is not meant to be edited.\n\
         lock: {FORMAT}\n"
    );
    if lock.is_empty() {
        text.push_str("resources: {}\n");
    } else {
        text.push_str("resources:\n");
    }
    for (id, pin) in lock.iter() {
        let _ = writeln!(text, "  {}:", key(id.as_str()));
        let pin = serde_json::to_value(pin)?;
        for (name, value) in pin.as_object().into_iter().flatten() {
            match value {
                Value::Array(items) => {
                    let _ = writeln!(text, "    {name}:");
                    for value in items {
                        item(&mut text, value);
                    }
                }
                // JSON is YAML, and what is in quotes is no number.
                value => drop(writeln!(text, "    {name}: {value}")),
            }
        }
    }
    let again = read_lock(&Source::new(of.to_string(), text.clone()));
    if again.as_ref() != Ok(lock) {
        let problem = Problem::bug("forgectl would write a lock that it does not read itself");
        let why = again.err().map(|problem| [vec![problem.what], problem.why].concat().join(": "));
        return Err(why.into_iter().fold(problem, Problem::why).into());
    }
    Ok(text)
}

/// An item of a list. The hashes of a requirement stand on lines of their own, whose ends are read as blanks.
fn item(text: &mut String, value: &Value) {
    let hashed = value.as_str().filter(|item| {
        let mut words = item.split(' ');
        words.next().is_some_and(is_plain)
            && words.all(|word| word.starts_with(HASH) && word.chars().all(fits))
    });
    let _ = match hashed {
        Some(item) => writeln!(text, "      - {}", item.replace(' ', "\n        ")),
        None => writeln!(text, "      - {value}"),
    };
}

fn key(id: &str) -> String {
    if is_plain(id) { id.to_owned() } else { Value::from(id).to_string() }
}

/// Whether YAML takes a word for itself without quotes: an id or a requirement as they mostly are.
fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.contains(['/', '='])
        && !word.ends_with(':')
        && word.chars().all(fits)
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./@+:=~[]".contains(c)
}
