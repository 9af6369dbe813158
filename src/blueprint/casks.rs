use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    Blueprint, Site, tools,
    upgrade::{self, There},
};
use crate::{
    catalog::homebrew,
    machine::{
        Looking,
        tool::brew::{self, Asked, CaskPage, Sort},
    },
    manifest::Package,
    resource::{Cask, Resource, Wish},
    value::{Id, Place, Span},
};

/// A cask, and Homebrew for it. Homebrew's pages are asked only for what is not found, and what an earlier run found out stands in
/// its receipt.
pub(super) fn cask(site: &Site, blueprint: &mut Blueprint, wanted: &Package, origin: &Span) -> Result<Id> {
    let homebrew = tools::homebrew(site, blueprint, origin);
    let token = wanted.name.clone();
    let version = Wish { range: wanted.version.clone(), ..Wish::default() };
    let macos = site.facts.macos.clone();
    let mut cask = Cask { token, known_as: None, apps: vec![], version, adopts: vec![], root: false, macos };
    let receipt = site.receipts.get(&Id::new("brew-cask", &wanted.name));
    let there = installed(site, &wanted.name)?;
    match (receipt.map(|receipt| &receipt.place), &there) {
        (Some(Place::Cask { known_as, apps, .. }), _) => {
            cask.known_as.clone_from(known_as);
            cask.apps.clone_from(apps);
        }
        (_, Some(there)) => {
            cask.apps = brew::apps(&there.artifacts);
            cask.known_as = Some(there.token.clone()).filter(|token| *token != cask.token);
        }
        _ => {}
    }
    if let Some(there) = there.as_ref() {
        cask.version.newest = newest(site, blueprint, &cask, &there.token, origin)?;
    }
    if there.is_none() {
        arrival(site, &mut cask, receipt.is_some())?;
    }
    let needs = [homebrew].into_iter().chain(tools::tap_of(&wanted.name)).collect();
    Ok(blueprint.add(cask, needs, origin.clone()))
}

/// The newest version of a cask that is there, where it was asked for.
fn newest(
    site: &Site,
    blueprint: &mut Blueprint,
    cask: &Cask,
    token: &str,
    origin: &Span,
) -> Result<Option<String>> {
    let found = cask.place().observe(site.look, None)?;
    let Some(version) = found.get("version").as_text() else { return Ok(None) };
    let (id, range) = (cask.id(), cask.version.range.as_ref());
    let there = There { id: &id, version: version.to_owned(), range, pinned: false, origin };
    upgrade::newest(site, blueprint, &there, || {
        if cask.token.contains('/') {
            return Ok(Asked::None);
        }
        Ok(match brew::cask(site.look, token)? {
            Asked::Known(page) => page.version_for(cask.macos.as_deref()).map_or(Asked::None, Asked::Known),
            Asked::None => Asked::None,
            Asked::Unknown(why) => Asked::Unknown(why),
        })
    })
}

/// The cask under one of the names that are known of it in advance.
fn installed(site: &Site, token: &str) -> Result<Option<brew::Cask>> {
    let token = brew::bare(token);
    for name in [Some(token), Some(homebrew::now(token)), homebrew::before(token)].into_iter().flatten() {
        if let Some(cask) = brew::installed_cask(site.look, name)? {
            return Ok(Some(cask));
        }
    }
    Ok(None)
}

/// What its coming will mean: its name of now, its apps, which of these are there already, and whether it asks for root.
fn arrival(site: &Site, cask: &mut Cask, known: bool) -> Result<()> {
    if cask.token.contains('/') {
        return Ok(());
    }
    let mut name = cask.known_as.clone().unwrap_or_else(|| homebrew::now(&cask.token).to_owned());
    let mut page = brew::cask(site.look, &name)?;
    if let (Asked::None, Asked::Known(now)) = (&page, brew::renamed(site.look, Sort::Cask, &name)?) {
        page = brew::cask(site.look, &now)?;
        name = now;
    }
    if !known && name != cask.token {
        cask.known_as = Some(name);
    }
    let Asked::Known(page) = page else { return Ok(()) };
    if !known {
        cask.apps = brew::apps(&page.artifacts);
    }
    cask.root = brew::needs_root(&page.artifacts);
    cask.adopts = same(site, &cask.apps, &page, cask.macos.as_deref())?;
    Ok(())
}

/// Those of `apps` that are there and of the version that the cask has; a package takes nothing over.
fn same(site: &Site, apps: &[Utf8PathBuf], page: &CaskPage, macos: Option<&str>) -> Result<Vec<Utf8PathBuf>> {
    let version = page.version_for(macos).unwrap_or_default();
    let own = version.split(',').next().unwrap_or_default();
    let mut same = vec![];
    for app in apps {
        if site.look.stat(app)?.is_some() && brew::app_version(site.look, app)?.as_deref() == Some(own) {
            same.push(app.clone());
        }
    }
    Ok(same)
}
