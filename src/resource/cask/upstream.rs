use anyhow::Result;

use super::{
    super::{
        Upstream,
        formula::{not_asked, unknown},
    },
    Cask,
};
use crate::{
    catalog::homebrew,
    machine::{
        Look, Looking, Tool,
        tool::brew::{self, Asked, CaskPage, Sort},
    },
    value::{Deltas, Problem, State},
};

/// What Homebrew says of a cask that is to be installed or upgraded, and what of this Mac is in its way.
pub(super) fn upstream(cask: &Cask, look: &dyn Look, found: &State, deltas: &Deltas) -> Result<Upstream> {
    let mut said = Upstream::default();
    if cask.root && !look.tool(Tool::SudoUnasked)?.ok() {
        said.refusals.push(asks(cask));
    }
    if cask.token.contains('/') {
        return Ok(said);
    }
    let name = cask.known_as.as_deref().unwrap_or(&cask.token);
    let page = match brew::cask(look, name)? {
        Asked::Known(page) => page,
        Asked::None => {
            said.refusals.extend(unknown(look, Sort::Cask, name)?);
            return Ok(said);
        }
        Asked::Unknown(why) => {
            said.warnings.push(not_asked(Sort::Cask, name, why));
            return Ok(said);
        }
    };
    let newest = page.version_for(cask.macos.as_deref());
    if deltas.iter().any(|delta| delta.field.as_str() == "version")
        && let Some(newest) = newest.filter(|newest| !cask.version.allows(newest))
    {
        let there = found.get("version").as_text().map(|there| format!("found: {there}, "));
        said.refusals.push(
            Problem::mac(format!("no version of the cask `{}` that will do can be had", cask.token))
                .why(format!("{}wanted: {}", there.unwrap_or_default(), cask.version.told()))
                .why(format!("Homebrew offers {newest}, and no other"))
                .hint("let the manifest take that one; what there is of it:")
                .remedy(format!("brew info --cask {name}")),
        );
    }
    if found.present {
        return Ok(said);
    }
    if page.disabled {
        said.refusals.push(
            Problem::mac(format!("Homebrew does not install the cask `{name}` any more"))
                .why("it is disabled")
                .hint("see what to take instead:")
                .remedy(format!("brew info --cask {name}")),
        );
    }
    said.refusals.extend(beside(cask, look, &page)?);
    for app in cask.apps.iter().filter(|app| !cask.adopts.contains(app)) {
        if look.stat(app)?.is_some() {
            said.refusals.push(in_the_way(cask, look, app, &page)?);
        }
    }
    Ok(said)
}

/// What is there, and cannot be beside it.
fn beside(cask: &Cask, look: &dyn Look, page: &CaskPage) -> Result<Option<Problem>> {
    let conflicts = page.conflicts_with.clone().unwrap_or_default();
    let problem = |what: &str, flag: &str, other: &str| {
        Problem::mac(format!("the cask `{}` cannot be there beside the {what} `{other}`", cask.token))
            .why("both put the same programs in place")
            .hint("keep one of them; to let the other go:")
            .remedy(format!("brew uninstall --{flag} {other}"))
    };
    for other in &conflicts.cask {
        if brew::installed_cask(look, other)?.is_some() {
            return Ok(Some(problem("cask", "cask", other)));
        }
    }
    let known = homebrew::formulae_beside(&cask.token);
    for other in conflicts.formula.iter().chain(known) {
        if brew::keg(look, other)?.is_some() {
            return Ok(Some(problem("formula", "formula", other)));
        }
    }
    Ok(None)
}

fn in_the_way(cask: &Cask, look: &dyn Look, app: &camino::Utf8Path, page: &CaskPage) -> Result<Problem> {
    let there = brew::app_version(look, app)?.unwrap_or_else(|| "of a version that it does not tell".into());
    let newest = page.version_for(cask.macos.as_deref()).unwrap_or_default();
    Ok(Problem::mac(format!(
        "an app that Homebrew did not bring is where one of `{}` belongs: `{app}`",
        cask.token
    ))
    .why(format!("it is {there}, and the cask has {newest}: only the same is taken over"))
    .hint("let it update itself to that version, or put it elsewhere if you do not need it:")
    .remedy(format!("open -R '{app}'")))
}

/// Homebrew lets sudo's ticket go, and asks by itself, where nobody can answer.
fn asks(cask: &Cask) -> Problem {
    Problem::mac(format!("the cask `{}` needs root, and Homebrew asks for the password itself", cask.token))
        .why("it lets go of what was typed before, and nobody can answer it there")
        .hint("install it yourself, then apply again, which finds it:")
        .remedy(format!("brew install --cask {}", cask.token))
}
