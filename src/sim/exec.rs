use std::{collections::BTreeMap, time::Duration};

use super::{Caller, Mac, Sim, running::Print, tool};
use crate::machine::{Output, Tell};

/// How long a command may live on after it has said that it is done.
const AFTER_MARK: Duration = Duration::from_mins(1);

/// The exit code of what SIGTERM ended, and of what Ctrl-C ended.
const TERMINATED: i32 = 128 + 15;
const INTERRUPTED: i32 = 128 + 2;

/// What has been told of a running program, and when it is to be ended.
struct Watch<'w> {
    limit: Option<Duration>,
    mark: Option<&'w str>,
    tell: &'w dyn Tell,
    told: [usize; 2],
    elapsed: Duration,
    marked: bool,
}

impl Watch<'_> {
    /// Tells the whole lines that are new.
    fn hear(&mut self, output: &Output) {
        for (text, told) in [&output.stdout, &output.stderr].into_iter().zip(&mut self.told) {
            let new = text.get(*told..).unwrap_or("");
            let Some(end) = new.rfind('\n') else { continue };
            for line in new[..end].lines() {
                self.tell.line(line);
                if self.mark.is_some_and(|mark| line.contains(mark)) && !self.marked {
                    self.marked = true;
                    self.limit = Some(
                        self.limit
                            .map_or(self.elapsed + AFTER_MARK, |limit| limit.min(self.elapsed + AFTER_MARK)),
                    );
                }
            }
            *told += end + 1;
        }
    }

    /// Gives a program that was ended from outside its code, and says so where its time was over.
    fn cut(&self, output: &mut Output) {
        output.code = match self.limit {
            Some(_) if self.marked => 0,
            Some(limit) => {
                if !output.stderr.is_empty() && !output.stderr.ends_with('\n') {
                    output.err("\n");
                }
                output.err(format!("ended after {} s, the time that it may take\n", limit.as_secs()));
                TERMINATED
            }
            None => INTERRUPTED,
        };
    }
}

impl Sim {
    /// Runs a program until it ends, or is ended at `limit` or a minute after a line with `mark`. What it does
    /// in its stages happens even when forgectl is killed meanwhile: a child outlives it.
    pub(super) fn execute(
        &self,
        caller: Caller,
        argv: &[String],
        environment: &BTreeMap<String, String>,
        limit: Option<Duration>,
        mark: Option<&str>,
        tell: &dyn Tell,
    ) -> Output {
        let mut watch = Watch { limit, mark, tell, told: [0; 2], elapsed: Duration::ZERO, marked: false };
        self.pass(tool::takes(argv));
        let mut running = self.with_mac(|mac| tool::run_in(mac, caller, argv, environment));
        watch.hear(&running.output);
        let half = std::mem::take(&mut self.life().dies_within).then_some(running.stages.len() / 2);
        loop {
            if half.is_some_and(|half| running.stages.len() <= half) {
                let output = running.output.clone();
                self.die_within(argv, running);
                return output;
            }
            let Some((after, stage)) = running.stages.pop_front() else { break };
            if let Some(limit) = watch.limit.filter(|&limit| watch.elapsed + after > limit) {
                self.pass(limit.saturating_sub(watch.elapsed));
                watch.cut(&mut running.output);
                return running.output;
            }
            self.pass(after);
            watch.elapsed += after;
            self.with_mac(|mac| {
                stage(mac, &mut running.output);
                mac.measure();
            });
            watch.hear(&running.output);
        }
        if running.hangs {
            self.pass(watch.limit.unwrap_or_default().saturating_sub(watch.elapsed));
            watch.cut(&mut running.output);
        }
        running.output
    }
}

impl Mac {
    /// Remembers how much the data volume holds.
    pub(super) fn measure(&mut self) {
        let held = self.state.spec.disk_free.saturating_sub(self.disk.space().free);
        self.state.meter.peak_disk = self.state.meter.peak_disk.max(held);
    }
}
