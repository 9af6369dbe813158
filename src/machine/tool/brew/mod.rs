//! What Homebrew has installed, read from its trees: no `brew` is started (docs/mac-facts.md#brew-trees).

mod cask;
mod tap;
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::machine::{Look, Looking};

pub use cask::{
    Cask, CaskPage, app_version, apps, cask, casks, has_remains, installed as installed_cask, needs_root,
    told,
};
pub use tap::{is_tapped, is_trusted, tap_folder, trusted_taps};
pub use upstream::{Asked, FormulaPage, Sort, formula, known_names, near_names, renamed};

/// Where Homebrew lies on Apple silicon.
pub const PREFIX: &str = "/opt/homebrew";

/// Its program.
pub const BREW: &str = "/opt/homebrew/bin/brew";

/// What a running one shows to `ps`, itself or what it has become (docs/mac-facts.md#brew-process).
pub const RUNNING: [&str; 2] = ["/opt/homebrew/bin/brew ", "/opt/homebrew/Library/Homebrew/brew.rb "];

/// A formula that is installed, in its active version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keg {
    /// Its name now; it may be asked for by a former one.
    pub name: String,
    /// The version that `opt` leads to.
    pub version: String,
    /// Whether somebody asked for it by name.
    pub on_request: bool,
    /// What it stands on at run time.
    pub needs: Vec<String>,
    /// The tap that it is from, where its receipt says so.
    pub tap: Option<String>,
}

/// What a keg's receipt says.
#[derive(Default, Deserialize)]
struct Receipt {
    #[serde(default)]
    installed_on_request: Option<bool>,
    #[serde(default)]
    runtime_dependencies: Option<Vec<Dependency>>,
    #[serde(default)]
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    tap: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    full_name: String,
}

fn cellar() -> Utf8PathBuf {
    Utf8Path::new(PREFIX).join("Cellar")
}

/// The name and version that `opt/NAME` leads to.
fn active(look: &dyn Look, name: &str) -> Result<Option<(String, String)>> {
    let Some(real) = look.resolve(&Utf8Path::new(PREFIX).join("opt").join(name))? else { return Ok(None) };
    let parts = real
        .strip_prefix(cellar())
        .ok()
        .map(|keg| keg.components().map(|part| part.as_str()).collect::<Vec<_>>());
    let Some([name, version]) = parts.as_deref() else { return Ok(None) };
    // An empty folder is what a crash left.
    let full = look.list(&real)?.is_some_and(|names| !names.is_empty());
    Ok(full.then(|| ((*name).to_owned(), (*version).to_owned())))
}

/// The formula that `opt/NAME` leads to: former names and aliases lead to it too.
pub fn keg(look: &dyn Look, name: &str) -> Result<Option<Keg>> {
    let Some((name, version)) = active(look, name)? else { return Ok(None) };
    let text = look.read(&cellar().join(&name).join(&version).join("INSTALL_RECEIPT.json"))?;
    let receipt: Receipt = serde_json::from_slice(&text.unwrap_or_default()).unwrap_or_default();
    let needs = receipt.runtime_dependencies.unwrap_or_default();
    Ok(Some(Keg {
        name,
        version,
        // A receipt that does not say so is of somebody's asking, as Homebrew takes it.
        on_request: receipt.installed_on_request.unwrap_or(true),
        needs: needs
            .into_iter()
            .filter_map(|need| need.full_name.rsplit('/').next().map(str::to_owned))
            .collect(),
        tap: receipt.source.and_then(|source| source.tap),
    }))
}

/// The active version of a formula.
pub fn version(look: &dyn Look, name: &str) -> Result<Option<String>> {
    Ok(active(look, name)?.map(|(_, version)| version))
}

/// The versions of a formula in the Cellar, `opt` or not.
pub fn versions(look: &dyn Look, name: &str) -> Result<Vec<String>> {
    let rack = cellar().join(name);
    let mut versions = vec![];
    for version in look.list(&rack)?.unwrap_or_default() {
        if look.list(&rack.join(&version))?.is_some_and(|names| !names.is_empty()) {
            versions.push(version);
        }
    }
    Ok(versions)
}

/// Whether a keg can be linked into the prefix and is not, so that its programs are not found by their names alone. What
/// Homebrew keeps out of there on purpose is not meant.
pub fn is_unlinked(look: &dyn Look, keg: &Keg) -> Result<bool> {
    if look.stat(&Utf8Path::new(PREFIX).join("var/homebrew/linked").join(&keg.name))?.is_some() {
        return Ok(false);
    }
    let source = cellar().join(&keg.name).join(&keg.version).join(".brew").join(format!("{}.rb", keg.name));
    let source = look.read_text(&source)?;
    Ok(source.is_some_and(|source| !source.lines().any(|line| line.trim_start().starts_with("keg_only"))))
}

/// Whether somebody has pinned a formula.
pub fn is_pinned(look: &dyn Look, name: &str) -> Result<bool> {
    Ok(look.stat(&Utf8Path::new(PREFIX).join("var/homebrew/pinned").join(name))?.is_some())
}

/// The names in the Cellar; `None` without one.
pub fn names(look: &dyn Look) -> Result<Option<Vec<String>>> {
    Ok(look.list(&cellar())?.map(|names| names.into_iter().filter(|name| !name.starts_with('.')).collect()))
}

/// The active versions of all formulae.
pub fn active_versions(look: &dyn Look) -> Result<BTreeMap<String, String>> {
    let names = names(look)?.unwrap_or_default();
    let active = names.iter().filter_map(|name| active(look, name).transpose());
    active.collect()
}

/// Everything that is installed.
pub fn kegs(look: &dyn Look) -> Result<Vec<Keg>> {
    let names = names(look)?.unwrap_or_default();
    let kegs = names.iter().filter_map(|name| keg(look, name).transpose());
    // A former name leads to a keg that has its own.
    kegs.filter(|keg| keg.as_ref().map_or(true, |keg| names.contains(&keg.name))).collect()
}

/// A formula's name without its tap.
pub fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What nobody asked for and nothing stands on any more once `going` are gone, none of `kept` among it; users before
/// what they use.
pub fn orphans(kegs: &[Keg], going: &BTreeSet<String>, kept: &BTreeSet<String>) -> Vec<String> {
    let mut orphans: Vec<String> = vec![];
    loop {
        let gone = |name: &String| going.contains(name) || orphans.contains(name);
        let needed = |name: &String| kegs.iter().any(|user| !gone(&user.name) && user.needs.contains(name));
        let next = kegs.iter().find(|keg| {
            !keg.on_request && !gone(&keg.name) && !kept.contains(&keg.name) && !needed(&keg.name)
        });
        match next {
            Some(keg) => orphans.push(keg.name.clone()),
            None => return orphans,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keg(name: &str, on_request: bool, needs: &[&str]) -> Keg {
        let needs = needs.iter().map(|&name| name.to_owned()).collect();
        Keg { name: name.into(), version: "1".into(), on_request, needs, tap: None }
    }

    #[test]
    fn what_only_the_going_need_is_an_orphan_and_what_was_asked_for_is_none() {
        let kegs = [
            keg("a", true, &["c", "d"]),
            keg("b", true, &["d"]),
            keg("c", false, &["e", "f"]),
            keg("d", false, &[]),
            keg("e", false, &[]),
            keg("f", true, &[]),
            keg("old", false, &[]),
        ];
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(orphans(&kegs, &set(&["a"]), &set(&["old"])), ["c", "e"]);
        assert_eq!(orphans(&kegs, &set(&["a", "b"]), &set(&["old"])), ["c", "d", "e"]);
        assert_eq!(orphans(&kegs, &set(&[]), &set(&["old"])), [] as [&str; 0]);
    }
}
