use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use super::{Answer, Change, Outcome, Query};

/// Looking. Cannot change the machine: all that planning, status and diagnosis are ever given.
pub trait Look: Send + Sync {
    /// Answers one question. What is asked for not being there is an answer; an error means that it
    /// could not be found out.
    fn look(&self, query: &Query) -> Result<Answer>;

    /// The time on this machine.
    fn now(&self) -> Timestamp;

    /// Lets `time` pass. With [`Wait::Poll`] fails with [`super::Halt::Interrupted`] once the person has
    /// asked to stop; with [`Wait::Settle`] only when they asked twice.
    fn wait(&self, time: Duration, how: Wait) -> Result<()>;
}

/// How a wait takes an interruption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// Stops at the first.
    Poll,
    /// A bounded wait that leaves the machine settled: goes on to its end.
    Settle,
}

/// The whole door. Every `&dyn Machine` is a `&dyn Look`.
pub trait Machine: Look {
    /// Makes one change; `tell` hears bytes and lines while it runs. A command that ends with another
    /// code than 0 and a server that answers with an error are outcomes, not errors.
    fn change(&self, change: &Change, tell: &dyn Tell) -> Result<Outcome>;

    /// Runs tasks side by side. `next` is called first with `None`, then with the number of each task
    /// that has ended, and answers with the tasks to start; the crew is done when none is left.
    fn crew<'t>(&self, next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>);
}

/// Work for a crew.
pub type Task<'t> = Box<dyn FnOnce() + Send + 't>;

/// Hears what happens while a change runs.
pub trait Tell: Send + Sync {
    /// So many bytes are done, of a total if one is known.
    fn bytes(&self, done: u64, total: Option<u64>);

    /// A line that the running command printed.
    fn line(&self, line: &str);
}

/// Hears nothing.
pub struct Quiet;

impl Tell for Quiet {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, _: &str) {}
}
