//! Taps of others than Homebrew, and whether they are trusted (docs/mac-facts.md#brew-trust).

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::PREFIX;
use crate::machine::{Look, Looking};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Store {
    trustedtaps: Vec<String>,
}

/// Where a tap lies.
pub fn tap_folder(name: &str) -> Utf8PathBuf {
    let (user, repository) = name.split_once('/').unwrap_or((name, ""));
    Utf8Path::new(PREFIX).join("Library/Taps").join(user).join(format!("homebrew-{repository}"))
}

/// Whether it is there.
pub fn is_tapped(look: &dyn Look, name: &str) -> Result<bool> {
    Ok(look.list(&tap_folder(name))?.is_some_and(|names| !names.is_empty()))
}

/// Whether all that is in it may be loaded.
pub fn is_trusted(look: &dyn Look, name: &str) -> Result<bool> {
    let text = look.read(&look.identity()?.home.join(".homebrew/trust.json"))?;
    let store: Store = text.map(|text| serde_json::from_slice(&text).unwrap_or_default()).unwrap_or_default();
    Ok(store.trustedtaps.iter().any(|tap| tap.eq_ignore_ascii_case(name)))
}

/// Taps of others that are there and trusted.
pub fn trusted_taps(look: &dyn Look) -> Result<Vec<String>> {
    let taps = Utf8Path::new(PREFIX).join("Library/Taps");
    let mut trusted = vec![];
    for user in look.list(&taps)?.unwrap_or_default() {
        for folder in look.list(&taps.join(&user))?.unwrap_or_default() {
            let Some(repository) = folder.strip_prefix("homebrew-") else { continue };
            let name = format!("{user}/{repository}");
            if user != "homebrew" && is_trusted(look, &name)? {
                trusted.push(name);
            }
        }
    }
    Ok(trusted)
}
