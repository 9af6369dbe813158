//! Whether all is there and healthy.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use serde::Serialize;

use super::{
    lock,
    plan::{Action, Item},
    shut, survey,
};
use crate::{
    blueprint::{self, Blueprint, Entry},
    journal::Journal,
    machine::{Halt, Identity, Look, Looking, Machine, Once, facts, facts::Facts},
    manifest::Stack,
    resource::Evidence,
    value::{Delta, Id, Problem, Span, Typed, differences},
};

/// What a look at every resource of a stack gave.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The stack's name.
    pub stack: String,
    /// The Mac.
    pub node: Facts,
    /// A row a resource.
    pub rows: Vec<Row>,
    /// Why the stack could not be applied to this Mac now, beyond what the rows say.
    pub refusals: Vec<Problem>,
    /// What is here because of an earlier manifest, and goes at the next apply.
    pub leaving: Vec<Id>,
}

/// What was seen of one resource.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which.
    pub id: Id,
    /// How it is.
    pub verdict: Verdict,
    /// The fields that are not as declared.
    pub deltas: Vec<Delta>,
    /// The same in a few words; empty when all are.
    pub reason: String,
    /// What shows that it is well.
    pub evidence: Evidence,
    /// What is wrong, when it is not well.
    pub problem: Option<Problem>,
    /// The place in the manifest that asks for it.
    pub origin: Option<Span>,
    /// Whether the stack can do without it.
    pub optional: bool,
}

/// How a resource is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As declared, and healthy.
    Well,
    /// Not there.
    Missing,
    /// There, and not as declared.
    Differs,
    /// As declared, and not working.
    Unwell,
}

impl Status {
    /// Whether every resource is well that the stack cannot do without.
    pub fn ok(&self) -> bool {
        self.rows.iter().all(|row| row.optional || row.verdict == Verdict::Well)
            && self.refusals.is_empty()
            && self.leaving.is_empty()
    }
}

/// Looks at every resource of `stack`, without patience. Changes nothing.
pub fn status(look: &dyn Look, stack: &Stack) -> Result<Status> {
    let pass = Once::new(look);
    let seen = Seen::new(&pass, stack)?;
    seen.status(&pass, |entry| entry.resource.check(&pass, Duration::ZERO))
}

/// The same, and proves by use what can be used; `say` hears beforehand what that loads. What two would load is loaded once.
pub fn status_by_use(machine: &dyn Machine, stack: &Stack, say: &mut dyn FnMut(&str)) -> Result<Status> {
    let pass = Once::new(machine);
    let seen = Seen::new(&pass, stack)?;
    let (mut loaded, mut proved) = (vec![], BTreeMap::new());
    for entry in &seen.blueprint.entries {
        // What cannot be asked now is told by the row itself.
        if let Ok(Some(loads)) = entry.resource.use_loads(machine) {
            let id = entry.resource.id();
            if let Some((by, _)) = loaded.iter().find(|(_, what)| *what == loads.what) {
                proved.insert(id, format!("tried out with {by}"));
            } else {
                say(&format!("{id}: {}", loads.words));
                loaded.push((id, loads.what));
            }
        }
    }
    seen.status(&pass, |entry| match proved.get(&entry.resource.id()) {
        None => entry.resource.prove(machine),
        Some(by) => {
            let mut evidence = entry.resource.check(machine, Duration::ZERO)?;
            evidence.push(by.clone());
            Ok(evidence)
        }
    })
}

/// What a status goes by.
struct Seen {
    stack: String,
    typed: Typed,
    node: Facts,
    identity: Identity,
    journal: Journal,
    blueprint: Blueprint,
}

impl Seen {
    fn new(look: &dyn Look, stack: &Stack) -> Result<Self> {
        let identity = look.identity()?;
        let journal = Journal::open(look, &identity.state)?;
        let stack = &lock::filled(look, stack, &identity)?;
        let node = facts::gather(look)?;
        let mut blueprint = blueprint::build(look, stack, &node, &identity, &journal.receipts())?;
        let refusals = std::mem::take(&mut blueprint.refusals).into_iter();
        blueprint.refusals = refusals.map(|problem| lock::naming(problem, &stack.typed)).collect();
        let (name, typed) = (stack.manifest.stack.as_str().to_owned(), stack.typed.clone());
        Ok(Self { stack: name, typed, node, identity, journal, blueprint })
    }

    fn status(self, look: &dyn Look, check: impl Fn(&Entry) -> Result<Evidence>) -> Result<Status> {
        let rows = self
            .blueprint
            .entries
            .iter()
            .map(|entry| self.row(entry, look, &check))
            .collect::<Result<Vec<Row>>>()?;
        let told = |refusal: &Problem| rows.iter().any(|row| row.problem.as_ref() == Some(refusal));
        let refusals = self.blueprint.refusals.iter().filter(|refusal| !told(refusal)).cloned().collect();
        let leaving = survey::leaving(&self.blueprint, self.journal.receipts(), &self.stack);
        let items = survey::removals(look, &leaving, &self.stack, false, &self.identity, &self.journal)?;
        let goes = |item: &Item| item.action == Action::Remove;
        let leaving = items.into_iter().filter(goes).map(|item| item.id).collect();
        Ok(Status { stack: self.stack, node: self.node, rows, refusals, leaving })
    }

    fn row(&self, entry: &Entry, look: &dyn Look, check: impl Fn(&Entry) -> Result<Evidence>) -> Result<Row> {
        let resource = &entry.resource;
        let (id, place) = (resource.id(), resource.place());
        let receipt = self.journal.receipt(&id).filter(|receipt| receipt.place == place);
        let (origin, optional) = (Some(entry.origin.clone()), entry.optional);
        let found = match place.observe(look, receipt.as_ref()) {
            Ok(found) => found,
            Err(error) if Halt::of(&error).is_some() => return Err(error),
            Err(error) => {
                let problem = Problem::from_error(&shut::unseen(error, &id, &place, origin.as_ref()));
                let (verdict, deltas, evidence) = (Verdict::Unwell, vec![], vec![]);
                let (reason, problem) = (String::new(), Some(problem));
                return Ok(Row { id, verdict, deltas, reason, evidence, problem, origin, optional });
            }
        };
        let deltas = differences(&resource.wanted(), &found);
        // What keeps it from being applied is what is wrong with it.
        let refused = self.blueprint.refusals.iter().find(|refusal| refusal.resource.as_ref() == Some(&id));
        let hindrance = resource.hindrance(&found, receipt.is_some());
        let hindrance =
            hindrance.map(|problem| lock::naming(problem, &self.typed).at(origin.as_ref()).of(&id));
        if !deltas.is_empty() {
            let verdict = if found.present { Verdict::Differs } else { Verdict::Missing };
            let reason = resource.reason(&found, &deltas);
            let problem = refused.cloned().or(hindrance);
            return Ok(Row { id, verdict, deltas, reason, evidence: vec![], problem, origin, optional });
        }
        if hindrance.is_some() {
            let (verdict, reason, evidence) = (Verdict::Unwell, String::new(), vec![]);
            return Ok(Row { id, verdict, deltas, reason, evidence, problem: hindrance, origin, optional });
        }
        match check(entry) {
            Ok(evidence) => {
                let (verdict, reason) = (Verdict::Well, String::new());
                Ok(Row { id, verdict, deltas, reason, evidence, problem: None, origin, optional })
            }
            Err(error) if Halt::of(&error).is_some() => Err(error),
            Err(error) => {
                let problem = Some(Problem::from_error(&error).at(origin.as_ref()).of(&id));
                let (verdict, reason) = (Verdict::Unwell, String::new());
                Ok(Row { id, verdict, deltas, reason, evidence: vec![], problem, origin, optional })
            }
        }
    }
}
