use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{
    event::Event,
    run::{Run, looking, seconds},
};
use crate::{
    journal::{Journal, Receipt, Record},
    value::Id,
};

/// Receipts in the order of their removal: each before all that it needs.
pub(super) fn order(receipts: Vec<(Id, Receipt)>) -> Vec<(Id, Receipt)> {
    let mut waiting: BTreeMap<Id, Receipt> = receipts.into_iter().collect();
    let mut wanted_by: BTreeMap<Id, usize> = BTreeMap::new();
    for need in waiting.values().flat_map(|receipt| &receipt.needs) {
        *wanted_by.entry(need.clone()).or_default() += 1;
    }
    let mut free: BTreeSet<Id> = waiting.keys().filter(|id| !wanted_by.contains_key(*id)).cloned().collect();
    let mut ordered = vec![];
    // A circle cannot come from a blueprint; should a journal hold one, its first goes first.
    while let Some(id) = free.pop_first().or_else(|| waiting.keys().next().cloned()) {
        let Some(receipt) = waiting.remove(&id) else { continue };
        for need in &receipt.needs {
            if let Some(count) = wanted_by.get_mut(need) {
                *count -= 1;
                if *count == 0 {
                    free.insert(need.clone());
                }
            }
        }
        ordered.push((id, receipt));
    }
    ordered
}

/// What `stack` has a part in, in the order of its removal.
pub(super) fn claimed(journal: &Journal, stack: &str) -> Vec<(Id, Receipt)> {
    order(journal.receipts().into_iter().filter(|(_, receipt)| receipt.claims.contains(stack)).collect())
}

impl Run<'_> {
    /// Takes one resource away or gives it back. One that another stack wants too is only let go.
    pub(super) fn remove(&self, id: &Id, receipt: &Receipt, all_data: bool) -> Result<()> {
        let started = self.machine.now();
        self.go_on()?;
        let released = || Ok(Record::Released { stack: self.stack.clone(), id: id.clone() });
        if receipt.claims.iter().any(|stack| *stack != self.stack) {
            self.kept(id, "another stack wants it too");
            return self.drive(id, None, &[], released);
        }
        let found = receipt.place.observe(looking(self.machine), Some(receipt))?;
        let removal = receipt.place.removal(receipt, &found, all_data, &self.identity.state);
        if !removal.steps.is_empty() {
            self.sink.event(&Event::ResourceStarted { id: id.clone() });
            self.back_up(&receipt.place, Some(receipt), &found)?;
        }
        for why in &removal.kept {
            self.kept(id, why);
        }
        if removal.holds {
            // Its receipt stays, so that it can still be removed later.
            return Ok(());
        }
        self.drive(id, None, &removal.steps, released)?;
        if !removal.steps.is_empty() {
            self.with_summary(|summary| summary.changed.push(id.clone()));
            let seconds = seconds(started, self.machine.now());
            self.sink.event(&Event::ResourceDone { id: id.clone(), evidence: vec![], seconds });
        }
        Ok(())
    }

    fn kept(&self, id: &Id, why: &str) {
        self.with_summary(|summary| summary.kept.push((id.clone(), why.to_owned())));
        self.sink.event(&Event::Kept { id: id.clone(), why: why.to_owned() });
    }
}
