use std::collections::BTreeMap;

use anyhow::Result;
use camino::Utf8Path;

use super::PACKAGE;
use crate::{
    machine::{Kind, Look, Looking, tool::venv},
    value::{State, Value},
};

/// All that `uv` puts into the folder of an environment.
const PARTS: [&str; 9] =
    [".gitignore", ".lock", "CACHEDIR.TAG", "bin", "include", "lib", "lib64", "pyvenv.cfg", "share"];

/// Files only: neither `uv` nor Python is started. Links on the way are followed.
pub(in super::super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
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
    let told: Vec<String> =
        found.packages.iter().map(|(name, package)| format!("{name}=={}", package.version)).collect();
    let runs = found.interpreter.as_ref().map(|_| found.version.clone());
    let mut state = State { present: true, ..state }
        .with("made-with", found.version)
        .with("python", runs)
        .with("packages", told.join(" "));
    for (name, package) in found.packages {
        let version =
            if package.elsewhere { format!("{} from elsewhere", package.version) } else { package.version };
        state.set(format!("{PACKAGE}{name}"), version);
    }
    Ok(state)
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
