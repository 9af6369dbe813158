use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    Clock,
    story::{Manner, Story},
};
use crate::{
    desk::{Aside, Printer, Screen, Stream},
    engine::event::{Event, Sink},
    value::Id,
};

/// Tells a run on a terminal: below the lines that stay, one for each resource at work, with what is done for it and for how
/// long, and a bar where bytes are counted.
pub struct Live<'c> {
    clock: Clock<'c>,
    screen: Screen,
    bars: MultiProgress,
    inner: Mutex<Inner>,
    /// Apart from `inner`: it is read while the bars are held, and `inner` is held while the bars are waited for.
    explanation: Mutex<String>,
}

struct Inner {
    story: Story,
    rows: BTreeMap<Id, Row>,
}

struct Row {
    bar: ProgressBar,
    counts: bool,
}

impl<'c> Live<'c> {
    /// In this manner, with the times of `clock`.
    pub fn new(manner: Manner, clock: Clock<'c>) -> Self {
        Self {
            clock,
            screen: manner.err,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            inner: Mutex::new(Inner { story: Story::new(manner), rows: BTreeMap::new() }),
            explanation: Mutex::default(),
        }
    }

    /// Brings the lines at the bottom to what the story says.
    fn draw(&self, inner: &mut Inner) {
        let Inner { story, rows } = inner;
        rows.retain(|id, row| {
            let stays = story.running.contains_key(id);
            if !stays {
                row.bar.finish_and_clear();
                self.bars.remove(&row.bar);
            }
            stays
        });
        for (id, running) in &story.running {
            let row = rows.entry(id.clone()).or_insert_with(|| {
                let bar = self.bars.add(ProgressBar::no_length().with_style(self.style(false)));
                bar.set_prefix(self.screen.fit(&id.to_string()).into_owned());
                bar.enable_steady_tick(Duration::from_millis(if self.screen.unicode { 100 } else { 250 }));
                Row { bar, counts: false }
            });
            let counts = matches!(running.bytes, Some((_, Some(_))));
            if counts != row.counts {
                row.bar.set_style(self.style(counts));
                row.counts = counts;
            }
            match running.bytes {
                Some((done, Some(total))) => {
                    row.bar.set_length(total);
                    row.bar.set_position(done);
                    row.bar.set_message(format!("{}{}", running.words, running.said()));
                }
                _ => row.bar.set_message(running.so_far()),
            }
        }
    }

    fn style(&self, counts: bool) -> ProgressStyle {
        let id = if self.screen.color { "{prefix:.bold}" } else { "{prefix}" };
        let template = if counts {
            format!(
                "  {{spinner}} {id} [{{bar:20}}] {{decimal_bytes}} of {{decimal_total_bytes}} {{wide_msg}} {{elapsed}}"
            )
        } else {
            format!("  {{spinner}} {id} {{wide_msg}} {{elapsed}}")
        };
        let (ticks, bar) = if self.screen.unicode {
            ("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ", "━━ ")
        } else {
            ("-\\|/ ", "=> ")
        };
        ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars(ticks)
            .progress_chars(bar)
    }
}

impl Sink for Live<'_> {
    fn event(&self, event: &Event) {
        let now = (self.clock)();
        let mut inner = lock(&self.inner);
        let told = inner.story.hear(event, now);
        if let Event::Planned { .. } = event {
            *lock(&self.explanation) = inner.story.explanation();
        }
        if !(told.out.is_empty() && told.err.is_empty()) {
            self.bars.suspend(|| {
                Printer.say(Stream::Err, &told.err);
                Printer.say(Stream::Out, &told.out);
            });
        }
        self.draw(&mut inner);
    }
}

impl Aside for Live<'_> {
    fn aside(&self, work: &mut dyn FnMut()) {
        self.bars.suspend(work);
    }

    fn explain(&self) -> String {
        lock(&self.explanation).clone()
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        // A run that could not go on leaves no line that seems to move.
        let _ = self.bars.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
