use anyhow::Result;

use super::{rehearsal::own_node, survey::survey};
use crate::{
    journal::Journal,
    machine::{Look, Looking},
    manifest::Stack,
    sim::{Mac, Options, Sim},
    value::Id,
};

/// The ids of the resources of `stack` as a fresh simulated Mac of its own node has them: no other Mac is looked at.
pub fn ids(stack: &Stack) -> Result<Vec<Id>> {
    let sim = Sim::new(Mac::new(&own_node(stack)?, 0), Options::default());
    Ok(survey(&sim, stack)?.items.into_iter().map(|item| item.id).collect())
}

/// The ids of the resources that the journal behind `look` knows, of whichever stack. Nothing else is looked at.
pub fn known_ids(look: &dyn Look) -> Result<Vec<Id>> {
    let identity = look.identity()?;
    Ok(Journal::open(look, &identity.state)?.receipts().into_keys().collect())
}
