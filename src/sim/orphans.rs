use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{Mac, Program, Running, USER, clock, running::Stage, tool};
use crate::machine::Output;

/// Commands that forgectl had started when it was killed: they have a process group of their own, and go on.
#[derive(Default)]
pub(super) struct Orphans(Mutex<Vec<Orphan>>);

struct Orphan {
    pid: u32,
    output: Output,
    /// When the first of the stages happens.
    due: Timestamp,
    stages: VecDeque<(Duration, Stage)>,
}

impl Orphans {
    /// Takes over the rest of a command.
    pub(super) fn add(&self, mac: &mut Mac, argv: &[String], running: Running) {
        let Running { output, stages, .. } = running;
        let Some((first, _)) = stages.front() else { return };
        let due = clock::pass(mac.state.now, *first);
        let pid = mac.spawn_process(USER, tool::as_seen(argv), [].into(), Program::Idle);
        self.list().push(Orphan { pid, output, due, stages });
    }

    /// Lets all of them do what they do until then, or to their end.
    pub(super) fn go_on(&self, mac: &mut Mac, until: Option<Timestamp>) {
        let mut orphans = self.list();
        while let Some(at) = (0..orphans.len()).min_by_key(|&at| orphans[at].due) {
            let orphan = &mut orphans[at];
            if until.is_some_and(|until| orphan.due > until) {
                break;
            }
            mac.advance_to(orphan.due);
            if let Some((_, stage)) = orphan.stages.pop_front() {
                stage(mac, &mut orphan.output);
            }
            if let Some((after, _)) = orphan.stages.front() {
                orphan.due = clock::pass(orphan.due, *after);
            } else {
                mac.kill_process(orphan.pid, 15);
                orphans.remove(at);
            }
        }
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Orphan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
