//! What happens in a run, as it happens.

use jiff::Timestamp;
use serde::Serialize;

use super::plan::Plan;
use crate::value::{Id, Pin, Problem};

/// What happens in a run, as it happens: the run's log, the JSON stream and the view on the terminal are made of these.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run began.
    Started {
        /// `apply`, `destroy` …
        command: &'static str,
        /// The stack's name.
        stack: String,
        /// Where the events are kept on the node.
        log: String,
    },
    /// What will be done.
    Planned {
        /// All of it.
        plan: Box<Plan>,
    },
    /// Work on a resource begins.
    ResourceStarted {
        /// Which.
        id: Id,
    },
    /// A step begins.
    StepStarted {
        /// Of which resource.
        id: Id,
        /// What it does.
        words: String,
    },
    /// Bytes were fetched.
    Bytes {
        /// For which resource.
        id: Id,
        /// So far.
        done: u64,
        /// Of so many, if known.
        total: Option<u64>,
    },
    /// A command printed a line.
    Line {
        /// For which resource.
        id: Id,
        /// What it printed.
        text: String,
    },
    /// A step is done.
    StepDone {
        /// Of which resource.
        id: Id,
        /// What it did.
        words: String,
        /// Seconds that it took on the machine's clock.
        seconds: f64,
    },
    /// A resource is as wanted, with what shows it.
    ResourceDone {
        /// Which.
        id: Id,
        /// What was seen.
        evidence: Vec<String>,
        /// Seconds since it started; 0 for one that nothing had to be done for.
        seconds: f64,
    },
    /// A resource was proved by use.
    Proved {
        /// Which.
        id: Id,
        /// What was seen.
        evidence: Vec<String>,
    },
    /// Work on a resource failed.
    ResourceFailed {
        /// Which.
        id: Id,
        /// What is wrong.
        problem: Problem,
        /// Whether the stack can do without it, so that this is a warning.
        optional: bool,
    },
    /// A resource was left out, since something that it needs failed or the run was stopped.
    ResourceSkipped {
        /// Which.
        id: Id,
        /// Why.
        because: String,
        /// Whether the stack can do without it.
        optional: bool,
    },
    /// Something was left as it is, on purpose.
    Kept {
        /// Which.
        id: Id,
        /// Why, and where a copy is.
        why: String,
    },
    /// What was resolved was written to the lock.
    Locked {
        /// Which file: on the node, or beside the manifest.
        file: String,
        /// What was set in it, moved, or taken out.
        pins: Vec<Repinned>,
    },
    /// What was resolved could not be written to the lock; told once.
    Unlocked {
        /// Why.
        problem: Problem,
    },
    /// The person asked to stop; what runs is let to end.
    Interrupted,
    /// The run ended before anything was begun: it was refused, nobody agreed to it, or it was stopped. The last event.
    Refused {
        /// Why; none when the person stopped it.
        problems: Vec<Problem>,
    },
    /// The run is over. The last event.
    Finished {
        /// What came of it.
        summary: Summary,
    },
}

/// What became of one resource in a lock.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Repinned {
    /// Which.
    pub id: Id,
    /// What was locked of it.
    pub from: Option<Pin>,
    /// What is.
    pub to: Option<Pin>,
}

impl Event {
    /// It as one line of JSON without its end: `at` (UTC, RFC 3339), `event`, and what belongs to it.
    pub fn line(&self, at: Timestamp) -> String {
        #[derive(Serialize)]
        struct Line<'e> {
            at: Timestamp,
            #[serde(flatten)]
            event: &'e Event,
        }
        serde_json::to_string(&Line { at, event: self }).unwrap_or_else(|error| {
            format!(r#"{{"at":"{at}","event":"unprintable","why":{:?}}}"#, error.to_string())
        })
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Resources that were changed.
    pub changed: Vec<Id>,
    /// Resources that were as wanted.
    pub unchanged: usize,
    /// Resources that failed.
    pub failed: Vec<Id>,
    /// Resources that were left out.
    pub skipped: Vec<Id>,
    /// Resources that failed or were left out, and that the stack can do without.
    pub optional: Vec<Id>,
    /// What was left as it is, and why.
    pub kept: Vec<(Id, String)>,
    /// Whether the person stopped it.
    pub interrupted: bool,
    /// Whether the person did not agree to the plan, so that nothing was begun.
    pub declined: bool,
    /// The lock beside the manifest, when it was written.
    pub locked: Option<String>,
    /// Why what was resolved could not be locked.
    pub unlocked: Option<Problem>,
    /// What can be opened now: names and URLs.
    pub open: Vec<(String, String)>,
    /// Where the run's events are kept.
    pub log: String,
}

impl Summary {
    /// Where a resource is counted that was not brought.
    pub(super) fn fallen(&mut self, optional: bool, skipped: bool) -> &mut Vec<Id> {
        match (optional, skipped) {
            (true, _) => &mut self.optional,
            (false, true) => &mut self.skipped,
            (false, false) => &mut self.failed,
        }
    }

    /// Whether all that was planned is done, but for what the stack can do without.
    pub fn ok(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted && self.unlocked.is_none()
    }
}

/// Hears the events of a run, from several tasks at once.
pub trait Sink: Send + Sync {
    /// One event.
    fn event(&self, event: &Event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_time() {
        let event = Event::ResourceFailed {
            id: Id::new("job", "dev.forge.ollama"),
            problem: Problem::mac("it did\nnot start").remedy("forgectl apply stack.yaml"),
            optional: false,
        };
        let line = event.line("2026-05-04T10:20:30Z".parse().unwrap());
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["at"], "2026-05-04T10:20:30Z");
        assert_eq!(value["event"], "resource-failed");
        assert_eq!(value["id"], "job/dev.forge.ollama");
        assert_eq!(value["problem"]["remedy"][0], "forgectl apply stack.yaml");
    }
}
