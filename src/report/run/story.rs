use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{LogPlace, summary};
use crate::{
    desk::{Screen, Stopwatch},
    engine::{
        event::{Event, Repinned, Summary},
        plan::{Action, Plan},
    },
    report::{
        explain,
        ink::Ink,
        layout::{self, Page},
        plan,
        problem::problems,
        words::{download, seconds},
    },
    value::{Id, Problem},
};

/// How a run is told.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What standard output shows.
    pub out: Screen,
    /// What standard error shows.
    pub err: Screen,
    /// Only what went wrong, and the last line.
    pub quiet: bool,
    /// Whether somebody is asked about the plan, who then sees it in any case.
    pub asks: bool,
    /// The command as it was typed, to go on with.
    pub again: String,
    /// Where the log is for the person.
    pub log: LogPlace,
}

#[cfg(test)]
impl Manner {
    pub(super) fn plain(width: usize) -> Self {
        let screen = Screen::plain(width);
        Self {
            out: screen,
            err: screen,
            quiet: false,
            asks: false,
            again: String::new(),
            log: LogPlace::Here,
        }
    }
}

/// What is known of a run so far, and what each event adds to the page.
pub(super) struct Story {
    manner: Manner,
    command: &'static str,
    began: Option<Timestamp>,
    plan: Option<Plan>,
    problems: Vec<Problem>,
    /// What went wrong and can be done without.
    doubts: Vec<Problem>,
    /// What stays of resources that are taken away or given back: told when that is done.
    kept: BTreeMap<Id, Vec<String>>,
    /// What was told of each resource.
    seen: BTreeSet<(Id, String)>,
    /// What goes on now.
    pub(super) running: BTreeMap<Id, Running>,
}

/// What goes on for one resource.
pub(super) struct Running {
    pub(super) words: String,
    pub(super) since: Stopwatch,
    pub(super) bytes: Option<(u64, Option<u64>)>,
    /// What was said last of it.
    pub(super) said: String,
}

/// What an event adds.
#[derive(Default)]
pub(super) struct Told {
    /// What stays: for standard output.
    pub(super) out: String,
    /// What is wrong: for standard error.
    pub(super) err: String,
    /// What begins: for standard error, where it is not seen otherwise.
    pub(super) begins: String,
}

impl Story {
    pub(super) fn new(manner: Manner) -> Self {
        Self {
            manner,
            command: "",
            began: None,
            plan: None,
            problems: vec![],
            doubts: vec![],
            kept: BTreeMap::new(),
            seen: BTreeSet::new(),
            running: BTreeMap::new(),
        }
    }

    /// Takes `event` in, which happened at `now` on the machine, and answers with what it adds.
    pub(super) fn hear(&mut self, event: &Event, now: Timestamp) -> Told {
        let ink = Ink::new(self.manner.out);
        let mut told = Told::default();
        match event {
            Event::Started { command, .. } => {
                self.command = command;
                self.began = Some(now);
            }
            Event::Planned { plan } => {
                told.out = self.planned(plan);
                self.plan = Some((**plan).clone());
            }
            Event::ResourceStarted { id } => self.goes_on(id, ""),
            Event::StepStarted { id, words } => {
                self.goes_on(id, words);
                told.begins = self.saying("  begin    ", &format!("{id}: {words}"));
            }
            Event::Bytes { id, done, total } => {
                if let Some(running) = self.running.get_mut(id) {
                    running.bytes = Some((*done, *total));
                }
            }
            // Whoever started the run hears of a refusal as of any other error.
            Event::StepDone { .. } | Event::Refused { .. } => {}
            Event::Line { id, text } => {
                if let Some(running) = self.running.get_mut(id) {
                    running.said = self.manner.err.fit(text.trim()).into_owned();
                }
            }
            Event::Locked { pins, .. } => told.out = self.repinned(pins),
            Event::ResourceDone { id, evidence, seconds: took } => {
                // What was as wanted and was only checked is counted at the end.
                if self.running.remove(id).is_some() {
                    let texts = [&evidence[..], &self.kept.remove(id).unwrap_or_default()].concat();
                    told.out = row(&ink.good("done"), id, &texts, Some(*took), self.manner.out);
                    self.seen.extend(evidence.iter().map(|seen| (id.clone(), seen.clone())));
                }
            }
            Event::Proved { id, evidence } => {
                let new = |seen: &&String| !self.seen.contains(&(id.clone(), (*seen).clone()));
                let evidence: Vec<String> = evidence.iter().filter(new).cloned().collect();
                if !evidence.is_empty() {
                    told.out = row(&ink.good("proved"), id, &evidence, None, self.manner.out);
                }
            }
            Event::ResourceFailed { id, problem, optional } => {
                self.running.remove(id);
                let verb = if *optional { ink.warn("failed") } else { ink.bad("failed") };
                told.out = row(&verb, id, &[&problem.what], None, self.manner.out);
                let those = if *optional { &mut self.doubts } else { &mut self.problems };
                those.push(problem.clone().of(id));
            }
            Event::ResourceSkipped { id, because, .. } => {
                self.running.remove(id);
                told.out = row(&ink.warn("left out"), id, &[because], None, self.manner.out);
            }
            Event::Kept { id, why } if self.running.contains_key(id) => {
                self.kept.entry(id.clone()).or_default().push(why.clone());
            }
            Event::Kept { id, why } => told.out = row(&ink.warn("kept"), id, &[why], None, self.manner.out),
            Event::Unlocked { problem } => {
                told.err = problems("warning", std::slice::from_ref(problem), self.manner.err);
            }
            Event::Interrupted => {
                let text =
                    "Stopping: nothing new is started, and what runs is let to end. Again to stop at once.";
                told.err = self.saying("", text);
            }
            Event::Finished { summary } => return self.finished(summary, now),
        }
        if self.manner.quiet {
            told.begins.clear();
            if !(self.manner.asks && matches!(event, Event::Planned { .. })) {
                told.out.clear();
            }
        }
        told
    }

    /// The steps of the plan, for the person who is asked about it.
    pub(super) fn explanation(&self) -> String {
        self.plan.as_ref().map(|plan| explain::explained(plan, self.manner.err)).unwrap_or_default()
    }

    /// What still goes on and for how long, a line each.
    pub(super) fn heartbeat(&self) -> String {
        let lines = self.running.iter().map(|(id, running)| {
            let since = seconds(running.since.elapsed().as_secs_f64());
            self.saying("  still    ", &format!("{id}: {} ({since})", running.so_far()))
        });
        lines.collect()
    }

    fn saying(&self, lead: &str, text: &str) -> String {
        let mut page = Page::new(self.manner.err);
        page.hanging(lead, &page.ink.plain(text));
        page.done()
    }

    /// What is new in the lock is told at the end, and what moved in it here.
    fn repinned(&self, pins: &[Repinned]) -> String {
        let ink = Ink::new(self.manner.out);
        let lines = pins.iter().filter_map(|Repinned { id, from, to }| {
            let words = format!("{} -> {}", from.as_ref()?, to.as_ref()?);
            Some(row(&ink.warn("locked"), id, &[words], None, self.manner.out))
        });
        lines.collect()
    }

    fn planned(&self, plan: &Plan) -> String {
        if plan.is_empty() && plan.refusals.is_empty() {
            return String::new();
        }
        // What speaks against it ends the run, and is told then.
        let plan = Plan { refusals: vec![], ..plan.clone() };
        plan::plan(&plan, self.manner.out, false) + "\n"
    }

    fn goes_on(&mut self, id: &Id, words: &str) {
        // A resource that nothing is done for is only looked at, and no line of the page.
        let changes = self
            .plan
            .as_ref()
            .and_then(|plan| plan.items.iter().find(|item| item.id == *id))
            .is_none_or(|item| item.action != Action::Keep);
        if changes || !words.is_empty() {
            let running = self.running.entry(id.clone()).or_insert_with(|| Running {
                words: String::new(),
                since: Stopwatch::start(),
                bytes: None,
                said: String::new(),
            });
            running.words = self.manner.err.fit(words).into_owned();
            running.bytes = None;
            running.said.clear();
        }
    }

    fn finished(&mut self, summary: &Summary, now: Timestamp) -> Told {
        let took = self.began.map_or(0.0, |began| now.duration_since(began).as_secs_f64());
        let of = |word, those: &[Problem]| match those {
            [] => String::new(),
            those => format!("\n{}\n", problems(word, those, self.manner.err)),
        };
        let err = of("warning", &self.doubts) + &of("error", &self.problems);
        let told = summary::Told { command: self.command, manner: &self.manner, took, summary };
        let screen = self.manner.out;
        let out = if self.manner.quiet { told.last_line(screen) } else { told.page(screen) };
        // What was told with no other line.
        let kept = if self.manner.quiet { String::new() } else { self.kept() };
        Told { out: kept + &out, err, ..Told::default() }
    }

    fn kept(&mut self) -> String {
        let kept = std::mem::take(&mut self.kept).into_iter();
        kept.map(|(id, texts)| {
            row(&Ink::new(self.manner.out).warn("kept"), &id, &texts, None, self.manner.out)
        })
        .collect()
    }
}

impl Running {
    /// `install the Command Line Tools, 0.2 of 0.7 GB: Downloading`.
    pub(super) fn so_far(&self) -> String {
        let bytes = match self.bytes {
            Some((done, Some(total))) => format!(", {} of {}", download(done), download(total)),
            Some((done, None)) => format!(", {}", download(done)),
            None => String::new(),
        };
        let words = if self.words.is_empty() { "checking" } else { &self.words };
        format!("{words}{bytes}{}", self.said())
    }

    /// What was said last of it, to stand behind what is done.
    pub(super) fn said(&self) -> String {
        if self.said.is_empty() { String::new() } else { format!(": {}", self.said) }
    }
}

fn row(verb: &str, id: &Id, texts: &[impl AsRef<str>], took: Option<f64>, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    let took = took.filter(|&took| took >= 0.05).map(|took| ink.dim(&seconds(took))).unwrap_or_default();
    page.ends(&format!("  {} {}", layout::pad(verb, 8), ink.bold(&id.to_string())), &took);
    for text in texts {
        page.hanging("             ", &ink.plain(text.as_ref()));
    }
    page.done()
}

#[cfg(test)]
mod tests;
