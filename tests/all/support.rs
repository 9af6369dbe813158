//! What the tests of the promises share: the spine's stack, simulated Macs, and runs on them.

use std::sync::{Arc, Mutex};

use forgectl::{
    desk::Nobody,
    engine::{
        self, How,
        event::{Event, Sink, Summary},
    },
    machine::Machine,
    manifest::{self, Stack},
    sim::{Mac, Options, Sim, Spec},
    value::Source,
};

pub(crate) const SPINE: &str = include_str!("../../stacks/spine.yaml");

/// The stack that `text` says.
pub(crate) fn stack(text: &str) -> Stack {
    manifest::read(&Source::new("stack.yaml", text)).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn spine() -> Stack {
    stack(SPINE)
}

/// The spine with `from` written as `to`.
pub(crate) fn spine_with(from: &str, to: &str) -> Stack {
    assert!(SPINE.contains(from), "the spine does not say {from}");
    stack(&SPINE.replace(from, to))
}

pub(crate) fn own_spec(stack: &Stack) -> Spec {
    engine::own_node(stack).unwrap()
}

/// A fresh simulated Mac of the stack's own node.
pub(crate) fn fresh(stack: &Stack) -> Mac {
    Mac::new(&own_spec(stack), 0)
}

pub(crate) fn sim(mac: Mac) -> Sim {
    Sim::new(mac, Options::default())
}

/// The same Mac once more.
pub(crate) fn copy(mac: &Mac) -> Mac {
    Mac::from_json(&mac.to_json().unwrap()).unwrap()
}

pub(crate) fn yes() -> How {
    How { yes: true, command: "forgectl apply stack.yaml".into(), ..How::default() }
}

pub(crate) fn apply(machine: &dyn Machine, stack: &Stack) -> anyhow::Result<Summary> {
    engine::apply(machine, stack, &yes(), &Nobody, &Ears::default())
}

pub(crate) fn destroy(machine: &dyn Machine, stack: &Stack) -> anyhow::Result<Summary> {
    engine::destroy(machine, stack, &yes(), true, &Nobody, &Ears::default())
}

/// Applies, and insists that all went well.
pub(crate) fn apply_well(machine: &dyn Machine, stack: &Stack) -> Summary {
    let ears = Ears::default();
    let summary =
        engine::apply(machine, stack, &yes(), &Nobody, &ears).unwrap_or_else(|error| panic!("{error:#}"));
    assert!(summary.ok(), "{summary:?}\n{}", ears.told().join("\n"));
    summary
}

/// Destroys with all data, and insists that all went well.
pub(crate) fn destroy_well(machine: &dyn Machine, stack: &Stack) -> Summary {
    let ears = Ears::default();
    let summary = engine::destroy(machine, stack, &yes(), true, &Nobody, &ears)
        .unwrap_or_else(|error| panic!("{error:#}"));
    assert!(summary.ok(), "{summary:?}\n{}", ears.told().join("\n"));
    summary
}

/// How many effects `work` makes.
pub(crate) fn effects(sim: &Sim, work: impl FnOnce()) -> u64 {
    sim.with_mac(|mac| mac.state.meter.effects = 0);
    work();
    sim.with_mac(|mac| mac.state.meter.effects)
}

/// Hears the events of a run, and tells them as JSON.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<String>>>);

impl Ears {
    pub(crate) fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Sink for Ears {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(serde_json::to_string(event).unwrap());
    }
}
