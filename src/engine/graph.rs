use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use super::{
    plan::{Action, Item},
    run::{Asked, Run},
};
use crate::{blueprint::Entry, machine::Task, value::Id};

/// A resource on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Waiting,
    Running,
    Done,
    Failed,
}

impl Run<'_> {
    /// Brings all resources, each as soon as its needs are there, side by side where nothing forbids it. What needs
    /// something that failed is left out, and so is what is `stuck` in a place that it was to leave.
    pub(super) fn converge_all(&self, entries: &[Entry], items: &[Item], stuck: &BTreeSet<Id>) {
        let ids: Vec<Id> = entries.iter().map(|entry| entry.resource.id()).collect();
        let place: HashMap<&Id, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
        let shown: HashMap<&Id, &Item> =
            items.iter().filter(|item| item.action != Action::Remove).map(|item| (&item.id, item)).collect();
        let jobs: Vec<Job> = entries
            .iter()
            .zip(&ids)
            .map(|(entry, id)| Job::new(entry, shown.get(id).copied(), &place))
            .collect();
        let mut stages: Vec<Stage> =
            ids.iter().map(|id| if stuck.contains(id) { Stage::Failed } else { Stage::Waiting }).collect();
        let ended = Mutex::new(BTreeSet::new());
        self.machine.crew(&mut |done| {
            if let Some(done) = done {
                let well = ended.lock().unwrap_or_else(PoisonError::into_inner).remove(&done);
                stages[done] = if well { Stage::Done } else { Stage::Failed };
            }
            self.leave_out(&jobs, &ids, &mut stages);
            let mut tasks: Vec<(usize, Task)> = vec![];
            while let Some(next) = next(&jobs, &stages) {
                stages[next] = Stage::Running;
                let (job, ended) = (&jobs[next], &ended);
                tasks.push((
                    next,
                    Box::new(move || match self.converge(job.entry, job.shown) {
                        Ok(()) => {
                            ended.lock().unwrap_or_else(PoisonError::into_inner).insert(next);
                        }
                        Err(error) => {
                            self.failed(&job.entry.resource.id(), &Asked::Here(&job.entry.origin), &error);
                        }
                    }),
                ));
            }
            tasks
        });
    }

    /// Marks what cannot be reached any more.
    fn leave_out(&self, jobs: &[Job], ids: &[Id], stages: &mut [Stage]) {
        let stopped = self.stopped.load(Ordering::SeqCst);
        for at in 0..jobs.len() {
            let missing = jobs[at].needs.iter().find(|&&need| stages[need] == Stage::Failed);
            if stages[at] != Stage::Waiting || (missing.is_none() && !stopped) {
                continue;
            }
            stages[at] = Stage::Failed;
            match missing {
                Some(&need) => self.skipped(&ids[at], &format!("it needs {}", ids[need])),
                None => self.skipped(&ids[at], "the run was stopped before its turn"),
            }
        }
    }
}

/// What the order of the run goes by.
struct Job<'e> {
    entry: &'e Entry,
    needs: Vec<usize>,
    shown: Action,
    /// Takes the lane of privileged work, in which one goes at a time.
    sudo: bool,
    /// Goes after the short ones.
    long: bool,
}

impl<'e> Job<'e> {
    fn new(entry: &'e Entry, item: Option<&Item>, place: &HashMap<&Id, usize>) -> Self {
        let steps = item.map_or(&[][..], |item| &item.steps);
        Self {
            entry,
            needs: entry.needs.iter().filter_map(|need| place.get(need).copied()).collect(),
            shown: item.map_or(Action::Keep, |item| item.action),
            sudo: steps.iter().any(|step| step.sudo.is_some()),
            long: steps.iter().any(|step| step.long),
        }
    }
}

/// The next resource to start: its needs are there and its lane is free, short privileged work first, long work last.
fn next(jobs: &[Job], stages: &[Stage]) -> Option<usize> {
    let sudo_taken = jobs.iter().zip(stages).any(|(job, stage)| job.sudo && *stage == Stage::Running);
    (0..jobs.len())
        .filter(|&at| stages[at] == Stage::Waiting)
        .filter(|&at| jobs[at].needs.iter().all(|&need| stages[need] == Stage::Done))
        .filter(|&at| !(jobs[at].sudo && sudo_taken))
        .min_by_key(|&at| (jobs[at].long, !jobs[at].sudo, at))
}
