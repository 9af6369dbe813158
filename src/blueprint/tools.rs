use anyhow::Result;

use super::{
    Blueprint, Site, casks, tilde,
    upgrade::{self, There},
};
use crate::{
    machine::tool::brew::{self, Asked, Sort},
    manifest,
    resource::{self, CommandLineTools, Formula, Homebrew, ProfileLine, SCRIPT, Tap, Wish},
    value::{Id, Place, Span, VersionRange},
};

pub(super) fn tools(site: &Site, tools: &manifest::Tools, blueprint: &mut Blueprint) -> Result<()> {
    let place = |key: &str| site.stack.span(&["tools", key]);
    if tools.command_line_tools {
        blueprint.add(CommandLineTools, vec![], place("command_line_tools"));
    }
    if tools.homebrew {
        homebrew(site, blueprint, &place("homebrew"));
    }
    for (at, tap) in tools.taps.iter().enumerate() {
        let origin = site.stack.span(&["tools", "taps", &at.to_string()]);
        let homebrew = homebrew(site, blueprint, &origin);
        blueprint.add(Tap { name: tap.name.clone() }, vec![homebrew], origin);
    }
    for (at, wanted) in tools.formulae.iter().enumerate() {
        let origin = site.stack.span(&["tools", "formulae", &at.to_string()]);
        formula(site, blueprint, &wanted.name, wanted.version.clone(), &origin)?;
    }
    for (at, wanted) in tools.casks.iter().enumerate() {
        let origin = site.stack.span(&["tools", "casks", &at.to_string()]);
        casks::cask(site, blueprint, wanted, &origin)?;
    }
    Ok(())
}

/// Homebrew with the tools that its installer calls, and the line by which shells find it.
pub(super) fn homebrew(site: &Site, blueprint: &mut Blueprint, origin: &Span) -> Id {
    let tools = blueprint.add(CommandLineTools, vec![], origin.clone());
    let script = site.identity.state.join(SCRIPT);
    let homebrew = Homebrew { uid: site.identity.uid, script };
    let id = blueprint.add(homebrew, vec![tools], origin.clone());
    let profile = site.identity.zdotdir.as_ref().unwrap_or(&site.identity.home).join(".zprofile");
    let line = ProfileLine { name: tilde(&site.identity.home, &profile), path: profile };
    blueprint.add(line, vec![id.clone()], origin.clone());
    id
}

/// A formula, and Homebrew for it. One that is asked for already keeps what was asked first.
pub(super) fn formula(
    site: &Site,
    blueprint: &mut Blueprint,
    name: &str,
    version: Option<VersionRange>,
    origin: &Span,
) -> Result<Id> {
    let homebrew = homebrew(site, blueprint, origin);
    let dependencies = blueprint.add(resource::dependencies(), vec![homebrew.clone()], origin.clone());
    let restarts = super::job_of(name).filter(|id| site.receipts.contains_key(id));
    let restarts = restarts.map(|id| id.name().to_owned());
    let known_as = known_as(site, name)?;
    let newest = newest(site, blueprint, name, known_as.as_deref(), version.as_ref(), origin)?;
    let upgrades = site.stack.upgrade.wants(&Id::new("brew-formula", name));
    let locked = locked(site, "brew-formula", name)
        .filter(|locked| !upgrades && version.as_ref().is_none_or(|range| range.allows(locked)));
    let version = Wish { range: version, locked, newest };
    let formula = Formula { name: name.to_owned(), known_as, version, restarts };
    let needs = [homebrew, dependencies].into_iter().chain(tap_of(name)).collect();
    Ok(blueprint.add(formula, needs, origin.clone()))
}

/// The newest version of a formula that is there, where it was asked for.
fn newest(
    site: &Site,
    blueprint: &mut Blueprint,
    name: &str,
    known_as: Option<&str>,
    range: Option<&VersionRange>,
    origin: &Span,
) -> Result<Option<String>> {
    let mut keg = brew::keg(site.look, brew::bare(name))?;
    if let (None, Some(other)) = (&keg, known_as) {
        keg = brew::keg(site.look, other)?;
    }
    let Some(keg) = keg else { return Ok(None) };
    let pinned = brew::is_pinned(site.look, &keg.name)?;
    let id = Id::new("brew-formula", name);
    let there = There { id: &id, version: keg.version, range, pinned, origin };
    upgrade::newest(site, blueprint, &there, || {
        if name.contains('/') {
            // Other taps have no pages.
            return Ok(Asked::None);
        }
        Ok(match brew::formula(site.look, &keg.name)? {
            Asked::Known(page) => page.version().map_or(Asked::None, Asked::Known),
            Asked::None => Asked::None,
            Asked::Unknown(why) => Asked::Unknown(why),
        })
    })
}

/// The tap that something is from, which is one of the stack's.
pub(super) fn tap_of(name: &str) -> Option<Id> {
    name.rsplit_once('/').map(|(tap, _)| Tap::id_of(tap))
}

/// The version that an earlier apply left, as the lock holds it. One that the manifest does not allow any more binds nobody.
fn locked(site: &Site, kind: &str, name: &str) -> Option<String> {
    site.stack.lock.pin(&Id::new(kind, name))?.version.clone()
}

/// Another name under which a formula lies there, or will. Homebrew's pages are asked only for what is not found by its own name,
/// and what an earlier run found out stands in its receipt.
fn known_as(site: &Site, name: &str) -> Result<Option<String>> {
    let receipt = site.receipts.get(&Id::new("brew-formula", name));
    if let Some(Place::Formula { known_as, .. }) = receipt.map(|receipt| &receipt.place) {
        return Ok(known_as.clone());
    }
    if name.contains('/') || brew::keg(site.look, name)?.is_some() {
        return Ok(None);
    }
    match brew::formula(site.look, name)? {
        Asked::Known(page) => {
            for other in page.oldnames {
                if brew::keg(site.look, &other)?.is_some() {
                    return Ok(Some(other));
                }
            }
            Ok(None)
        }
        Asked::None => Ok(brew::renamed(site.look, Sort::Formula, name)?.known()),
        Asked::Unknown(_) => Ok(None),
    }
}
