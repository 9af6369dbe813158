use anyhow::Result;
use camino::Utf8PathBuf;

use crate::{
    machine::{Look, Looking, tool::brew},
    value::{State, order_of_versions},
};

/// What is there of a cask under one of its names, and of its apps, installed by it or not. Its version is that of its app where
/// this is newer than Homebrew's record: apps update themselves.
pub(in super::super) fn observe(
    look: &dyn Look,
    token: &str,
    known_as: Option<&str>,
    apps: &[Utf8PathBuf],
) -> Result<State> {
    let token = brew::bare(token);
    let mut cask = brew::installed_cask(look, token)?;
    if let (None, Some(other)) = (&cask, known_as) {
        cask = brew::installed_cask(look, other)?;
    }
    let mut there = vec![];
    for app in apps {
        if look.stat(app)?.is_some() {
            there.push(app.clone());
        }
    }
    let told = Some(brew::told(&there)).filter(|told| !told.is_empty());
    let mut remains = brew::has_remains(look, token)?;
    if let Some(other) = known_as {
        remains |= brew::has_remains(look, other)?;
    }
    let state = State::absent().with("apps", told).with("remains", remains);
    let Some(cask) = cask else { return Ok(state.with("gone", false)) };
    let mut version = cask.version;
    for app in &there {
        let own = brew::app_version(look, app)?;
        if let Some(own) = own.filter(|own| order_of_versions(own, &version).is_gt()) {
            version = own;
        }
    }
    Ok(State { present: true, ..state }
        .with("gone", there.len() < apps.len())
        .with("root", brew::needs_root(&cask.artifacts))
        .with("version", version)
        .with("tap", cask.tap)
        .with("token", cask.token))
}
