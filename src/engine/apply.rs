use std::sync::{Mutex, PoisonError, atomic::AtomicBool};

use anyhow::Result;

use super::{
    books,
    consent::{self, How},
    event::{Event, Sink, Summary},
    lock::{self, Book, Kept},
    log::RunLog,
    origin,
    plan::{Action, Plan},
    removal,
    run::Run,
    survey,
};
use crate::{
    desk::Person,
    journal::Journal,
    machine::{Change, Changing, Halt, Hold, Identity, Looking, Machine, Sudo},
    manifest::Stack,
    value::{Id, Problem, Problems},
};

/// Brings the Mac behind `machine` to `stack`: plan, question, run, prove. The plan and all that happens go to `sink`. Fails
/// before the first change when the plan is refused; afterwards the summary says what failed.
pub fn apply(
    machine: &dyn Machine,
    stack: &Stack,
    how: &How,
    person: &dyn Person,
    sink: &dyn Sink,
) -> Result<Summary> {
    in_run(machine, stack, "apply", sink, |run| {
        let kept = Kept::read(machine, stack, run.identity)?;
        let stack = &kept.fill(stack);
        run.book.open(kept);
        let survey = survey::observe(machine, stack, run.identity, run.journal, &how.only)?;
        run.sink.event(&Event::Planned { plan: Box::new(survey.plan.clone()) });
        if !begin(run, &survey.plan, how, "Apply", person)? {
            return Ok(false);
        }
        origin::remember(machine, stack, run.identity)?;
        let [early, late] = removal::parted(&survey.leaving);
        let stuck = run.remove_all(&early, false);
        if how.only.is_empty() {
            run.unpin_others(&survey.blueprint.entries);
        }
        run.converge_all(&survey.blueprint.entries, &survey.plan.items, &stuck);
        if run.with_summary(|summary| summary.ok()) {
            run.remove_all(&late, false);
        } else {
            for (id, _) in &late {
                run.skipped(
                    id,
                    "what stands on it has not all gone or come up anew; the next apply removes it",
                );
            }
        }
        run.with_summary(|summary| {
            let gone = [&summary.failed, &summary.skipped, &summary.optional];
            let there = |id: &Id| !gone.iter().any(|ids| ids.contains(id));
            let entries = survey.blueprint.entries.iter().filter(|entry| there(&entry.resource.id()));
            summary.open = entries.flat_map(|entry| entry.resource.urls()).collect();
        });
        Ok(true)
    })
}

/// Takes away what forgectl brought for `stack`, and gives back what it changed. Data, and what other tools share, stay
/// unless `all_data`.
pub fn destroy(
    machine: &dyn Machine,
    stack: &Stack,
    how: &How,
    all_data: bool,
    person: &dyn Person,
    sink: &dyn Sink,
) -> Result<Summary> {
    in_run(machine, stack, "destroy", sink, |run| {
        let plan = survey::destruction(machine, stack, run.identity, run.journal, all_data)?;
        run.sink.event(&Event::Planned { plan: Box::new(plan.clone()) });
        if !begin(run, &plan, how, "Destroy", person)? {
            return Ok(false);
        }
        run.remove_all(&removal::claimed(run.journal, &run.stack), all_data);
        if run.with_summary(|summary| summary.ok()) {
            lock::forget(machine, stack, run.identity)?;
            origin::forget(machine, stack, run.identity)?;
        }
        Ok(true)
    })
}

/// Consent, leave to be root, and a Mac that stays awake. An empty plan asks nothing.
pub(super) fn begin(run: &Run, plan: &Plan, how: &How, verb: &str, person: &dyn Person) -> Result<bool> {
    let changes = plan.changes().count();
    let noun = if changes == 1 { "this change".to_owned() } else { format!("these {changes} changes") };
    let how = if plan.is_empty() && how.saved.is_none() { &How { yes: true, ..How::default() } } else { how };
    if !consent::agreed(plan, how, &format!("{verb} {noun}? [y/N/e(xplain)]"), person)? {
        return Ok(false);
    }
    if plan.changes().any(|item| item.action != Action::Keep) {
        run.get_sudo(plan.counts().sudo, plan.sudo_origin())?;
        run.machine.done(&Change::Awake)?;
    }
    Ok(true)
}

/// What every run has: the lock, the journal, its log, and its end. `work` answers whether it was let begin.
pub(super) fn in_run(
    machine: &dyn Machine,
    stack: &Stack,
    command: &'static str,
    sink: &dyn Sink,
    work: impl FnOnce(&Run) -> Result<bool>,
) -> Result<Summary> {
    let identity = machine.identity()?;
    if identity.uid == 0 {
        // Not even a journal is made: what root makes the user could not change.
        return Err(Problems(survey::survey(machine, stack)?.refusals).into());
    }
    let name = format!("{}-{command}-{}", machine.now().strftime("%Y%m%dT%H%M%SZ"), identity.pid);
    let lock = take_lock(machine, &identity, stack, command)?;
    let journal = Journal::open(machine, &identity.state)?;
    let path = identity.state.join("runs").join(format!("{name}.jsonl"));
    let log = RunLog::new(machine, path.clone(), sink);
    let run = Run {
        machine,
        journal: &journal,
        identity: &identity,
        sink: &log,
        stack: stack.manifest.stack.as_str().to_owned(),
        typed: stack.typed.clone(),
        name,
        summary: Mutex::new(Summary { log: path.to_string(), ..Summary::default() }),
        book: Book::default(),
        stopped: AtomicBool::new(false),
        ticket: AtomicBool::new(false),
        _lock: lock,
    };
    run.sink.event(&Event::Started { command, stack: run.stack.clone(), log: path.into_string() });
    let begun = work(&run);
    let begun = machine.done(&Change::Sudo(Sudo::Release)).and(begun).inspect_err(|error| {
        let problems = if Halt::of(error).is_some() { vec![] } else { Problem::all_of(error) };
        run.sink.event(&Event::Refused { problems });
    })?;
    run.hear_interruption();
    let mut summary = run.summary.lock().unwrap_or_else(PoisonError::into_inner).clone();
    summary.declined = !begun;
    // Whoever asked to stop when all was done already stopped nothing.
    summary.interrupted &= !summary.skipped.is_empty() || !summary.failed.is_empty();
    run.sink.event(&Event::Finished { summary: summary.clone() });
    Ok(summary)
}

pub(super) fn take_lock(
    machine: &dyn Machine,
    identity: &Identity,
    stack: &Stack,
    command: &str,
) -> Result<Hold> {
    let path = identity.state.join("lock");
    let stack = stack.manifest.stack.as_str();
    let note =
        format!("`{command}` of the stack `{stack}`, pid {}, since {:.0}", identity.pid, machine.now());
    let taken = machine.lock(&path, note).map_err(|error| {
        if Halt::of(&error).is_some() {
            return error;
        }
        let problem = Problem::mac(format!("forgectl cannot keep its books in `{}`", identity.state));
        books::unkept(problem.hint("nothing was changed"), &error, identity).into()
    })?;
    taken.map_err(|holder| {
        Problem::mac("another run is under way on this Mac")
            .why(format!("the lock is held by {holder}"))
            .why(format!("lock: {path}"))
            .hint("wait for it to end, then try again; a run that was killed holds no lock")
            .into()
    })
}
