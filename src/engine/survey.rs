use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;

use super::{
    free_disk, graph, lock,
    only::{narrow, no_such},
    origin,
    plan::{Action, Item, Plan},
    removal::{self, Standing},
    shut,
};
use crate::{
    blueprint::{self, Blueprint, Entry},
    journal::{Journal, Receipt, Receipts},
    machine::{Identity, Look, Looking, Once, Tool, facts},
    manifest::Stack,
    resource::{Quote, Removal, Resource, Upstream},
    step::About,
    value::{Delta, Id, Place, Problem, State, Upgrade, differences, shell_word},
};

/// A Mac seen through a stack: what is wanted, what was found, and what would be done.
pub(super) struct Survey {
    /// What is wanted.
    pub(super) blueprint: Blueprint,
    /// What would be done.
    pub(super) plan: Plan,
    /// Resources that have left the manifest, or are to move, in the order of their removal.
    pub(super) leaving: Vec<(Id, Receipt)>,
}

/// What would be done to bring the Mac behind `look` to `stack`. Changes nothing.
pub fn survey(look: &dyn Look, stack: &Stack) -> Result<Plan> {
    survey_only(look, stack, &[])
}

/// The same for the resources `only` and all that they need, while nothing leaves; for all when none is named. Fails with a
/// fault of usage when one of them is none of the stack's.
pub fn survey_only(look: &dyn Look, stack: &Stack, only: &[Id]) -> Result<Plan> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = &lock::filled(look, stack, &identity)?;
    Ok(observe(look, stack, &identity, &journal, only)?.plan)
}

pub(super) fn observe(
    look: &dyn Look,
    stack: &Stack,
    identity: &Identity,
    journal: &Journal,
    only: &[Id],
) -> Result<Survey> {
    let look = &Once::new(look);
    let facts = facts::gather(look)?;
    let receipts = journal.receipts();
    let name = stack.manifest.stack.as_str();
    let mut blueprint = blueprint::build(look, stack, &facts, identity, &receipts)?;

    let mut leaving = leaving(&blueprint, receipts, name);
    let left_aside = narrow(&mut blueprint, &mut leaving, stack, only)?;
    judge_upgrade(&blueprint, stack)?;
    let stays: HashSet<Id> = blueprint.entries.iter().map(|entry| entry.resource.id()).collect();

    let mut items = vec![];
    for mut item in removals(look, &leaving, name, false, identity, journal)? {
        let why =
            if stays.contains(&item.id) { "it moves to another place" } else { "no longer in the manifest" };
        item.reason = format!("{why}: {}", item.reason);
        items.push(item);
    }
    let (mut hindrances, mut told) = (vec![], vec![]);
    for entry in &blueprint.entries {
        let (mut item, said) = item(look, entry, journal)?;
        let shut = shut::hinders(look, identity, &entry.resource.place(), item.action)?;
        hindrances.extend(shut.map(|problem| problem.at(Some(&entry.origin)).of(&item.id)));
        item.locked = stack.lock.pin(&item.id).filter(|pin| entry.resource.is_held_to(pin)).cloned();
        hindrances.extend(said.refusals);
        told.extend(said.warnings);
        items.push(item);
    }
    let (torn, shared) = with_others(look, stack, &blueprint, journal, identity, &items)?;
    let mut plan = Plan {
        stack: name.to_owned(),
        manifest: stack.source().name().to_owned(),
        items,
        only: only.to_vec(),
        upgrade: stack.upgrade.clone(),
        left_aside,
        refusals: blueprint.refusals.iter().cloned().chain(hindrances).chain(torn).collect(),
        warnings: blueprint.warnings.iter().cloned().chain(shared).chain(told).collect(),
        exposed: blueprint.entries.iter().filter_map(|entry| entry.resource.exposed()).collect(),
        sudo_asks: false,
        sudo_questions: 0,
        node: facts,
    };
    judge_sudo(look, &mut plan, identity)?;
    if plan.sudo_asks {
        plan.sudo_questions = graph::questions(&blueprint.entries, &plan.items);
    }
    let largest = plan.items.iter().max_by_key(|item| item.quote.download.max(item.quote.disk));
    let shortage = blueprint::disk_shortage(plan.counts().disk, plan.node.disk_free);
    plan.refusals.extend(shortage.map(|problem| problem.at(largest.and_then(|item| item.origin.as_ref()))));
    plan.refusals.extend(free_disk::judge(look, stack, &blueprint, journal, &plan)?);
    plan.refusals = plan.refusals.into_iter().map(|problem| lock::naming(problem, &stack.typed)).collect();
    Ok(Survey { blueprint, plan, leaving })
}

/// Fails with a fault of usage when something is to be upgraded that is no formula or cask of the stack.
fn judge_upgrade(blueprint: &Blueprint, stack: &Stack) -> Result<()> {
    let Upgrade::These(ids) = &stack.upgrade else { return Ok(()) };
    let all: Vec<Id> = blueprint.entries.iter().map(|entry| entry.resource.id()).collect();
    for id in ids {
        if !all.contains(id) {
            return Err(no_such(id, &all, stack).into());
        }
        if !matches!(id.kind(), "brew-formula" | "brew-cask") {
            return Err(Problem::usage(format!("what Homebrew did not bring is not upgraded: `{id}`"))
                .hint("formulae and casks are: `brew-formula/NAME`, `brew-cask/NAME`")
                .into());
        }
    }
    Ok(())
}

/// What `stack` has a part in and wants no more, or wants elsewhere, in the order of its removal.
pub(super) fn leaving(blueprint: &Blueprint, receipts: Receipts, stack: &str) -> Vec<(Id, Receipt)> {
    let places: HashMap<Id, Place> =
        blueprint.entries.iter().map(|entry| (entry.resource.id(), entry.resource.place())).collect();
    let left =
        |id: &Id, receipt: &Receipt| receipt.claims.contains(stack) && places.get(id) != Some(&receipt.place);
    removal::order(receipts.into_iter().filter(|(id, receipt)| left(id, receipt)).collect())
}

/// Why what other stacks want too cannot be had: it would have to be in two places. And what they will see changed.
fn with_others(
    look: &dyn Look,
    stack: &Stack,
    blueprint: &Blueprint,
    journal: &Journal,
    identity: &Identity,
    items: &[Item],
) -> Result<(Vec<Problem>, Vec<Problem>)> {
    let (typed, stack) = (&stack.typed, stack.manifest.stack.as_str());
    let (mut torn, mut shared, mut joined) = (vec![], vec![], BTreeSet::new());
    for entry in &blueprint.entries {
        let id = entry.resource.id();
        let Some(receipt) = journal.receipt(&id) else { continue };
        let Some(other) = receipt.claims.iter().find(|claim| *claim != stack) else { continue };
        let of = |problem: Problem| problem.at(Some(&entry.origin)).of(&id);
        if !receipt.claims.contains(stack) {
            joined.insert(other.clone());
        }
        if receipt.place != entry.resource.place() {
            let problem =
                Problem::mac(format!("the stack `{other}` has `{id}` in another place: {}", receipt.place));
            torn.push(of(match origin::file(look, identity, other)? {
                Some(file) => problem
                    .hint("let both want the same, or take the other stack away first:")
                    .remedy(typed.command("forgectl destroy", &shell_word(file.as_str()))),
                None => problem.hint("let both want the same, or destroy that by its own manifest first"),
            }));
        } else if items
            .iter()
            .any(|item| item.id == id && matches!(item.action, Action::Change | Action::Replace))
        {
            shared.push(of(Problem::mac(format!(
                "the stack `{other}` wants `{id}` too, and will find it changed"
            ))));
        }
    }
    shared.extend(joined.into_iter().map(|other| {
        Problem::mac(format!(
            "the stack `{other}` has brought some of this already; from now on both have it"
        ))
        .hint("what both have stays until both are destroyed")
        .hint(format!("if `{stack}` is its new name, write the old one and destroy that first"))
    }));
    Ok((torn, shared))
}

/// What would be done to take away what forgectl brought for `stack`. Changes nothing.
pub(super) fn destruction(
    look: &dyn Look,
    stack: &Stack,
    identity: &Identity,
    journal: &Journal,
    all_data: bool,
) -> Result<Plan> {
    let look = &Once::new(look);
    let name = stack.manifest.stack.as_str();
    let items = removals(look, &removal::claimed(journal, name), name, all_data, identity, journal)?;
    let mut plan = Plan {
        stack: name.to_owned(),
        manifest: stack.source().name().to_owned(),
        items,
        only: vec![],
        upgrade: Upgrade::default(),
        left_aside: 0,
        refusals: vec![],
        warnings: vec![],
        exposed: vec![],
        sudo_asks: false,
        sudo_questions: 0,
        node: facts::gather(look)?,
    };
    judge_sudo(look, &mut plan, identity)?;
    if plan.sudo_asks {
        plan.sudo_questions = graph::questions(&[], &plan.items);
    }
    Ok(plan)
}

/// Whether root is needed and can be had.
fn judge_sudo(look: &dyn Look, plan: &mut Plan, identity: &Identity) -> Result<()> {
    let reasons = plan.counts().sudo;
    if reasons.is_empty() {
        return Ok(());
    }
    if !identity.is_admin() {
        plan.refusals.push(not_admin(&identity.user, &reasons).at(plan.sudo_origin()));
        return Ok(());
    }
    plan.sudo_asks = !look.tool(Tool::SudoReady)?.ok();
    Ok(())
}

fn not_admin(user: &str, reasons: &[String]) -> Problem {
    Problem::mac(format!("`{user}` is not an administrator of this Mac"))
        .why(format!("root is needed for: {}", reasons.join(", ")))
        .hint("let an administrator apply, or take these parts out of the manifest; who is one:")
        .remedy("dscl . -read /Groups/admin GroupMembership")
}

/// What would be done about each of `entries`, in their order.
pub fn wanted(look: &dyn Look, entries: &[Entry], journal: &Journal) -> Result<Vec<Item>> {
    entries.iter().map(|entry| Ok(item(look, entry, journal)?.0)).collect()
}

/// One resource, and what speaks against bringing it.
fn item(look: &dyn Look, entry: &Entry, journal: &Journal) -> Result<(Item, Upstream)> {
    let resource = &entry.resource;
    let id = resource.id();
    let receipt = journal.receipt(&id).filter(|receipt| receipt.place == resource.place());
    let place = resource.place();
    let seen = place.survey(look, receipt.as_ref());
    let found = seen.map_err(|error| shut::unseen(error, &id, &place, Some(&entry.origin)))?;
    let deltas = differences(&resource.wanted(), &found);
    let action = action(&**resource, receipt.is_some(), &found, &deltas);
    let hindrance = resource.hindrance(&found, receipt.is_some());
    let mut said = match hindrance {
        None if !deltas.is_empty() => resource.upstream(look, &found, &deltas)?,
        _ => Upstream::default(),
    };
    if entry.optional {
        // It fails by itself, and that is a warning.
        said.warnings.append(&mut said.refusals);
    }
    said.refusals.extend(hindrance);
    let (steps, quote, reason) = if deltas.is_empty() {
        (
            vec![],
            Quote::default(),
            if action == Action::Adopt { "take over as it is".into() } else { String::new() },
        )
    } else {
        let steps = resource.steps(&found, &deltas);
        (
            steps.iter().map(|step| step.about()).collect(),
            resource.quote(look)?,
            resource.reason(&found, &deltas),
        )
    };
    let origin = Some(entry.origin.clone());
    let needs = entry.needs.clone();
    let placed = |problems: Vec<Problem>| {
        problems.into_iter().map(|problem| problem.at(Some(&entry.origin)).of(&id)).collect()
    };
    let said = Upstream { refusals: placed(said.refusals), warnings: placed(said.warnings) };
    Ok((Item { id, action, deltas, reason, steps, quote, needs, locked: None, origin }, said))
}

/// What is to be done about a resource that was found so. A job under a label of ours that we have no receipt for
/// is taken over only when the plan says so.
pub(super) fn action(resource: &dyn Resource, known: bool, found: &State, deltas: &[Delta]) -> Action {
    match resource.place() {
        Place::Job { .. } if found.present && !known => Action::Adopt,
        _ if deltas.is_empty() => Action::Keep,
        _ if found.present && resource.replaces(found) => Action::Replace,
        _ if found.present => Action::Change,
        _ => Action::Add,
    }
}

/// What would be done to take away `receipts`, in their order.
pub(super) fn removals(
    look: &dyn Look,
    receipts: &[(Id, Receipt)],
    stack: &str,
    all_data: bool,
    identity: &Identity,
    journal: &Journal,
) -> Result<Vec<Item>> {
    let leaving = removal::leaving(identity, journal, receipts, all_data);
    let mut held = Standing::default();
    let mut items = vec![];
    for (id, receipt) in receipts {
        let seen = receipt.place.survey(look, Some(receipt));
        let found = seen.map_err(|error| shut::unseen(error, id, &receipt.place, None))?;
        let mut removal = receipt.place.removal(receipt, &found, &leaving);
        if let Some(other) = receipt.claims.iter().find(|claim| *claim != stack) {
            let why = format!("the stack `{other}` wants it too");
            removal = Removal { kept: vec![why], ..Removal::default() };
        }
        if let Some(why) = held.why(id) {
            removal = Removal { kept: vec![why], holds: true, ..Removal::default() };
        }
        if removal.holds && !removal.alone {
            held.add(id, receipt);
        }
        items.push(removed(id, receipt, &removal));
    }
    Ok(items)
}

fn removed(id: &Id, receipt: &Receipt, removal: &Removal) -> Item {
    let steps: Vec<About> = removal.steps.iter().map(|step| step.about()).collect();
    let reason = if !removal.kept.is_empty() {
        let done = steps.iter().map(|step| &step.words);
        removal.kept.iter().chain(done).map(String::as_str).collect::<Vec<_>>().join("; ")
    } else if removal.steps.is_empty() {
        "nothing of ours is left of it".into()
    } else if receipt.created() {
        "remove what forgectl brought".into()
    } else {
        "give back what was there before".into()
    };
    Item {
        id: id.clone(),
        action: if steps.is_empty() { Action::Keep } else { Action::Remove },
        deltas: vec![],
        reason,
        steps,
        quote: Quote::default(),
        needs: receipt.needs.clone(),
        locked: None,
        origin: None,
    }
}
