use std::collections::{BTreeSet, HashSet};

use anyhow::Result;

use super::nearest::{did_you_mean, listed};
use crate::{
    blueprint::Blueprint,
    journal::Receipt,
    manifest::{self, Stack},
    value::{Id, Problem},
};

/// Leaves of `blueprint` the resources `only` and all that they need, with what speaks against these, and answers with how many
/// others were left aside. Nothing leaves the Mac but what is to be elsewhere from now on. Naming none leaves all as it is.
pub(super) fn narrow(
    blueprint: &mut Blueprint,
    leaving: &mut Vec<(Id, Receipt)>,
    stack: &Stack,
    only: &[Id],
) -> Result<usize> {
    if only.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Id> = blueprint.entries.iter().map(|entry| entry.resource.id()).collect();
    if let Some(unknown) = only.iter().find(|id| !ids.contains(id)) {
        return Err(no_such(unknown, &ids, stack).into());
    }
    let mut chosen: HashSet<Id> = only.iter().cloned().collect();
    // Each entry stands behind all that it needs.
    for entry in blueprint.entries.iter().rev() {
        if chosen.contains(&entry.resource.id()) {
            chosen.extend(entry.needs.iter().cloned());
        }
    }
    let before = blueprint.entries.len() + leaving.iter().filter(|(id, _)| !ids.contains(id)).count();
    blueprint.entries.retain(|entry| chosen.contains(&entry.resource.id()));
    leaving.retain(|(id, _)| chosen.contains(id));

    let sections: BTreeSet<&str> = blueprint
        .entries
        .iter()
        .filter_map(|entry| stack.section(&entry.origin))
        .chain(manifest::OF_ALL)
        .collect();
    let concerns = |problem: &Problem| match (&problem.resource, &problem.span) {
        (Some(id), _) => chosen.contains(id),
        (None, Some(span)) => stack.section(span).is_none_or(|section| sections.contains(section)),
        (None, None) => true,
    };
    blueprint.refusals.retain(concerns);
    blueprint.warnings.retain(concerns);
    Ok(before - blueprint.entries.len())
}

pub(super) fn no_such(unknown: &Id, ids: &[Id], stack: &Stack) -> Problem {
    let problem = Problem::usage(format!("no resource of the stack `{}`: `{unknown}`", stack.manifest.stack));
    let names = || ids.iter().map(Id::as_str);
    did_you_mean(problem, unknown.as_str(), names()).hint(format!("all of them: {}", listed(names())))
}
