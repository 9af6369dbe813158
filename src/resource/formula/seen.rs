use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::super::dependencies::pairs;
use crate::{
    journal::Receipt,
    machine::{Look, tool::brew},
    value::{State, Value},
};

/// What is there of a formula under one of its names. `below` is what it stands on with the versions there, the active one first;
/// what it stood on when we left it is told too.
pub(in super::super) fn observe(
    look: &dyn Look,
    name: &str,
    known_as: Option<&str>,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let name = brew::bare(name);
    let mut keg = brew::keg(look, name)?;
    if let (None, Some(other)) = (&keg, known_as) {
        keg = brew::keg(look, other)?;
    }
    let left = receipt.and_then(|receipt| receipt.left_value("below"));
    let mut needs: BTreeSet<String> = left.map(pairs).unwrap_or_default().into_keys().collect();
    needs.extend(keg.iter().flat_map(|keg| keg.needs.clone()));
    let below = below(look, &needs)?;
    let rack = keg.as_ref().map_or(known_as.unwrap_or(name), |keg| &keg.name);
    let kegs = some(&brew::versions(look, rack)?);
    let state = State::absent().with("kegs", kegs).with("below", below);
    let Some(keg) = keg else { return Ok(state.with("unlinked", false)) };
    let pinned = brew::is_pinned(look, &keg.name)?;
    let users = if receipt.is_some_and(Receipt::created) { some(&users(look, &keg.name)?) } else { None };
    Ok(State { present: true, ..state }
        .with("unlinked", brew::is_unlinked(look, &keg)?)
        .with("version", keg.version)
        .with("requested", keg.on_request)
        .with("pinned", pinned)
        .with("users", users)
        .with("tap", keg.tap)
        .with("keg", keg.name))
}

/// The formulae that somebody asked for and that stand on this one.
fn users(look: &dyn Look, name: &str) -> Result<Vec<String>> {
    let users = brew::kegs(look)?.into_iter().filter(|user| user.on_request);
    Ok(users.filter(|user| user.needs.iter().any(|need| need == name)).map(|user| user.name).collect())
}

fn below(look: &dyn Look, needs: &BTreeSet<String>) -> Result<Option<String>> {
    let mut told = vec![];
    for need in needs {
        let active = brew::version(look, need)?.unwrap_or_default();
        let mut versions = brew::versions(look, need)?;
        versions.retain(|version| *version != active);
        versions.insert(0, active);
        told.push(format!("{need}={}", versions.join("/")));
    }
    Ok(some(&told))
}

fn some(words: &[String]) -> Option<String> {
    Some(words.join(" ")).filter(|words| !words.is_empty())
}

/// What `below` told: by name the versions there, the active one first; an empty one when nothing leads to them.
pub(super) fn told_below(value: &Value) -> BTreeMap<String, Vec<String>> {
    let split = |versions: String| versions.split('/').map(str::to_owned).collect();
    pairs(value).into_iter().map(|(name, versions)| (name, split(versions))).collect()
}
