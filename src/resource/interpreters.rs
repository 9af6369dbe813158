//! The interpreters of one version of Python that `uv` fetches for environments: that they are known from before the first
//! environment lets the last one take along those that came for it.

use std::collections::BTreeSet;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Noted, Removal};
use crate::{
    journal::Receipt,
    machine::{Look, Looking},
    step::RemoveInterpreters,
    value::{Id, Place, State, Value},
};

/// What `uv` keeps beside interpreters (docs/mac-facts.md#uv-python-folder).
const MARKS: [&str; 5] = ["python/.temp", "python/.gitignore", "python/.lock", "python", "credentials"];

/// Those of the version `minor` (its first two numbers), where `folder` is what `uv` keeps as its own.
pub fn noted(folder: Utf8PathBuf, minor: String) -> Noted {
    Noted { id: Id::new("python-interpreters", &minor), place: Place::Interpreters { folder, minor } }
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
    let mut marks = vec![];
    for mark in MARKS {
        if look.stat(&folder.join(mark))?.is_some() {
            marks.push(mark);
        }
    }
    let state = State::present().with("names", names.join(" ")).with("marks", marks.join(" "));
    let Some(receipt) = receipt else { return Ok(state) };
    let before = words(receipt.former.get("names"));
    let came: Vec<&String> = names.iter().filter(|name| !before.contains(*name)).collect();
    let noted =
        |name: &String| MARKS.contains(&name.as_str()) || MARKS.contains(&format!("python/{name}").as_str());
    let outside = look.list(folder)?.unwrap_or_default();
    let others = outside.iter().any(|name| !noted(name))
        || all.iter().any(|name| !noted(name) && !came.contains(&name));
    let came: Vec<&str> = came.into_iter().map(String::as_str).collect();
    Ok(state.with("came", Some(came.join(" ")).filter(|came| !came.is_empty())).with("others", others))
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
    let before = words(receipt.former.get("marks"));
    let now = words(found.get("marks"));
    let came = |mark: &&str| now.contains(*mark) && !before.contains(*mark);
    // Where others have put something beside it since, they need what is noted there.
    let alone = *found.get("others") == Value::Bool(false);
    let marks: Vec<String> =
        MARKS.iter().filter(|mark| alone && came(mark)).map(|&mark| mark.to_owned()).collect();
    if names.is_empty() && marks.is_empty() {
        return Removal::default();
    }
    Removal::of(RemoveInterpreters { folder: folder.to_owned(), names, marks })
}

/// Names with spaces between them.
fn words(value: &Value) -> BTreeSet<String> {
    value.as_text().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
