use super::super::{
    types::{KeepAlive, Wrong},
    words::{listed, nearest, quoted},
};
use crate::catalog::variables::{Variable, VariableKind};

/// Judges a value that any variable may have. `written` is the value as it stands in the manifest, with its
/// quotes.
pub(super) fn judge_any(value: &str, written: &str) -> Result<(), Wrong> {
    // A property list is XML, which has no place for them.
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err(Wrong::new("a variable of a job holds no control characters"));
    }
    if is_retold(value, written) {
        let why = format!("{} is read as the number {}", quoted(written), quoted(value));
        return Err(Wrong::new(why).hint(format!("write it in quotes: `\"{written}\"`")));
    }
    Ok(())
}

/// Judges the value of a known variable as the server would read it; empty is as if it were not there.
pub(super) fn judge(variable: &Variable, value: &str) -> Result<(), Wrong> {
    if trimmed(value) != value {
        let wrong = Wrong::new("the server takes spaces and quotation marks around a value away");
        return Err(wrong.meant(trimmed(value)));
    }
    let whole = value.parse::<u64>().is_ok() && !value.starts_with('+');
    let fits = match variable.kind {
        _ if value.is_empty() => true,
        VariableKind::Text => return one_of(&variable.values, value),
        VariableKind::Duration => return value.parse::<KeepAlive>().map(drop),
        VariableKind::Path => is_plain_path(value),
        VariableKind::Whole => whole,
        VariableKind::Switch => switch(value).is_some(),
        VariableKind::Level => whole || switch(value).is_some(),
    };
    if fits {
        return Ok(());
    }
    Err(match variable.kind {
        VariableKind::Path => Wrong::new(
            "expected an absolute path such as `/Users/me/models`, written plainly: the server expands nothing in it",
        ),
        VariableKind::Whole => Wrong::new("the server reads a whole number here, and ignores all else"),
        VariableKind::Level => {
            Wrong::new("the server reads `0`, `1` or `2` here, and takes all else for `1`")
        }
        _ => Wrong::new("the server reads `1`, `true`, `0` and `false` here, and takes all else for `1`")
            .meant(if off(value) { "0" } else { "1" }),
    })
}

fn one_of(values: &[String], value: &str) -> Result<(), Wrong> {
    let known = || values.iter().map(String::as_str);
    if values.is_empty() || known().any(|known| known == value) {
        return Ok(());
    }
    let quoted: Vec<_> = known().map(quoted).collect();
    let wrong = Wrong::new(format!("expected {}", listed(&quoted, " or ")));
    Err(match nearest(value, known()) {
        Some(near) => wrong.meant(near),
        None => wrong,
    })
}

/// Absolute, below the root, and without steps that lead nowhere or back: places are compared as texts.
fn is_plain_path(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|step| !matches!(step, "" | "." | "..")))
}

/// Whether YAML made another number of what was written, as it does of `1.10`, `0x10` and `1e3`.
pub(super) fn is_retold(value: &str, written: &str) -> bool {
    let bare = written.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    bare && value.parse::<f64>().is_ok() && value != written
}

/// A value as the server takes it: without spaces and quotes around it.
pub(super) fn trimmed(value: &str) -> &str {
    value.trim_matches([' ', '"', '\''])
}

/// A boolean in Go's spellings.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn off(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "no" | "off" | "n" | "none" | "never" | "disabled" | "disable"
    )
}
