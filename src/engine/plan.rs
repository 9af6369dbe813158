//! What would be done, and why.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    machine::facts::Facts,
    resource::Quote,
    step::About,
    value::{Delta, Id, Pin, Problem, Span, Upgrade},
};

/// What would be done, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// The manifest, as the person named it.
    pub manifest: String,
    /// The Mac that it is for.
    pub node: Facts,
    /// A line a resource, in the order of the run; those without a change too.
    pub items: Vec<Item>,
    /// The resources that it was narrowed to, as the person named them; none when it is whole.
    pub only: Vec<Id>,
    /// What was asked to be brought to its newest version.
    pub upgrade: Upgrade,
    /// How many other resources of the stack were left aside for that, neither looked at nor changed.
    pub left_aside: usize,
    /// Why it cannot be applied: each is shown, and apply stops before the first change.
    pub refusals: Vec<Problem>,
    /// What is worth knowing beforehand.
    pub warnings: Vec<Problem>,
    /// What will listen beyond this Mac, in plain words.
    pub exposed: Vec<String>,
    /// Whether a person has to type a password for sudo.
    pub sudo_asks: bool,
    /// How often, as far as can be said: each `brew` lets sudo's ticket go.
    pub sudo_questions: usize,
}

/// What would be done about one resource.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Which.
    pub id: Id,
    /// What.
    pub action: Action,
    /// The fields that are not as wanted.
    pub deltas: Vec<Delta>,
    /// In a few words: `install`, `OLLAMA_KEEP_ALIVE 5m -> 30m`.
    pub reason: String,
    /// The steps, in order.
    pub steps: Vec<About>,
    /// What it costs.
    pub quote: Quote,
    /// What must be there before it.
    pub needs: Vec<Id>,
    /// What the lock says of it, if anything.
    pub locked: Option<Pin>,
    /// The place in the manifest that asks for it; none for what has left the manifest.
    pub origin: Option<Span>,
}

/// What is done about a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is as wanted.
    Keep,
    /// It is not there, and is brought.
    Add,
    /// It is there, and something of it is changed.
    Change,
    /// It is there, and cannot become what is wanted: it is removed and brought anew.
    Replace,
    /// It is there without us having brought it, and is taken over.
    Adopt,
    /// It has left the manifest, and is removed or given back.
    Remove,
}

/// A plan in numbers.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Resources that are brought.
    pub add: usize,
    /// Resources that are changed.
    pub change: usize,
    /// Resources that are removed and brought anew.
    pub replace: usize,
    /// Resources that are taken over.
    pub adopt: usize,
    /// Resources that are removed.
    pub remove: usize,
    /// Resources that are as wanted.
    pub keep: usize,
    /// Bytes to download, as far as is known.
    pub download: u64,
    /// Bytes that are needed on disk at the most, as far as is known: what is fetched and what is made of it.
    pub disk: u64,
    /// Services that are restarted.
    pub restarts: Vec<String>,
    /// What root is needed for, a word or two each.
    pub sudo: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.items.iter().all(|item| item.action == Action::Keep)
    }

    /// Whether anything is to be fetched, or may be.
    pub fn fetches(&self) -> bool {
        self.changes().any(|item| !item.steps.is_empty() && item.quote.download != Some(0))
    }

    /// The items with something to do.
    pub fn changes(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.action != Action::Keep)
    }

    /// The first place in the manifest that asks for something that needs root.
    pub fn sudo_origin(&self) -> Option<&Span> {
        let needs_root = |item: &&Item| item.steps.iter().any(|step| step.sudo.is_some());
        self.items.iter().filter(needs_root).find_map(|item| item.origin.as_ref())
    }

    /// It in numbers.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let mut parts: HashSet<&str> = HashSet::new();
        for item in &self.items {
            *match item.action {
                Action::Keep => &mut counts.keep,
                Action::Add => &mut counts.add,
                Action::Change => &mut counts.change,
                Action::Replace => &mut counts.replace,
                Action::Adopt => &mut counts.adopt,
                Action::Remove => &mut counts.remove,
            } += 1;
            // What two share is fetched once.
            let again = item.quote.parts.iter().filter(|(digest, _)| !parts.insert(digest.as_str()));
            let again: u64 = again.map(|(_, bytes)| bytes).sum();
            let download = item.quote.download.unwrap_or(0).saturating_sub(again);
            counts.download += download;
            counts.disk += download + item.quote.disk.unwrap_or(0);
            for step in &item.steps {
                counts.restarts.extend(
                    step.restarts
                        .iter()
                        .filter(|name| !counts.restarts.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                counts.sudo.extend(
                    step.sudo.iter().filter(|name| !counts.sudo.contains(name)).cloned().collect::<Vec<_>>(),
                );
            }
        }
        counts
    }
}
