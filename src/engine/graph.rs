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
        let jobs = jobs(entries, &ids, items);
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
                            let asked = Asked::Here(&job.entry.origin);
                            self.fell(&job.entry.resource.id(), &asked, &error, job.optional);
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
                Some(&need) => {
                    self.left_out(&ids[at], &format!("it needs {}", ids[need]), jobs[at].optional);
                }
                None => self.skipped(&ids[at], "the run was stopped before its turn"),
            }
        }
    }
}

/// What the order of the run goes by.
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
struct Job<'e> {
    entry: &'e Entry,
    needs: Vec<usize>,
    shown: Action,
    /// Takes the lane of privileged work, in which one goes at a time.
    sudo: bool,
    /// Starts `brew`, of which one goes at a time and none beside privileged work, since it lets sudo's ticket go.
    brew: bool,
    /// Stands on something that starts `brew`.
    after_brew: bool,
    /// Goes after the short ones.
    long: bool,
    /// Takes one of the lanes of large downloads.
    download: bool,
    /// Goes after all that the stack cannot do without: it is optional itself, or stands on what is.
    optional: bool,
}

/// How many large downloads go at a time.
const DOWNLOADS: usize = 2;

/// The jobs of `entries`, in their order, by what the plan shows of them.
fn jobs<'e>(entries: &'e [Entry], ids: &[Id], items: &[Item]) -> Vec<Job<'e>> {
    let place: HashMap<&Id, usize> = ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
    let shown: HashMap<&Id, &Item> =
        items.iter().filter(|item| item.action != Action::Remove).map(|item| (&item.id, item)).collect();
    let mut jobs: Vec<Job> = vec![];
    for (entry, id) in entries.iter().zip(ids) {
        let item = shown.get(id);
        let steps = item.map_or(&[][..], |item| &item.steps);
        let needs: Vec<usize> = entry.needs.iter().filter_map(|need| place.get(need).copied()).collect();
        // An entry stands behind all that it needs.
        let after_brew =
            needs.iter().filter_map(|&need| jobs.get(need)).any(|need| need.brew || need.after_brew);
        let optional =
            entry.optional || needs.iter().filter_map(|&need| jobs.get(need)).any(|need| need.optional);
        jobs.push(Job {
            entry,
            needs,
            shown: item.map_or(Action::Keep, |item| item.action),
            sudo: steps.iter().any(|step| step.sudo.is_some()),
            brew: steps.iter().any(|step| step.brew),
            after_brew,
            long: steps.iter().any(|step| step.long),
            download: steps.iter().any(|step| step.download),
            optional,
        });
    }
    jobs
}

/// The next resource to start: its needs are there and its lane is free; privileged work before the first `brew` where
/// the needs allow, short privileged work first, long work last.
fn next(jobs: &[Job], stages: &[Stage]) -> Option<usize> {
    let lane = |job: &Job| job.sudo || job.brew;
    let taken = jobs.iter().zip(stages).any(|(job, stage)| lane(job) && *stage == Stage::Running);
    let running = |(job, stage): &(&Job, &Stage)| job.download && **stage == Stage::Running;
    let downloads = jobs.iter().zip(stages).filter(running).count();
    let early = |(job, stage): (&Job, &Stage)| {
        job.sudo && !job.brew && !job.after_brew && matches!(stage, Stage::Waiting | Stage::Running)
    };
    let brew_waits = jobs.iter().zip(stages).any(early);
    (0..jobs.len())
        .filter(|&at| stages[at] == Stage::Waiting)
        .filter(|&at| jobs[at].needs.iter().all(|&need| stages[need] == Stage::Done))
        .filter(|&at| !(taken && lane(&jobs[at])))
        .filter(|&at| !(brew_waits && jobs[at].brew))
        .filter(|&at| !(jobs[at].download && downloads >= DOWNLOADS))
        .min_by_key(|&at| (jobs[at].optional, jobs[at].long, !jobs[at].sudo, at))
}

/// How often sudo asks: once beforehand, and again for what is privileged after a `brew`. `items` of which there is no entry
/// come first, in their order.
pub(super) fn questions(entries: &[Entry], items: &[Item]) -> usize {
    let ids: Vec<Id> = entries.iter().map(|entry| entry.resource.id()).collect();
    let jobs = jobs(entries, &ids, items);
    let mut stages = vec![Stage::Waiting; jobs.len()];
    let removed = items.iter().filter(|item| item.action == Action::Remove).flat_map(|item| &item.steps);
    let mut order: Vec<(bool, bool)> = removed.map(|step| (step.sudo.is_some(), step.brew)).collect();
    while let Some(at) = next(&jobs, &stages) {
        stages[at] = Stage::Done;
        order.push((jobs[at].sudo, jobs[at].brew));
    }
    let (mut ticket, mut questions) = (true, 1);
    for (sudo, brew) in order {
        if sudo && !ticket {
            questions += 1;
        }
        ticket = (ticket || sudo) && !brew;
    }
    questions
}
