use std::sync::atomic::{AtomicBool, Ordering};

use super::Clock;
use crate::{
    desk::{EventFile, Printer, Stream},
    engine::event::{Event, Sink},
    value::Problem,
};

/// Prints every event to standard output as a line of JSON with its time.
pub struct JsonLines<'c> {
    clock: Clock<'c>,
    refused: AtomicBool,
}

impl<'c> JsonLines<'c> {
    /// With the times of `clock`.
    pub fn new(clock: Clock<'c>) -> Self {
        Self { clock, refused: AtomicBool::new(false) }
    }

    /// Whether the run was refused, and said so.
    pub fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Sink for JsonLines<'_> {
    fn event(&self, event: &Event) {
        if matches!(event, Event::Refused { .. }) {
            self.refused.store(true, Ordering::Relaxed);
        }
        Printer.say(Stream::Out, &(event.line((self.clock)()) + "\n"));
    }
}

/// Writes every event to a file, beside whatever else tells the run.
pub struct EventLog<'c> {
    file: EventFile,
    clock: Clock<'c>,
}

impl<'c> EventLog<'c> {
    /// Into `file`, with the times of `clock`.
    pub fn new(file: EventFile, clock: Clock<'c>) -> Self {
        Self { file, clock }
    }

    /// Why the file lacks events, if it does.
    pub fn broken(&self) -> Option<Problem> {
        self.file.broken()
    }
}

impl Sink for EventLog<'_> {
    fn event(&self, event: &Event) {
        self.file.line(&event.line((self.clock)()));
    }
}
