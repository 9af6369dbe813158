use std::collections::BTreeMap;

use anyhow::Result;

use super::plan::Plan;
use crate::{
    blueprint::{self, Blueprint},
    journal::Journal,
    machine::Look,
    manifest::Stack,
    value::Problem,
};

/// Why the disk is not as free as the manifest's `node` says, if something is to be fetched. What the stack holds already counts
/// as free, so that an apply that was cut short can go on; it is looked at only where it decides.
pub(super) fn judge(
    look: &dyn Look,
    stack: &Stack,
    blueprint: &Blueprint,
    journal: &Journal,
    plan: &Plan,
) -> Result<Option<Problem>> {
    let (Some(wanted), Some(free)) = (stack.manifest.node.free_disk, plan.node.disk_free) else {
        return Ok(None);
    };
    if free >= wanted.0 || !plan.fetches() {
        return Ok(None);
    }
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &blueprint.entries {
        let receipt = journal.receipt(&entry.resource.id());
        held.extend(entry.resource.place().held(look, receipt.as_ref())?);
    }
    let held = held.values().sum::<u64>();
    Ok(blueprint::too_little_free(stack, wanted.0, free, held))
}
