use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::{Kept, kept, naming};
use crate::{
    blueprint::{self, Entry},
    engine::{apply::take_lock, only::no_such, survey},
    journal::Journal,
    machine::{Look, Looking, Machine, Once, facts},
    manifest::Stack,
    resource::Newest,
    value::{Id, Lock, Pin, Problem, Problems},
};

/// How a lock was moved to what upstream has now.
#[derive(Clone, Debug)]
pub struct LockUpdate {
    /// The stack's name.
    pub stack: String,
    /// The lock: on the Mac, or beside the manifest.
    pub file: String,
    /// What moves, by resource.
    pub moved: Vec<Moved>,
    /// How many of those that were asked for stay where they are.
    pub unmoved: usize,
    /// Why some stay that upstream has newer, or may have.
    pub warnings: Vec<Problem>,
    /// Whether it was written.
    pub written: bool,
}

/// How one resource moves in a lock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moved {
    /// Which.
    pub id: Id,
    /// What was locked.
    pub from: Option<Pin>,
    /// What becomes of it.
    pub to: Moving,
}

/// What becomes of a resource in a lock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Moving {
    /// This is locked now.
    To(Pin),
    /// It is locked no more, and the next apply resolves it anew: only bringing it tells what there is now.
    Anew,
    /// It is locked no more, since it has left the manifest.
    Out,
}

/// Moves the lock of `stack` to what upstream has now: the resources `only`, or all when none is named. Nothing but the lock is
/// changed, and that only with `write`. Fails as a whole, and writes nothing, when one of them cannot be asked for.
pub fn update_lock(machine: &dyn Machine, stack: &Stack, only: &[Id], write: bool) -> Result<LockUpdate> {
    let identity = machine.identity()?;
    if identity.uid == 0 {
        return Err(Problems(survey::survey(machine, stack)?.refusals).into());
    }
    // An apply that runs meanwhile would find another lock than it read.
    let _alone = if write { Some(take_lock(machine, &identity, stack, "lock --update")?) } else { None };
    let before = Kept::read(machine, stack, &identity)?;
    let file = before.name().ok_or_else(nowhere)?.to_owned();
    let entries = unlocked(machine, &before, stack, only)?;
    let asked = asked(&entries, &before.lock, stack, only)?;

    let (mut lock, mut moved, mut unmoved) = (before.lock.clone(), vec![], 0);
    let (mut warnings, mut problems) = (vec![], vec![]);
    for id in asked {
        let entry = entries.iter().find(|entry| entry.resource.id() == id);
        let (from, newest) =
            (before.lock.pin(&id).cloned(), entry.map(|entry| newest(machine, entry, stack)).transpose());
        let to = match newest {
            Ok(Some(Newest { pin: Some(pin), stays })) => {
                let stays = stays.filter(|_| from.as_ref() == Some(&pin));
                if only.contains(&id) { &mut problems } else { &mut warnings }.extend(stays);
                Moving::To(pin)
            }
            Ok(Some(Newest { pin: None, .. })) => Moving::Anew,
            Ok(None) => Moving::Out,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match &to {
            Moving::To(pin) if from.as_ref() == Some(pin) => unmoved += 1,
            Moving::Anew if from.is_none() => {
                if only.contains(&id) {
                    problems.push(nothing_open(&id, entry));
                }
            }
            Moving::To(pin) => {
                lock.set(id.clone(), pin.clone());
                moved.push(Moved { id, from, to });
            }
            Moving::Anew | Moving::Out => {
                lock.remove(&id);
                moved.push(Moved { id, from, to });
            }
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems).into());
    }
    let written = write && !moved.is_empty();
    if written && before.put(machine, &lock)?.is_none() {
        return Err(kept::moved(&file).into());
    }
    Ok(LockUpdate {
        stack: stack.manifest.stack.as_str().to_owned(),
        file,
        moved,
        unmoved,
        warnings,
        written,
    })
}

/// The resources of `stack` as they are where those that are to move are not locked.
fn unlocked(look: &dyn Look, kept: &Kept, stack: &Stack, only: &[Id]) -> Result<Vec<Entry>> {
    let mut stack = kept.fill(stack);
    let moves = |id: &&Id| only.is_empty() || only.contains(id);
    for id in kept.lock.iter().map(|(id, _)| id).filter(moves) {
        stack.lock.remove(id);
    }
    let pass = Once::new(look);
    let identity = pass.identity()?;
    let receipts = Journal::open(&pass, &identity.state)?.receipts();
    Ok(blueprint::build(&pass, &stack, &facts::gather(&pass)?, &identity, &receipts)?.entries)
}

/// Which resources are asked for: those named, or all that there are and were.
fn asked(entries: &[Entry], lock: &Lock, stack: &Stack, only: &[Id]) -> Result<BTreeSet<Id>> {
    let locked = lock.iter().map(|(id, _)| id.clone());
    let all: BTreeSet<Id> = entries.iter().map(|entry| entry.resource.id()).chain(locked).collect();
    if only.is_empty() {
        return Ok(all);
    }
    match only.iter().find(|id| !all.contains(id)) {
        Some(unknown) => Err(no_such(unknown, &all.into_iter().collect::<Vec<_>>(), stack).into()),
        None => Ok(only.iter().cloned().collect()),
    }
}

fn newest(look: &dyn Look, entry: &Entry, stack: &Stack) -> Result<Newest, Problem> {
    let id = entry.resource.id();
    let placed = |problem: Problem| naming(problem, &stack.typed).at(Some(&entry.origin)).of(&id);
    let newest =
        entry.resource.newest(look).with_context(|| format!("what upstream has of `{id}` now is not known"));
    match newest {
        Ok(newest) => Ok(Newest { stays: newest.stays.map(placed), ..newest }),
        Err(error) => Err(placed(Problem::from_error(&error))
            .hint("the lock stays as it is; name others to move them alone")),
    }
}

fn nothing_open(id: &Id, entry: Option<&Entry>) -> Problem {
    Problem::usage(format!("there is nothing to lock of `{id}` yet"))
        .why("the manifest leaves nothing of it open, or only bringing it tells what there is")
        .at(entry.map(|entry| &entry.origin))
        .of(id)
}

fn nowhere() -> Problem {
    Problem::usage("a manifest that is no file has no lock").hint("put it into a file")
}
