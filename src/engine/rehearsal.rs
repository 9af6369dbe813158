//! A whole apply on a fresh simulated Mac, twice, with what it took.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    apply,
    consent::How,
    event::{Event, Sink, Summary},
    plan::Plan,
    run::seconds,
};
use crate::{
    catalog,
    desk::Nobody,
    machine::{Halt, Look},
    manifest::{Chips, LockPlace, Stack},
    sim::{Mac, Meter, Options, Session, Sim, Spec, SudoMode},
    value::{Id, MemorySize, Problem, human_bytes},
};

/// The disk of a simulated Mac that nobody said more of, in free bytes.
const DISK: u64 = 460_000_000_000;

/// What a rehearsal showed. Times are virtual seconds, sizes bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsal {
    /// The stack's name.
    pub stack: String,
    /// The simulated Mac, in words.
    pub target: String,
    /// What the first apply planned.
    pub plan: Plan,
    /// The first apply.
    pub first: First,
    /// The second.
    pub second: Second,
    /// The first apply, a line a step.
    pub timeline: Vec<Moment>,
    /// What was proved.
    pub proved: Vec<String>,
    /// The most that was used on disk beyond what the fresh Mac used.
    pub peak_disk_bytes: u64,
    /// The most memory that loaded models took at one time.
    pub peak_model_memory_bytes: u64,
    /// What went wrong in the first apply, or else in the second.
    pub problems: Vec<Problem>,
    /// What went wrong in the first apply and can be done without.
    pub warnings: Vec<Problem>,
    /// What came of the first apply.
    #[serde(skip)]
    pub summary: Summary,
}

/// The first apply in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct First {
    /// Resources changed.
    pub changes: usize,
    /// Effects made.
    pub effects: usize,
    /// Resources that failed or were left out.
    pub failed: usize,
    /// Of those that the stack can do without, how many were not brought.
    pub optional: usize,
    /// Virtual seconds.
    pub duration_s: f64,
    /// Bytes fetched.
    pub download_bytes: u64,
}

/// The second apply in numbers; both must be zero.
#[derive(Clone, Debug, Serialize)]
pub struct Second {
    /// Resources changed.
    pub changes: usize,
    /// Effects made.
    pub effects: usize,
}

impl Second {
    /// Whether it did nothing that it should not: what can be done without, and was not brought, is tried again.
    pub fn is_idle(&self, first: &First) -> bool {
        self.changes == 0 && (self.effects == 0 || first.optional > 0)
    }
}

/// One step of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// Virtual seconds since the start of the run.
    pub at_s: f64,
    /// Of which resource.
    pub id: Id,
    /// What was done.
    pub words: String,
    /// Virtual seconds that it took.
    pub took_s: f64,
}

/// The Mac that the manifest's own `node` asks for, at the least, with what the stack does not bring itself.
pub fn own_node(stack: &Stack) -> Result<Spec> {
    let node = &stack.manifest.node;
    let chip = chip(stack)?;
    let known = ["15.5", "15.0", "26.1", "26.0", "14.7", "27.0"];
    let macos = known.into_iter().find(|version| node.macos.allows(version)).ok_or_else(|| {
        Problem::manifest(format!("no simulated macOS is `{}`", node.macos))
            .hint(format!("these are known: {}", known.join(", ")))
            .at(Some(&stack.span(&["node", "macos"])))
    })?;
    Ok(Spec {
        chip,
        memory: node.memory.0,
        macos: macos.to_owned(),
        disk_free: DISK,
        sudo: SudoMode::Nopasswd,
        session: Session::Gui,
        ollama: stack.manifest.expects_ollama(),
        user: "lab".to_owned(),
    })
}

/// The first chip that will do, that is known, and that comes with so much memory.
fn chip(stack: &Stack) -> Result<String> {
    let node = &stack.manifest.node;
    let names: Vec<String> = match &node.chip {
        Chips::Any => ["M4", "M4 Pro", "M4 Max", "M3 Ultra"].map(str::to_owned).to_vec(),
        Chips::OneOf(names) => names.clone(),
    };
    let known: Vec<&String> = names.iter().filter(|name| catalog::chip(name).is_some()).collect();
    if known.is_empty() {
        let all: Vec<&str> = catalog::chips().iter().map(|chip| chip.name.as_str()).collect();
        return Err(Problem::manifest(format!("no simulated Mac has the chip `{}`", names.join("` or `")))
            .hint(format!("the chips are {}", all.join(", ")))
            .at(Some(&stack.span(&["node", "chip"])))
            .into());
    }
    let most = known.iter().map(|name| catalog::most_memory(name)).max();
    let enough = known.into_iter().find(|name| node.memory <= catalog::most_memory(name));
    enough.cloned().ok_or_else(|| {
        let problem = Problem::manifest(format!("no simulated Mac has this much memory: {}", node.memory));
        let most = most.map(|most| format!("the most that one with such a chip was sold with is {most}"));
        most.into_iter().fold(problem, Problem::hint).at(Some(&stack.span(&["node", "memory"]))).into()
    })
}

/// Applies `stack` on a fresh simulated Mac, twice; a simulated person answers sudo. `bandwidth` is that of its line, in
/// bits per second; `asked` tells how often the person has asked to stop.
pub fn rehearse(stack: &Stack, spec: &Spec, bandwidth: u64, asked: fn() -> u32) -> Result<Rehearsal> {
    let stack = &stack.clone().kept_in(LockPlace::Mac);
    let mut mac = Mac::new(spec, 0);
    mac.state.bandwidth = bandwidth;
    let sim = Sim::new(mac, Options { asked, ..Options::default() });
    let how = How { yes: true, ..How::default() };
    let began = sim.now();
    let hearing = Hearing { sim: &sim, began, heard: Mutex::default() };
    let summary = whole(apply(&sim, stack, &how, &Nobody, &hearing)?)?;
    let duration_s = seconds(began, sim.now());
    let mut heard = hearing.heard();
    // They were heard as they ended.
    heard.timeline.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let meter = sim.with_mac(|mac| std::mem::take(&mut mac.state.meter));
    let first = First {
        changes: summary.changed.len(),
        effects: count(meter.effects),
        failed: summary.failed.len() + summary.skipped.len(),
        optional: summary.optional.len(),
        duration_s,
        download_bytes: meter.downloaded,
    };
    let hearing = Hearing { sim: &sim, began, heard: Mutex::default() };
    let again = whole(apply(&sim, stack, &how, &Nobody, &hearing)?)?;
    // What failed once fails again, for a reason that is further from its cause.
    let problems = if heard.problems.is_empty() { hearing.heard().problems } else { heard.problems };
    let second = Second {
        changes: again.changed.len() + again.failed.len(),
        effects: count(sim.with_mac(|mac| mac.state.meter.effects)),
    };
    let Meter { peak_disk, peak_model_memory, .. } = meter;
    Ok(Rehearsal {
        stack: stack.manifest.stack.as_str().to_owned(),
        target: in_words(spec),
        plan: heard.plan.context("the rehearsal planned nothing")?,
        first,
        second,
        timeline: heard.timeline,
        proved: heard.proved,
        problems,
        warnings: heard.warnings,
        peak_disk_bytes: peak_disk,
        peak_model_memory_bytes: peak_model_memory,
        summary,
    })
}

/// A rehearsal that was stopped has nothing to tell.
fn whole(summary: Summary) -> Result<Summary> {
    if summary.interrupted { Err(Halt::Interrupted.into()) } else { Ok(summary) }
}

fn in_words(spec: &Spec) -> String {
    let free = human_bytes(spec.disk_free);
    format!("a fresh {} {} with macOS {}, {free} free", spec.chip, MemorySize(spec.memory), spec.macos)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What is kept of the first apply's events.
#[derive(Default)]
struct Heard {
    plan: Option<Plan>,
    timeline: Vec<Moment>,
    proved: Vec<String>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

struct Hearing<'h> {
    sim: &'h Sim,
    began: Timestamp,
    heard: Mutex<Heard>,
}

impl Hearing<'_> {
    fn heard(self) -> Heard {
        self.heard.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Hearing<'_> {
    fn event(&self, event: &Event) {
        let at_s = seconds(self.began, self.sim.now());
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned { plan } => heard.plan = Some((**plan).clone()),
            Event::StepDone { id, words, seconds } => heard.timeline.push(Moment {
                at_s: at_s - seconds,
                id: id.clone(),
                words: words.clone(),
                took_s: *seconds,
            }),
            Event::Proved { id, evidence } => {
                heard.proved.extend(evidence.iter().map(|seen| format!("{id}: {seen}")));
            }
            Event::ResourceFailed { problem, optional, .. } => {
                let those = if *optional { &mut heard.warnings } else { &mut heard.problems };
                those.push(problem.clone());
            }
            _ => {}
        }
    }
}
