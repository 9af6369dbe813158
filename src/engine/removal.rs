use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    event::Event,
    run::{Asked, Run, looking, seconds},
};
use crate::{
    journal::{Journal, Receipt, Record},
    machine::Identity,
    resource::{Leaving, dependencies_id, formula_brought, formulae_before},
    step::{OwnServer, StillUsed},
    value::{Id, Place, Value},
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

/// How `receipts` are given back in one run.
pub(super) fn leaving<'l>(
    identity: &'l Identity,
    journal: &Journal,
    receipts: &[(Id, Receipt)],
    all_data: bool,
) -> Leaving<'l> {
    let mut formulae = BTreeSet::new();
    let goes = |receipt: &Receipt| receipt.created() && receipt.claims.len() == 1;
    for (_, receipt) in receipts.iter().filter(|(_, receipt)| goes(receipt)) {
        let left = |field: &str| receipt.left_value(field).and_then(Value::as_text).map(str::to_owned);
        let (sort, names) = match &receipt.place {
            Place::Formula { name, known_as } if formula_brought(receipt) => {
                ("", [Some(name.clone()), known_as.clone(), left("keg")])
            }
            Place::Cask { token, known_as, .. } => {
                ("cask/", [Some(token.clone()), known_as.clone(), left("token")])
            }
            _ => continue,
        };
        for name in names.into_iter().flatten() {
            // What is of a tap is known by its bare name there.
            let bare = name.rsplit('/').next().unwrap_or_default();
            formulae.extend([format!("{sort}{bare}"), format!("{sort}{name}")]);
        }
    }
    let going = |id: &Id, volume: &Receipt| {
        let ours = receipts.iter().any(|(going, _)| going == id) && volume.claims.len() == 1;
        all_data && ours && volume.created()
    };
    let volumes = journal.receipts().into_iter();
    let staying =
        volumes.filter(|(id, receipt)| matches!(receipt.place, Place::Volume { .. }) && !going(id, receipt));
    let opened = staying.flat_map(|(id, receipt)| {
        receipt.needs.into_iter().filter(|need| need.kind() == "secret").map(move |need| (need, id.clone()))
    });
    let opened = opened.collect();
    let machines = receipts.iter().filter_map(|(_, receipt)| match &receipt.place {
        Place::VirtualMachine { home, profile } if all_data && goes(receipt) => {
            Some(home.join(profile).join("docker.sock"))
        }
        _ => None,
    });
    let machines = machines.collect();
    let before = journal.receipt(&dependencies_id()).map(|receipt| formulae_before(&receipt));
    let ollama = receipts.iter().find_map(|(_, receipt)| {
        let Place::Job { domain, label, .. } = &receipt.place else { return None };
        let (_, url) = receipt.urls.iter().find(|(name, _)| name == "Ollama")?;
        Some(OwnServer { url: url.clone(), domain: *domain, label: label.clone() })
    });
    Leaving {
        state_folder: &identity.state,
        all_data,
        formulae,
        before: before.unwrap_or_default(),
        ollama,
        machines,
        opened,
    }
}

/// What `stack` has a part in, in the order of its removal.
pub(super) fn claimed(journal: &Journal, stack: &str) -> Vec<(Id, Receipt)> {
    order(journal.receipts().into_iter().filter(|(_, receipt)| receipt.claims.contains(stack)).collect())
}

/// Resources that stay where they are, and what they stand on, which has to stay too.
#[derive(Default)]
pub(super) struct Standing {
    ids: BTreeSet<Id>,
    needed: BTreeMap<Id, Id>,
}

impl Standing {
    /// One stays.
    pub(super) fn add(&mut self, id: &Id, receipt: &Receipt) {
        self.ids.insert(id.clone());
        self.needed.extend(receipt.needs.iter().map(|need| (need.clone(), id.clone())));
    }

    /// Why this one has to stay, if it has to.
    pub(super) fn why(&self, id: &Id) -> Option<String> {
        self.needed.get(id).map(|user| format!("{user} stands on it, and stays"))
    }
}

/// Parts `receipts` into what goes before the rest converges, and what goes after it: networks and images of an engine that stays,
/// which containers are in or run from until they are made anew.
pub(super) fn parted(receipts: &[(Id, Receipt)]) -> [Vec<(Id, Receipt)>; 2] {
    let leaves = |socket: &Utf8PathBuf| {
        let mut places = receipts.iter().map(|(_, receipt)| &receipt.place);
        places.any(|place| matches!(place, Place::Engine { socket: leaving } if leaving == socket))
    };
    let early = |receipt: &Receipt| match &receipt.place {
        Place::Network { engine, .. } | Place::Image { engine, .. } => leaves(engine),
        _ => true,
    };
    receipts.iter().cloned().partition::<Vec<_>, _>(|(_, receipt)| early(receipt)).into()
}

/// Whether a removal went all the way.
enum Gone {
    /// It did; the receipt is gone too.
    Yes,
    /// Something of ours stays on purpose, and its receipt with it; whether that needs nothing that it stood on.
    Held { alone: bool },
}

impl Run<'_> {
    /// Takes all of `receipts` away, in their order. What one that stays stands on stays too. Answers with all that could not be
    /// removed.
    pub(super) fn remove_all(&self, receipts: &[(Id, Receipt)], all_data: bool) -> BTreeSet<Id> {
        let (mut held, mut stuck) = (Standing::default(), Standing::default());
        let leaving = leaving(self.identity, self.journal, receipts, all_data);
        for (id, receipt) in receipts {
            if let Some(why) = stuck.why(id) {
                self.skipped(id, &why);
                stuck.add(id, receipt);
            } else if let Some(why) = held.why(id) {
                self.kept(id, &why);
                held.add(id, receipt);
            } else {
                match self.remove(id, receipt, &leaving) {
                    Ok(Gone::Held { alone: false }) => held.add(id, receipt),
                    Ok(Gone::Yes | Gone::Held { alone: true }) => {}
                    Err(error) => {
                        self.failed(id, &Asked::Before(&receipt.origin), &error);
                        stuck.add(id, receipt);
                    }
                }
            }
        }
        stuck.ids
    }

    /// Takes one resource away or gives it back. One that another stack wants too is only let go.
    fn remove(&self, id: &Id, receipt: &Receipt, leaving: &Leaving) -> Result<Gone> {
        let started = self.machine.now();
        self.go_on()?;
        let released = || Ok(Record::Released { stack: self.stack.clone(), id: id.clone() });
        if let Some(other) = receipt.claims.iter().find(|stack| **stack != self.stack) {
            self.kept(id, &format!("the stack `{other}` wants it too"));
            return self.drive(id, None, &[], released).map(|()| Gone::Yes);
        }
        let found = receipt.place.observe(looking(self.machine), Some(receipt))?;
        let removal = receipt.place.removal(receipt, &found, leaving);
        if !removal.steps.is_empty() {
            self.sink.event(&Event::ResourceStarted { id: id.clone() });
            self.back_up(&receipt.place, Some(receipt), &found)?;
        }
        for why in &removal.kept {
            self.kept(id, why);
        }
        if removal.holds {
            // Its receipt stays, so that it can still be removed later.
            return Ok(Gone::Held { alone: removal.alone });
        }
        if let Err(error) = self.drive(id, None, &removal.steps, released) {
            let Some(used) = error.downcast_ref::<StillUsed>() else { return Err(error) };
            self.kept(id, &used.to_string());
            return Ok(Gone::Held { alone: false });
        }
        if matches!(receipt.place, Place::Folder { .. }) && !removal.steps.is_empty() {
            // Ours goes when it is empty; it may have come to hold what is others'.
            if receipt.place.observe(looking(self.machine), None)?.present {
                self.kept(id, "others have put something into it");
                return Ok(Gone::Yes);
            }
        }
        if !removal.steps.is_empty() {
            self.with_summary(|summary| summary.changed.push(id.clone()));
            let seconds = seconds(started, self.machine.now());
            self.sink.event(&Event::ResourceDone { id: id.clone(), evidence: vec![], seconds });
        }
        Ok(Gone::Yes)
    }

    fn kept(&self, id: &Id, why: &str) {
        self.with_summary(|summary| summary.kept.push((id.clone(), why.to_owned())));
        self.sink.event(&Event::Kept { id: id.clone(), why: why.to_owned() });
    }
}
