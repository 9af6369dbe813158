use std::time::Duration;

use anyhow::{Error, Result, anyhow};

use super::{
    event::Event,
    plan::Action,
    run::{Run, looking, seconds},
    survey::action,
};
use crate::{
    blueprint::Entry,
    journal::{Receipt, Record},
    machine::{Changing, Halt, Looking},
    resource::Resource,
    value::{Place, Problem, State, Value, Want, Wanted, differences},
};

/// How long a service may take until it answers.
const PATIENCE: Duration = Duration::from_mins(2);

impl Run<'_> {
    /// Brings one resource to what is wanted and proves it; `shown` is what the plan said would be done.
    pub(super) fn converge(&self, entry: &Entry, shown: Action) -> Result<()> {
        let resource = &entry.resource;
        let (id, place) = (resource.id(), resource.place());
        let started = self.machine.now();
        self.go_on()?;
        let receipt = self.journal.receipt(&id).filter(|receipt| receipt.place == place);
        let found = place.observe(looking(self.machine), receipt.as_ref())?;
        let deltas = differences(&resource.wanted(), &found);
        let now = action(&**resource, receipt.is_some(), &found, &deltas);
        if now == Action::Adopt && shown != Action::Adopt {
            return Err(anyhow!(
                Problem::mac(format!("`{id}` has come into being since the plan was made"))
                    .hint("look at it, then plan again: the plan will say that it is taken over")
            ));
        }
        if now == Action::Replace && shown != Action::Replace {
            return Err(Problem::mac(format!(
                "`{id}` is another than when the plan was made, and would be replaced"
            ))
            .why(resource.reason(&found, &deltas))
            .hint("look at it, then plan again: the plan will say what is lost")
            .into());
        }
        if deltas.is_empty() {
            return self.keep(entry, receipt.as_ref(), &place, found);
        }
        self.sink.event(&Event::ResourceStarted { id: id.clone() });
        self.back_up(&place, receipt.as_ref(), &found)?;
        let intent = self.intent(entry, &place, &found);
        let steps = resource.steps(&found, &deltas);
        self.drive(&id, Some(intent), &steps, || {
            let left = place.observe(looking(self.machine), None)?;
            let still = differences(&resource.wanted(), &left);
            if still.is_empty() {
                let left = remembered(&place, &resource.wanted(), left);
                return Ok(self.finished(&**resource, left));
            }
            let fields: Vec<String> =
                still.iter().map(|delta| format!("{} is {}", delta.field, delta.found)).collect();
            Err(Problem::mac(format!("`{id}` is not as wanted after its steps"))
                .why(fields.join(", "))
                .into())
        })
        .map_err(|error| self.with_symptoms(&**resource, error))?;
        let mut evidence = resource.check(self.machine, PATIENCE)?;
        let proof = resource.prove(self.machine)?;
        self.pin(&**resource)?;
        evidence.extend(proof.iter().filter(|seen| !evidence.contains(seen)).cloned().collect::<Vec<_>>());
        self.with_summary(|summary| summary.changed.push(id.clone()));
        let seconds = seconds(started, self.machine.now());
        self.sink.event(&Event::ResourceDone { id: id.clone(), evidence, seconds });
        if !proof.is_empty() {
            self.sink.event(&Event::Proved { id, evidence: proof });
        }
        Ok(())
    }

    /// A failure with what is to be seen of its cause.
    fn with_symptoms(&self, resource: &dyn Resource, error: Error) -> Error {
        if Halt::of(&error).is_some() {
            return error;
        }
        resource.symptoms(self.machine).into_iter().fold(Problem::from_error(&error), Problem::why).into()
    }

    /// Nothing has to be done: what the journal does not know yet is written down, and the resource is checked.
    fn keep(&self, entry: &Entry, receipt: Option<&Receipt>, place: &Place, found: State) -> Result<()> {
        let id = entry.resource.id();
        // A secret stays as long as what stands on it, as far as that is written down.
        let secrets = |receipt: &Receipt| {
            let mut secrets = entry.needs.iter().filter(|need| need.kind() == "secret");
            secrets.all(|need| receipt.needs.contains(need))
        };
        let claimed = receipt.is_some_and(|receipt| receipt.claims.contains(&self.stack) && secrets(receipt));
        let known = receipt
            .is_some_and(|receipt| claimed && receipt.aim.is_none() && receipt.urls == entry.resource.urls());
        if !known {
            if !claimed {
                self.back_up(place, receipt, &found)?;
                self.write_down(self.intent(entry, place, &found))?;
            }
            let left = remembered(place, &entry.resource.wanted(), found);
            self.write_down(self.finished(&*entry.resource, left))?;
        }
        // A server that was just started again may need a moment.
        let evidence = entry.resource.check(self.machine, PATIENCE)?;
        self.pin(&*entry.resource)?;
        self.with_summary(|summary| summary.unchanged += 1);
        self.sink.event(&Event::ResourceDone { id, evidence, seconds: 0.0 });
        Ok(())
    }

    fn intent(&self, entry: &Entry, place: &Place, found: &State) -> Record {
        let wanted = entry.resource.wanted();
        let mut former = found.clone();
        for field in wanted.keys() {
            former.fields.entry(field.clone()).or_insert(Value::Absent);
        }
        Record::Intent {
            stack: self.stack.clone(),
            id: entry.resource.id(),
            place: place.clone(),
            origin: entry.origin.to_string(),
            needs: entry.needs.clone(),
            former: remembered(place, &wanted, former),
            aim: remembered(place, &wanted, aim(&wanted)),
        }
    }

    fn finished(&self, resource: &dyn Resource, left: State) -> Record {
        Record::Done { stack: self.stack.clone(), id: resource.id(), left, urls: resource.urls() }
    }

    /// Keeps a copy, by digest, of a file that is about to be replaced and is not ours.
    pub(super) fn back_up(&self, place: &Place, receipt: Option<&Receipt>, found: &State) -> Result<()> {
        let Some((path, field)) = place.backed_up() else { return Ok(()) };
        let value = found.get(field);
        if *value == Value::Absent || receipt.is_some_and(|receipt| receipt.ours(field, value)) {
            return Ok(());
        }
        let (Some(content), Some(digest)) = (self.machine.read(path)?, self.machine.digest(path)?) else {
            return Ok(());
        };
        self.machine.keep(&self.identity.state.join("backups").join(digest), &content)
    }
}

/// What the fields will hold when all is as wanted.
fn aim(wanted: &Wanted) -> State {
    let mut aim = State::present();
    for (field, want) in wanted {
        if let Want::Is(value) = want {
            aim.fields.insert(field.clone(), value.clone());
        }
    }
    aim
}

/// What of a state may be written to the journal.
fn remembered(place: &Place, wanted: &Wanted, mut state: State) -> State {
    state.fields.retain(|field, _| place.remembers(field.as_str(), wanted.contains_key(field)));
    state
}
