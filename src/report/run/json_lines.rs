use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::Serialize;

use super::Clock;
use crate::{
    desk::{EventFile, Printer, Stream},
    engine::event::{Event, Sink},
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
        Printer.say(Stream::Out, &(event_line(event, (self.clock)()) + "\n"));
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
}

impl Sink for EventLog<'_> {
    fn event(&self, event: &Event) {
        self.file.line(&event_line(event, (self.clock)()));
    }
}

/// An event as one line of JSON without its end: `at` (UTC, RFC 3339), `event`, and what belongs to it.
pub fn event_line(event: &Event, at: Timestamp) -> String {
    #[derive(Serialize)]
    struct Line<'e> {
        at: Timestamp,
        #[serde(flatten)]
        event: &'e Event,
    }
    serde_json::to_string(&Line { at, event }).unwrap_or_else(|error| {
        format!(r#"{{"at":"{at}","event":"unprintable","why":{:?}}}"#, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Id, Problem};

    #[test]
    fn an_event_is_one_line_with_its_time() {
        let event = Event::ResourceFailed {
            id: Id::new("job", "dev.forge.ollama"),
            problem: Problem::mac("it did\nnot start").remedy("forgectl apply stack.yaml"),
        };
        let line = event_line(&event, "2026-05-04T10:20:30Z".parse().unwrap());
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["at"], "2026-05-04T10:20:30Z");
        assert_eq!(value["event"], "resource-failed");
        assert_eq!(value["id"], "job/dev.forge.ollama");
        assert_eq!(value["problem"]["remedy"][0], "forgectl apply stack.yaml");
    }
}
