use std::collections::HashMap;

use anyhow::Result;

use super::{
    plan::{Action, Item, Plan},
    removal,
};
use crate::{
    blueprint::{self, Blueprint, Entry},
    journal::{Journal, Receipt},
    machine::{Identity, Look, Looking, Once, Tool, facts},
    manifest::Stack,
    resource::Quote,
    value::{Delta, Id, Place, Problem, State, differences},
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
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    Ok(observe(look, stack, &identity, &journal)?.plan)
}

pub(super) fn observe(
    look: &dyn Look,
    stack: &Stack,
    identity: &Identity,
    journal: &Journal,
) -> Result<Survey> {
    let look = &Once::new(look);
    let facts = facts::gather(look)?;
    let receipts = journal.receipts();
    let name = stack.manifest.stack.as_str();
    let blueprint = blueprint::build(look, stack, &facts, identity, &receipts)?;

    let places: HashMap<Id, Place> =
        blueprint.entries.iter().map(|entry| (entry.resource.id(), entry.resource.place())).collect();
    let leaving: Vec<(Id, Receipt)> = receipts
        .into_iter()
        .filter(|(id, receipt)| receipt.claims.contains(name) && places.get(id) != Some(&receipt.place))
        .collect();
    let leaving = removal::order(leaving);

    let mut items = vec![];
    for (id, receipt) in &leaving {
        items.push(removed(look, id, receipt, false, identity)?);
    }
    items.extend(wanted(look, &blueprint.entries, journal)?);
    let mut plan = Plan {
        stack: name.to_owned(),
        manifest: stack.source().name().to_owned(),
        items,
        refusals: blueprint.refusals.clone(),
        warnings: blueprint.warnings.clone(),
        exposed: blueprint.exposed.clone(),
        sudo_asks: false,
        node: facts,
    };
    judge_sudo(look, &mut plan, identity)?;
    plan.refusals.extend(blueprint::disk_shortage(plan.counts().download, plan.node.disk_free));
    Ok(Survey { blueprint, plan, leaving })
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
    let mut items = vec![];
    for (id, receipt) in removal::claimed(journal, name) {
        items.push(removed(look, &id, &receipt, all_data, identity)?);
    }
    let mut plan = Plan {
        stack: name.to_owned(),
        manifest: stack.source().name().to_owned(),
        items,
        refusals: vec![],
        warnings: vec![],
        exposed: vec![],
        sudo_asks: false,
        node: facts::gather(look)?,
    };
    judge_sudo(look, &mut plan, identity)?;
    Ok(plan)
}

/// Whether root is needed and can be had.
fn judge_sudo(look: &dyn Look, plan: &mut Plan, identity: &Identity) -> Result<()> {
    let reasons = plan.counts().sudo;
    if reasons.is_empty() {
        return Ok(());
    }
    if !identity.is_admin() {
        plan.refusals.push(not_admin(&identity.user, &reasons));
        return Ok(());
    }
    plan.sudo_asks = !look.tool(Tool::SudoReady)?.ok();
    Ok(())
}

fn not_admin(user: &str, reasons: &[String]) -> Problem {
    Problem::mac(format!("`{user}` is not an administrator of this Mac"))
        .why(format!("root is needed for: {}", reasons.join(", ")))
        .hint("let an administrator apply, or take these parts out of the manifest")
}

/// What would be done about each of `entries`, in their order.
pub fn wanted(look: &dyn Look, entries: &[Entry], journal: &Journal) -> Result<Vec<Item>> {
    entries.iter().map(|entry| item(look, entry, journal)).collect()
}

fn item(look: &dyn Look, entry: &Entry, journal: &Journal) -> Result<Item> {
    let resource = &entry.resource;
    let id = resource.id();
    let receipt = journal.receipt(&id).filter(|receipt| receipt.place == resource.place());
    let found = resource.place().observe(look, receipt.as_ref())?;
    let deltas = differences(&resource.wanted(), &found);
    let action = action(&resource.place(), receipt.is_some(), &found, &deltas);
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
    Ok(Item { id, action, deltas, reason, steps, quote, needs: entry.needs.clone(), origin })
}

/// What is to be done about a resource that was found so. A job under a label of ours that we have no receipt for
/// is taken over only when the plan says so.
pub(super) fn action(place: &Place, known: bool, found: &State, deltas: &[Delta]) -> Action {
    match place {
        Place::Job { .. } if found.present && !known => Action::Adopt,
        _ if deltas.is_empty() => Action::Keep,
        _ if found.present => Action::Change,
        _ => Action::Add,
    }
}

fn removed(look: &dyn Look, id: &Id, receipt: &Receipt, all_data: bool, identity: &Identity) -> Result<Item> {
    let found = receipt.place.observe(look, Some(receipt))?;
    let removal = receipt.place.removal(receipt, &found, all_data, &identity.state);
    let reason = if !removal.kept.is_empty() {
        removal.kept.join("; ")
    } else if removal.steps.is_empty() {
        "nothing of ours is left of it".into()
    } else if receipt.created() {
        "remove what forgectl brought".into()
    } else {
        "give back what was there before".into()
    };
    Ok(Item {
        id: id.clone(),
        action: if removal.steps.is_empty() { Action::Keep } else { Action::Remove },
        deltas: vec![],
        reason,
        steps: removal.steps.iter().map(|step| step.about()).collect(),
        quote: Quote::default(),
        needs: receipt.needs.clone(),
        origin: None,
    })
}
