use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    Clock,
    story::{Manner, Story},
};
use crate::{
    desk::{Aside, Printer, Stream, Ticker},
    engine::event::{Event, Sink},
};

/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Tells a run in plain lines, and every ten seconds what still goes on, so that nobody takes a long step for a dead one.
pub struct Plain<'c> {
    clock: Clock<'c>,
    shared: Arc<Shared>,
    _heartbeat: Option<Ticker>,
}

struct Shared {
    story: Mutex<Story>,
    asking: AtomicBool,
}

impl<'c> Plain<'c> {
    /// In this manner, with the times of `clock`.
    pub fn new(manner: Manner, clock: Clock<'c>) -> Self {
        let quiet = manner.quiet;
        let shared =
            Arc::new(Shared { story: Mutex::new(Story::new(manner)), asking: AtomicBool::new(false) });
        let heard = Arc::clone(&shared);
        let heartbeat = (!quiet).then(|| {
            Ticker::every(HEARTBEAT, move || {
                if !heard.asking.load(Ordering::Relaxed) {
                    Printer.say(Stream::Err, &heard.story().heartbeat());
                }
            })
        });
        Self { clock, shared, _heartbeat: heartbeat }
    }
}

impl Shared {
    fn story(&self) -> std::sync::MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Plain<'_> {
    fn event(&self, event: &Event) {
        let now = (self.clock)();
        let mut story = self.shared.story();
        let told = story.hear(event, now);
        Printer.say(Stream::Err, &(told.begins + &told.err));
        Printer.say(Stream::Out, &told.out);
    }
}

impl Aside for Plain<'_> {
    fn aside(&self, work: &mut dyn FnMut()) {
        self.shared.asking.store(true, Ordering::Relaxed);
        work();
        self.shared.asking.store(false, Ordering::Relaxed);
    }

    fn explain(&self) -> String {
        self.shared.story().explanation()
    }
}
