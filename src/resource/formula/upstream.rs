use anyhow::{Result, bail};

use super::{
    super::{Newest, Resource, Upstream},
    Formula, at,
};
use crate::{
    machine::{
        Look,
        tool::brew::{self, Asked, FormulaPage, Sort},
    },
    value::{Deltas, Id, Problem, State, VersionRange, order_of_versions},
};

/// What Homebrew says of a formula that is to be installed or upgraded: whether it has it, in which version, and what would come
/// along. What cannot be asked is said.
pub(super) fn upstream(
    formula: &Formula,
    look: &dyn Look,
    found: &State,
    deltas: &Deltas,
) -> Result<Upstream> {
    let mut said = Upstream::default();
    let changes = deltas.iter().any(|delta| delta.field.as_str() == "version");
    if !changes || formula.name.contains('/') {
        return Ok(said);
    }
    let name = formula.known_as.as_deref().unwrap_or(&formula.name);
    let page = match brew::formula(look, name)? {
        Asked::Known(page) => page,
        Asked::None => {
            said.refusals.extend(unknown(look, Sort::Formula, name)?);
            return Ok(said);
        }
        Asked::Unknown(why) => {
            said.warnings.push(not_asked(Sort::Formula, name, why));
            return Ok(said);
        }
    };
    if page.disabled && !found.present {
        said.refusals.push(
            Problem::mac(format!("Homebrew does not install `{name}` any more"))
                .why("it is disabled")
                .hint("see what to take instead:")
                .remedy(format!("brew info {name}")),
        );
    }
    if let Some(newest) = page.version().filter(|newest| !formula.version.allows(newest)) {
        said.refusals.push(not_offered(formula, found, &newest));
    }
    let along = along(look, &page, found)?;
    if !along.is_empty() {
        said.warnings.push(
            Problem::mac(format!("Homebrew may upgrade along with `{name}`: {}", along.join(", ")))
                .hint("what it stands on, and what stands on it, has to fit; nothing else is upgraded"),
        );
    }
    Ok(said)
}

/// What the lock would keep of a formula now: the newest, or what is there where nobody tells what is newest or the manifest
/// excludes that.
pub(super) fn newest(formula: &Formula, look: &dyn Look) -> Result<Newest> {
    let range = formula.version.range.as_ref();
    let there = formula.pin(look)?.and_then(|pin| pin.version);
    let there = there.filter(|version| range.is_none_or(|range| range.allows(version)));
    if formula.name.contains('/') {
        // Other taps have no pages.
        let stays = there.as_ref().map(|there| untold(&formula.id(), there));
        return Ok(Newest { pin: there.map(at), stays });
    }
    let name = formula.known_as.as_ref().unwrap_or(&formula.name);
    let newest = match brew::formula(look, name)? {
        Asked::Known(page) => page.version(),
        Asked::None => bail!("Homebrew has no page of a formula `{name}`"),
        Asked::Unknown(why) => bail!(why),
    };
    let Some(newest) = newest else { return Ok(Newest::default()) };
    match (range.filter(|range| !range.allows(&newest)), there) {
        (None, _) => Ok(Newest::of(at(newest))),
        (Some(range), Some(there)) => {
            let stays = Some(excluded(&formula.id(), &there, &newest, range));
            Ok(Newest { pin: Some(at(there)), stays })
        }
        (Some(_), None) => Err(not_offered(formula, &State::absent(), &newest).into()),
    }
}

/// Nobody tells what is newest of something that is there.
pub fn untold(id: &Id, there: &str) -> Problem {
    Problem::mac(format!("what is newest of `{id}` is not told by anybody: it stays {there}"))
        .hint("upgrade it yourself; forgectl takes what is there:")
        .remedy(format!("brew upgrade {}", id.name()))
}

/// What is newest of something is none of those that the manifest wants.
pub fn excluded(id: &Id, there: &str, newest: &str, range: &VersionRange) -> Problem {
    Problem::mac(format!("`{id}` stays {there}: its newest is {newest}"))
        .why(format!("the manifest wants {range}"))
        .hint("let the manifest take that one to have it upgraded")
}

/// The wanted version is not to be had.
fn not_offered(formula: &Formula, found: &State, newest: &str) -> Problem {
    let name = &formula.name;
    let problem = match (&formula.version.locked, found.get("version").as_text()) {
        (Some(locked), there) => {
            let problem = Problem::mac(format!("`{name}` {locked} is locked, and Homebrew offers {newest}"));
            let problem = match there {
                Some(there) => problem.why(format!("found: {there}")),
                None => problem,
            };
            return problem
                .why("Homebrew installs no version but its newest")
                .hint("take what there is into the lock:")
                .remedy(format!("forgectl lock --update brew-formula/{name}"));
        }
        (None, Some(there)) => Problem::mac(format!("no version of `{name}` that will do can be had"))
            .why(format!("found: {there}, wanted: {}", formula.version.told())),
        (None, None) => Problem::mac(format!("no version of `{name}` that will do can be had"))
            .why(format!("wanted: {}", formula.version.told())),
    };
    problem
        .why(format!("Homebrew offers {newest}, and no other"))
        .hint("let the manifest take that one; what there is of it:")
        .remedy(format!("brew info {name}"))
}

/// What is older than Homebrew offers, and stands below what is to come or on it: its bottles fit the newest.
fn along(look: &dyn Look, page: &FormulaPage, found: &State) -> Result<Vec<String>> {
    let mut along = vec![];
    let mut names = page.dependencies.clone();
    let mut at = 0;
    let mut looked = vec![];
    if let Some(keg) = found.get("keg").as_text() {
        let users = brew::kegs(look)?.into_iter().filter(|user| user.needs.iter().any(|need| need == keg));
        looked.extend(users.map(|user| user.name));
    }
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        // What is not there yet comes in its newest version, and so does what it stands on.
        let Some(keg) = brew::keg(look, &name)? else { continue };
        names.extend(keg.needs.into_iter().filter(|need| !names.contains(need)).collect::<Vec<_>>());
        looked.push(name);
    }
    for name in looked {
        let Some(there) = brew::version(look, &name)? else { continue };
        let newest = brew::formula(look, &name)?.known().and_then(|page| page.version());
        if let Some(newest) = newest.filter(|newest| order_of_versions(&there, newest).is_lt()) {
            along.push(format!("{name} {there} -> {newest}"));
        }
    }
    Ok(along)
}

/// Whether something is really unknown to Homebrew: a former name is not, nor is an alias.
pub(in super::super) fn unknown(look: &dyn Look, sort: Sort, name: &str) -> Result<Option<Problem>> {
    match brew::renamed(look, sort, name)? {
        Asked::Known(_) => return Ok(None),
        Asked::Unknown(_) | Asked::None => {}
    }
    let problem = Problem::mac(format!("Homebrew has no {sort} `{name}`"))
        .why("it has no page of that name, and no other name for it");
    let near = brew::near_names(look, sort, name)?;
    let near: Vec<String> = near.into_iter().map(|name| format!("`{name}`")).collect();
    let problem = match near.as_slice() {
        [] => problem,
        [near] => problem.hint(format!("did you mean {near}?")),
        near => problem.hint(format!("did you mean one of {}?", near.join(", "))),
    };
    let is_other = match sort {
        Sort::Formula => matches!(brew::cask(look, name)?, Asked::Known(_)),
        Sort::Cask => matches!(brew::formula(look, name)?, Asked::Known(_)),
    };
    let list = if sort == Sort::Formula { "casks" } else { "formulae" };
    let problem = if is_other {
        problem.hint(format!("there is a {} of that name: write it under `{list}`", sort.other()))
    } else {
        problem
    };
    Ok(Some(problem.hint("search for it:").remedy(format!("brew search {name}"))))
}

pub(in super::super) fn not_asked(sort: Sort, name: &str, why: String) -> Problem {
    Problem::mac(format!("it is not known whether Homebrew has the {sort} `{name}`, and in which version"))
        .why(why)
        .hint("it is asked again when it is installed")
}
