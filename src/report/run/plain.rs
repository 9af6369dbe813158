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
        Self::beating(manner, clock, HEARTBEAT, |text| Printer.say(Stream::Err, text))
    }

    /// The same with a heartbeat `every` so often, which is given to `say`.
    fn beating(
        manner: Manner,
        clock: Clock<'c>,
        every: Duration,
        say: impl Fn(&str) + Send + 'static,
    ) -> Self {
        let quiet = manner.quiet;
        let shared =
            Arc::new(Shared { story: Mutex::new(Story::new(manner)), asking: AtomicBool::new(false) });
        let heard = Arc::clone(&shared);
        let heartbeat = (!quiet).then(|| {
            Ticker::every(every, move || {
                if !heard.asking.load(Ordering::Relaxed) {
                    say(&heard.story().heartbeat());
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::value::Id;

    /// A view whose heart beats fast, and what it says.
    fn beating(quiet: bool) -> (Plain<'static>, mpsc::Receiver<String>) {
        let (said, heard) = mpsc::channel();
        let manner = Manner { quiet, ..Manner::plain(80) };
        let clock = || "2026-05-04T10:20:30Z".parse().unwrap();
        let say = move |text: &str| drop(said.send(text.to_owned()));
        (Plain::beating(manner, Box::new(clock), Duration::from_millis(1), say), heard)
    }

    fn a_long_step() -> Event {
        Event::StepStarted { id: Id::new("tool", "clt"), words: "install the tools".to_owned() }
    }

    #[test]
    fn what_takes_long_is_told_again_and_again_but_not_into_a_question() {
        let (view, heard) = beating(false);
        view.event(&a_long_step());
        let next = || heard.recv_timeout(Duration::from_mins(1)).unwrap();
        while !next().contains("tool/clt: install the tools") {}
        assert!(next().contains("tool/clt: install the tools"));
        view.aside(&mut || {
            // One that had begun to beat may still be heard.
            while heard.recv_timeout(Duration::from_millis(100)).is_ok() {}
            assert!(heard.recv_timeout(Duration::from_millis(100)).is_err());
        });
        assert!(next().contains("tool/clt"));
    }

    #[test]
    fn who_wants_it_quiet_hears_no_heartbeat() {
        let (view, heard) = beating(true);
        view.event(&a_long_step());
        assert!(heard.recv_timeout(Duration::from_millis(50)).is_err());
    }

    #[test]
    fn nobody_waits_longer_than_ten_seconds_for_a_sign_of_life() {
        assert!(HEARTBEAT <= Duration::from_secs(10));
    }
}
