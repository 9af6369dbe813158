use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::{
    books,
    event::{Event, Sink, Summary},
    lock::{Book, naming},
};
use crate::{
    journal::{Journal, Record},
    machine::{Halt, Hold, Identity, Look, Machine, Tell, Wait},
    step::{About, Step},
    value::{Id, Problem, Span, Typed, without_credentials},
};

/// A run under way: the lock is held, events are heard.
pub(super) struct Run<'r> {
    pub(super) machine: &'r dyn Machine,
    pub(super) journal: &'r Journal,
    pub(super) identity: &'r Identity,
    pub(super) sink: &'r dyn Sink,
    pub(super) stack: String,
    /// How commands are told of it.
    pub(super) typed: Typed,
    /// Its name, for the journal and its log.
    pub(super) name: String,
    pub(super) summary: Mutex<Summary>,
    /// What is locked.
    pub(super) book: Book,
    /// Whether nothing new may start: the person asked to stop, or the journal cannot be written.
    pub(super) stopped: AtomicBool,
    /// Whether there was leave to run commands as root when it was last looked at.
    pub(super) ticket: AtomicBool,
    pub(super) _lock: Hold,
}

impl Run<'_> {
    /// Converging, leaving and destroying all go this way: a record before the first effect, a step at a time, a record of
    /// what was left.
    pub(super) fn drive(
        &self,
        id: &Id,
        begin: Option<Record>,
        steps: &[Box<dyn Step>],
        finish: impl FnOnce() -> Result<Record>,
    ) -> Result<()> {
        if let Some(begin) = begin {
            self.write_down(begin)?;
        }
        for step in steps {
            self.go_on()?;
            let About { words, sudo, brew, .. } = step.about();
            if let Some(reason) = sudo
                && !self.ticket.load(Ordering::SeqCst)
            {
                self.get_sudo(vec![reason], None)?;
            }
            let started = self.machine.now();
            self.sink.event(&Event::StepStarted { id: id.clone(), words: words.clone() });
            let done = step.run(self.machine, &Telling { id, sink: self.sink });
            if brew {
                // docs/mac-facts.md#brew-drops-ticket
                self.ticket.store(false, Ordering::SeqCst);
            }
            done.with_context(|| format!("could not {words}"))?;
            let seconds = seconds(started, self.machine.now());
            self.sink.event(&Event::StepDone { id: id.clone(), words, seconds });
        }
        self.write_down(finish()?)
    }

    /// Writes to the journal; if that fails nothing new starts.
    pub(super) fn write_down(&self, record: Record) -> Result<()> {
        self.journal.write(self.machine, &self.name, record).map_err(|error| {
            self.stopped.store(true, Ordering::SeqCst);
            if Halt::of(&error).is_some() {
                return error;
            }
            books::unkept(Problem::mac("the journal cannot be written"), &error, self.identity).into()
        })
    }

    /// Fails when the person has asked to stop, or nothing new may start.
    pub(super) fn go_on(&self) -> Result<()> {
        self.machine.wait(Duration::ZERO, Wait::Poll)?;
        if self.stopped.load(Ordering::SeqCst) { Err(Halt::Interrupted.into()) } else { Ok(()) }
    }

    /// Tells that the person has asked to stop, even if that came too late to leave anything out.
    pub(super) fn hear_interruption(&self) {
        let asked = matches!(self.machine.wait(Duration::ZERO, Wait::Poll), Err(error) if Halt::of(&error) == Some(Halt::Interrupted));
        if asked && !self.with_summary(|summary| std::mem::replace(&mut summary.interrupted, true)) {
            self.sink.event(&Event::Interrupted);
        }
    }

    /// Tells a failure: an interruption leaves the resource out, anything else fails it.
    pub(super) fn failed(&self, id: &Id, asked: &Asked, error: &anyhow::Error) {
        self.fell(id, asked, error, false);
    }

    /// The same of a resource that the stack can do without, if it is `optional`.
    pub(super) fn fell(&self, id: &Id, asked: &Asked, error: &anyhow::Error, optional: bool) {
        match Halt::of(error) {
            Some(Halt::Interrupted) => {
                self.stopped.store(true, Ordering::SeqCst);
                if !self.with_summary(|summary| std::mem::replace(&mut summary.interrupted, true)) {
                    self.sink.event(&Event::Interrupted);
                }
                self.left_out(id, "stopped before it was done; the next run goes on from here", false);
            }
            Some(Halt::Killed) | None => {
                let mut problem = naming(Problem::from_error(error).of(id), &self.typed);
                if problem.hints.is_empty() && problem.remedy.is_empty() {
                    problem =
                        problem.hint("put right what is told here, and run it again: it goes on from there");
                }
                let problem = match asked {
                    Asked::Here(span) => problem.at(Some(span)),
                    Asked::Before(place) => problem.why(format!("{place} asked for it when it was brought")),
                };
                self.with_summary(|summary| summary.fallen(optional, false).push(id.clone()));
                self.sink.event(&Event::ResourceFailed { id: id.clone(), problem, optional });
            }
        }
    }

    pub(super) fn skipped(&self, id: &Id, because: &str) {
        self.left_out(id, because, false);
    }

    /// The same of a resource that the stack can do without, if it is `optional`.
    pub(super) fn left_out(&self, id: &Id, because: &str, optional: bool) {
        self.with_summary(|summary| summary.fallen(optional, true).push(id.clone()));
        let (id, because) = (id.clone(), because.to_owned());
        self.sink.event(&Event::ResourceSkipped { id, because, optional });
    }

    pub(super) fn with_summary<T>(&self, change: impl FnOnce(&mut Summary) -> T) -> T {
        change(&mut self.summary.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who asks for a resource.
pub(super) enum Asked<'a> {
    /// The manifest, here.
    Here(&'a Span),
    /// The manifest as it was when the resource was brought, at this place.
    Before(&'a str),
}

/// Seconds between two times of a machine's clock.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Tells what happens while a step of `id` runs.
struct Telling<'t> {
    id: &'t Id,
    sink: &'t dyn Sink,
}

impl Tell for Telling<'_> {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.sink.event(&Event::Bytes { id: self.id.clone(), done, total });
    }

    fn line(&self, line: &str) {
        let text = without_credentials(line).into_owned();
        self.sink.event(&Event::Line { id: self.id.clone(), text });
    }
}

/// A look through which nobody can change anything.
pub(super) fn looking(machine: &dyn Machine) -> &dyn Look {
    machine
}
