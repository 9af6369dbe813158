use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::PACKAGE;
use crate::{
    journal::Receipt,
    machine::{
        Kind, Look, Looking,
        tool::venv::{self, Package},
    },
    value::{State, Value},
};

/// All that `uv` puts into the folder of an environment.
const PARTS: [&str; 9] =
    [".gitignore", ".lock", "CACHEDIR.TAG", "bin", "include", "lib", "lib64", "pyvenv.cfg", "share"];

/// Whether a run that was killed had something to do there: what is asked for may be there, and what that needs may not.
pub(super) const UNFINISHED: &str = "unfinished";

/// What is there, and whether it was gone through to the end.
pub(in super::super) fn observe(
    look: &dyn Look,
    path: &Utf8Path,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let state = look_at(look, path, receipt)?;
    let open = receipt.is_some_and(|receipt| receipt.aim.is_some());
    let unfinished = state.present && open;
    Ok(state.with(UNFINISHED, unfinished))
}

/// Files only: neither `uv` nor Python is started. Links on the way are followed. A package that no installer has signed is whole
/// when it was there before us; since then it may be what a broken-off installation of ours has left.
fn look_at(look: &dyn Look, path: &Utf8Path, receipt: Option<&Receipt>) -> Result<State> {
    let Some(real) = look.resolve(path)? else {
        // A link that leads nowhere is in the way too.
        let kind = look.stat(path)?.map(|_| "link that leads nowhere");
        return Ok(State::absent().with("kind", kind));
    };
    let Some(stat) = look.stat(&real)? else { return Ok(State::absent()) };
    let kind = match stat.kind {
        Kind::Folder => "folder",
        Kind::File => "file",
        Kind::Link | Kind::Other => "special file",
    };
    let state = State::absent()
        .with("kind", kind)
        .with("owner", i64::from(stat.uid))
        .with("born", stat.born.map(|born| born.to_string()));
    let found = if stat.kind == Kind::Folder { venv::read(look, path)? } else { None };
    let Some(found) = found else {
        let names = look.list(&real).unwrap_or_default().unwrap_or_default();
        let half = names.iter().all(|name| PARTS.contains(&name.as_str()));
        return Ok(state.with("half", stat.kind == Kind::Folder && half));
    };
    let before = receipt.map(|receipt| packages(receipt.former.get("packages")));
    let whole = |name: &str, package: &Package| {
        let theirs = |before: &BTreeMap<_, _>| before.get(name) == Some(&package.version.as_str());
        package.signed || before.as_ref().is_none_or(theirs)
    };
    let runs = found.interpreter.as_ref().map(|_| found.version.clone());
    let mut state = State { present: true, ..state }
        .with("made-with", found.version)
        .with("python", runs)
        .with("torn", folders(&found.torn));
    let (mut told, mut unsigned) = (vec![], vec![]);
    for (name, package) in found.packages {
        if !whole(&name, &package) {
            unsigned.extend(package.told.file_name().map(str::to_owned));
            continue;
        }
        told.push(format!("{name}=={}", package.version));
        let version =
            if package.elsewhere { format!("{} from elsewhere", package.version) } else { package.version };
        state.set(format!("{PACKAGE}{name}"), version);
    }
    Ok(state.with("packages", told.join(" ")).with("unsigned", folders(&unsigned)))
}

/// Names of folders, told in a field; none of them has a `/` in it.
fn folders(names: &[String]) -> Value {
    Some(names.join("/")).filter(|names| !names.is_empty()).into()
}

/// The paths of the folders that such a field tells, in the environment at `path`.
pub(super) fn told_of(path: &Utf8Path, found: &State, field: &str) -> Vec<Utf8PathBuf> {
    let version = found.get("made-with").as_text().unwrap_or_default();
    let site = venv::site(path, version);
    let names = found.get(field).as_text().unwrap_or_default().split('/');
    names.filter(|name| !name.is_empty()).map(|name| site.join(name)).collect()
}

/// The number of the user whose it is.
pub(super) fn owner(found: &State) -> Option<i64> {
    match found.get("owner") {
        Value::Int(owner) => Some(*owner),
        _ => None,
    }
}

/// The packages that such a field tells, with their versions.
pub(super) fn packages(field: &Value) -> BTreeMap<&str, &str> {
    field.as_text().unwrap_or_default().split(' ').filter_map(|one| one.split_once("==")).collect()
}
