use super::{Blueprint, Site, tilde};
use crate::{
    manifest,
    resource::{CommandLineTools, Dependencies, Formula, Homebrew, ProfileLine},
    value::{Id, Span, VersionRange},
};

pub(super) fn tools(site: &Site, tools: &manifest::Tools, blueprint: &mut Blueprint) {
    let place = |key: &str| site.stack.span(&["tools", key]);
    if tools.command_line_tools {
        blueprint.add(CommandLineTools, vec![], place("command_line_tools"));
    }
    if tools.homebrew {
        homebrew(site, blueprint, &place("homebrew"));
    }
    for (at, wanted) in tools.formulae.iter().enumerate() {
        let origin = site.stack.span(&["tools", "formulae", &at.to_string()]);
        formula(site, blueprint, &wanted.name, wanted.version.clone(), &origin);
    }
}

/// Homebrew with the tools that its installer calls, and the line by which shells find it.
fn homebrew(site: &Site, blueprint: &mut Blueprint, origin: &Span) -> Id {
    let tools = blueprint.add(CommandLineTools, vec![], origin.clone());
    let script = site.identity.state.join("fetched/homebrew-install.sh");
    let homebrew = Homebrew { uid: site.identity.uid, script };
    let id = blueprint.add(homebrew, vec![tools], origin.clone());
    let profile = site.identity.home.join(".zprofile");
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
) -> Id {
    let homebrew = homebrew(site, blueprint, origin);
    let dependencies = blueprint.add(Dependencies, vec![homebrew.clone()], origin.clone());
    let restarts = super::ollama::job_of(name).filter(|id| site.receipts.contains_key(id));
    let restarts = restarts.map(|id| id.name().to_owned());
    let formula = Formula { name: name.to_owned(), version, restarts };
    blueprint.add(formula, vec![homebrew, dependencies], origin.clone())
}
