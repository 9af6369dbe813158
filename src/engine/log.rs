use camino::Utf8PathBuf;

use super::event::{Event, Sink};
use crate::machine::{Changing, Machine};

/// Keeps a run's events on the node, a JSON object a line; what is counted by the second is left out. An event that
/// cannot be kept is not worth stopping for: the journal is what counts.
pub(super) struct RunLog<'r> {
    machine: &'r dyn Machine,
    path: Utf8PathBuf,
    beside: &'r dyn Sink,
}

impl<'r> RunLog<'r> {
    /// Keeps events at `path`, and passes them on to `beside`.
    pub(super) fn new(machine: &'r dyn Machine, path: Utf8PathBuf, beside: &'r dyn Sink) -> Self {
        Self { machine, path, beside }
    }
}

impl Sink for RunLog<'_> {
    fn event(&self, event: &Event) {
        if !matches!(event, Event::Bytes { .. }) {
            let _ = self.machine.append(&self.path, event.line(self.machine.now()));
        }
        self.beside.event(event);
    }
}
