//! The interpreters of one version of Python that `uv` fetches for environments, and what it notes beside them: that they are known
//! from before the first environment lets the last one take along what came for it.

use std::collections::BTreeSet;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Noted, Removal};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, tool::uv},
    step::RemoveInterpreters,
    value::{Id, Place, State, Value},
};

/// Those of the version `minor` (its first two numbers), where `folder` is what `uv` keeps as its own.
pub fn noted(folder: Utf8PathBuf, minor: String) -> Noted {
    Noted { id: Id::new("python-interpreters", &minor), place: Place::Interpreters { folder, minor } }
}

/// What `uv` notes in `folder`, which all versions share.
pub fn notes(folder: Utf8PathBuf) -> Noted {
    Noted { id: Id::new("python-interpreters", "notes"), place: Place::UvNotes { folder } }
}

pub(super) fn observe(
    look: &dyn Look,
    folder: &Utf8Path,
    minor: &str,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let all = look.list(&folder.join("python"))?.unwrap_or_default();
    let own = |name: &String| {
        let version = name.strip_prefix("cpython-").and_then(|name| name.strip_prefix(minor));
        version.is_some_and(|rest| rest.starts_with(['.', '-']))
    };
    let names: Vec<String> = all.iter().filter(|name| own(name)).cloned().collect();
    let state = State::present().with("names", names.join(" "));
    let Some(receipt) = receipt else { return Ok(state) };
    // Journals of old have the notes here.
    let state = match receipt.former.get(NOTES) {
        Value::Absent => state,
        _ => state.with(NOTES, uv::notes(look, folder)?.join(" ")),
    };
    let before = words(receipt.former.get("names"));
    let came: Vec<String> = names.into_iter().filter(|name| !before.contains(name)).collect();
    Ok(state.with("came", Some(came.join(" ")).filter(|came| !came.is_empty())))
}

/// The field that tells what is noted.
const NOTES: &str = "marks";

pub(super) fn observe_notes(look: &dyn Look, folder: &Utf8Path) -> Result<State> {
    Ok(State::present().with(NOTES, uv::notes(look, folder)?.join(" ")))
}

pub(super) fn removal(folder: &Utf8Path, receipt: &Receipt, found: &State, all_data: bool) -> Removal {
    let names: Vec<String> = words(found.get("came")).into_iter().collect();
    if !names.is_empty() && !all_data {
        let (stay, them) = if names.len() == 1 { ("stays", "it") } else { ("stay", "them") };
        let names = names.join(" and ");
        return Removal::held(format!(
            "{names} {stay}: other environments may use {them}; `--all-data` removes {them}"
        ));
    }
    let before = words(receipt.former.get(NOTES));
    let now = found.get(NOTES).as_text().unwrap_or_default().split_whitespace();
    let notes: Vec<String> = now.filter(|note| !before.contains(*note)).map(str::to_owned).collect();
    if names.is_empty() && notes.is_empty() {
        return Removal::default();
    }
    Removal::of(RemoveInterpreters { folder: folder.to_owned(), names, notes })
}

/// Names with spaces between them.
fn words(value: &Value) -> BTreeSet<String> {
    value.as_text().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
