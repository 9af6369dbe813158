use anyhow::Result;

use super::{Blueprint, Site};
use crate::{
    machine::tool::brew::Asked,
    resource::{excluded, untold},
    value::{Id, Problem, Span, Upgrade, VersionRange, order_of_versions},
};

/// One that is there already, and may be brought to its newest version.
pub(super) struct There<'t> {
    pub(super) id: &'t Id,
    pub(super) version: String,
    /// Which versions the manifest allows.
    pub(super) range: Option<&'t VersionRange>,
    pub(super) pinned: bool,
    pub(super) origin: &'t Span,
}

/// The newest version of something, where that was asked for and is not there yet. What is not known, or is held, is said.
pub(super) fn newest(
    site: &Site,
    blueprint: &mut Blueprint,
    there: &There,
    ask: impl FnOnce() -> Result<Asked<String>>,
) -> Result<Option<String>> {
    let There { id, version, range, pinned, origin } = there;
    if !site.stack.upgrade.wants(id) {
        return Ok(None);
    }
    let named = site.stack.upgrade != Upgrade::All;
    let mut say = |problem: Problem| {
        let problem = problem.at(Some(origin)).of(id);
        if named { &mut blueprint.refusals } else { &mut blueprint.warnings }.push(problem);
    };
    let newest = match ask()? {
        Asked::Known(newest) => newest,
        Asked::None => {
            say(untold(id, version));
            return Ok(None);
        }
        Asked::Unknown(why) => {
            let problem = Problem::mac(format!("what is newest of `{id}` is not known"));
            let problem = problem.why(why).hint("without `--upgrade` what is there will do; try again later");
            blueprint.refusals.push(problem.at(Some(origin)).of(id));
            return Ok(None);
        }
    };
    if !order_of_versions(version, &newest).is_lt() {
        return Ok(None);
    }
    if let Some(range) = range.filter(|range| !range.allows(&newest)) {
        say(excluded(id, version, &newest, range));
        return Ok(None);
    }
    if *pinned && !named {
        say(Problem::mac(format!("`{id}` stays {version}, and {newest} is there: somebody has pinned it"))
            .hint("to have it upgraded:")
            .remedy(format!("brew unpin {}", id.name())));
        return Ok(None);
    }
    Ok(Some(newest))
}
