//! A run, told while it happens: on a terminal with lines that are drawn over, elsewhere with plain lines and a
//! heartbeat, for programs with a line of JSON an event.

mod json_lines;
mod live;
mod plain;
mod story;
mod summary;

pub use json_lines::{EventLog, JsonLines};
pub use live::Live;
pub use plain::Plain;
pub use story::Manner;

use camino::Utf8PathBuf;
use jiff::Timestamp;

use crate::engine::event::{Event, Sink};

/// Where the log of a run is for the person who is told.
#[derive(Clone, Debug)]
pub enum LogPlace {
    /// On this machine.
    Here,
    /// On this machine, under the folder that is `/` of the Mac.
    Under(Utf8PathBuf),
    /// Behind a command that prints it when its path follows.
    Behind(String),
    /// It ended with its Mac.
    Gone,
}

/// The time on the machine that a run is on.
pub type Clock<'c> = Box<dyn Fn() -> Timestamp + Send + Sync + 'c>;

/// Passes every event on to several.
pub struct Both<'s>(pub &'s dyn Sink, pub &'s dyn Sink);

impl Sink for Both<'_> {
    fn event(&self, event: &Event) {
        self.0.event(event);
        self.1.event(event);
    }
}
