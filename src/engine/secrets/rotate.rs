use anyhow::Result;

use super::list::{self, KeptSecret};
use crate::{
    desk::Person,
    engine::{
        apply::{begin, in_run},
        consent::How,
        event::{Event, Sink, Summary},
        nearest::{did_you_mean, listed},
        plan::{Action, Item, Plan},
        run::{Run, looking, seconds},
    },
    journal::{Receipt, Record},
    machine::{Look, Looking, Machine, facts},
    manifest::Stack,
    resource::{Quote, Secret},
    step::{RotateSecret, Step},
    value::{Declared, Id, Problem, Rotation, State, Upgrade},
};

/// Gives the secret `name` of `stack` another value on the Mac behind `machine`. What has it is made anew by the apply that follows.
/// One that was begun before and not finished is finished. The plan and all that happens go to `sink`.
pub fn rotate_secret(
    machine: &dyn Machine,
    stack: &Stack,
    name: &str,
    how: &How,
    person: &dyn Person,
    sink: &dyn Sink,
) -> Result<Summary> {
    in_run(machine, stack, "secrets rotate", sink, |run| {
        let (id, receipt, secret) = found(run, name)?;
        let declared = secret.declared.clone().ok_or_else(|| unknown(&secret))?;
        let step = RotateSecret { files: secret.files.clone(), declared };
        let plan = plan(run, stack, &id, &receipt, &secret, &step)?;
        run.sink.event(&Event::Planned { plan: Box::new(plan.clone()) });
        if !begin(run, &plan, how, "Make", person)? {
            return Ok(false);
        }
        run.rotate(&id, &receipt, step)?;
        Ok(true)
    })
}

/// The secret called `name`, or by its id.
fn found(run: &Run, name: &str) -> Result<(Id, Receipt, KeptSecret)> {
    let all = list::of(run.machine, &run.journal.receipts(), &run.stack)?;
    let bare = name.strip_prefix("secret/").unwrap_or(name);
    let secret = all.iter().find(|secret| secret.files.name.as_str() == bare);
    let found = secret.and_then(|secret| {
        let id = Secret::id_of(&secret.files.name);
        Some((id.clone(), run.journal.receipt(&id)?, secret.clone()))
    });
    found.ok_or_else(|| {
        let names = || all.iter().map(|secret| secret.files.name.as_str());
        let problem =
            Problem::usage(format!("the stack `{}` has no secret of this name: `{name}`", run.stack));
        let problem = did_you_mean(problem, bare, names());
        match all.as_slice() {
            [] => problem.hint("it has none; services that want one bring it along"),
            _ => problem.hint(format!("all of them: {}", listed(names()))),
        }
        .into()
    })
}

/// Nobody knows how it could be changed.
fn unknown(secret: &KeptSecret) -> Problem {
    Problem::mac(format!("it is not known how the secret `{}` changes", secret.files.name))
        .why(format!("{} cannot be read", secret.files.declared()))
        .hint("an apply writes it anew:")
        .remedy("forgectl apply STACK")
}

fn plan(
    run: &Run,
    stack: &Stack,
    id: &Id,
    receipt: &Receipt,
    secret: &KeptSecret,
    step: &RotateSecret,
) -> Result<Plan> {
    let anew: Vec<&str> =
        secret.held_by.iter().filter(|holder| holder.kind() != "volume").map(Id::as_str).collect();
    let begun = if secret.changing { "go on with the change that was begun" } else { "another value" };
    let reason = match anew.as_slice() {
        [] => format!("{begun}; nothing has it now"),
        anew => format!("{begun}; the next apply makes these anew: {}", anew.join(", ")),
    };
    let item = Item {
        id: id.clone(),
        action: Action::Change,
        deltas: vec![],
        reason,
        steps: vec![step.about()],
        quote: Quote::default(),
        needs: receipt.needs.clone(),
        locked: None,
        origin: None,
    };
    Ok(Plan {
        stack: run.stack.clone(),
        manifest: stack.source().name().to_owned(),
        items: vec![item],
        only: vec![],
        upgrade: Upgrade::default(),
        left_aside: 0,
        refusals: refusal(run.machine, secret, &step.declared)?
            .into_iter()
            .map(|problem| problem.of(id))
            .collect(),
        warnings: vec![],
        exposed: vec![],
        sudo_asks: false,
        sudo_questions: 0,
        node: facts::gather(run.machine)?,
    })
}

/// Why it cannot be changed, or not now.
fn refusal(look: &dyn Look, secret: &KeptSecret, declared: &Declared) -> Result<Option<Problem>> {
    let name = &secret.files.name;
    Ok(match &declared.rotation {
        Rotation::Fixed(why) => Some(
            Problem::mac(format!("the secret `{name}` cannot be changed")).why(why).hint("it stays as it is"),
        ),
        Rotation::Restart => None,
        Rotation::Statement(user) => {
            let problem = || {
                Problem::mac(format!(
                    "the secret `{name}` cannot be changed now: its database is not there to be told"
                ))
            };
            let again = |problem: Problem| problem.hint("bring it up first:").remedy("forgectl apply STACK");
            match look.containers(&user.engine)? {
                Err(fault) => Some(again(problem().why(format!("unix://{}: {fault}", user.engine)))),
                Ok(there) if there.iter().any(|container| container.name == user.container) => None,
                Ok(_) => Some(again(problem().why(format!("there is no container {}", user.container)))),
            }
        }
    })
}

impl Run<'_> {
    fn rotate(&self, id: &Id, receipt: &Receipt, step: RotateSecret) -> Result<()> {
        let started = self.machine.now();
        let observe = || receipt.place.observe(looking(self.machine), None);
        self.sink.event(&Event::ResourceStarted { id: id.clone() });
        let intent = Record::Intent {
            stack: self.stack.clone(),
            id: id.clone(),
            place: receipt.place.clone(),
            origin: receipt.origin.clone(),
            needs: receipt.needs.clone(),
            former: observe()?,
            aim: State::present().with("changing", false),
        };
        let done = self.drive(id, Some(intent), &[Box::new(step) as Box<dyn Step>], || {
            Ok(Record::Done {
                stack: self.stack.clone(),
                id: id.clone(),
                left: observe()?,
                urls: receipt.urls.clone(),
            })
        });
        done?;
        self.with_summary(|summary| summary.changed.push(id.clone()));
        let left = observe()?;
        let evidence = left.get("fingerprint").as_text().map(|value| format!("{value} now"));
        let seconds = seconds(started, self.machine.now());
        self.sink.event(&Event::ResourceDone {
            id: id.clone(),
            evidence: evidence.into_iter().collect(),
            seconds,
        });
        Ok(())
    }
}
