//! `--only`: the named resources and what they need, and nothing else.

use std::collections::BTreeSet;

use forgectl::{
    desk::Nobody,
    engine::{self, How, event::Summary, plan::Plan},
    manifest::Stack,
    sim::{Mac, Sim, Spec},
    value::{Id, Problem, Sort},
};

use crate::{
    scenarios,
    support::{Ears, apply_well, destroy_well, fresh, own_spec, sim, spine, spine_with, yes},
};

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn plan(sim: &Sim, stack: &Stack, only: &str) -> Plan {
    engine::survey_only(sim, stack, &[id(only)]).unwrap()
}

fn apply_only(sim: &Sim, stack: &Stack, only: &Id) -> Summary {
    let how = How { only: vec![only.clone()], ..yes() };
    let summary = engine::apply(sim, stack, &how, &Nobody, &Ears::default()).unwrap();
    assert!(summary.ok(), "{summary:?}");
    summary
}

fn ids(plan: &Plan) -> BTreeSet<String> {
    plan.items.iter().map(|item| item.id.to_string()).collect()
}

/// Whichever resource is brought first, the rest can follow, and all of it can be taken away.
#[test]
fn a_stack_that_is_brought_piece_by_piece_is_the_same_stack() {
    for scenario in scenarios::all() {
        let stack = &scenario.stack;
        let undisturbed = sim(scenario.fresh());
        let whole = engine::survey(&undisturbed, stack).unwrap();
        apply_well(&undisturbed, stack);
        let undisturbed = undisturbed.into_mac();
        for item in &whole.items {
            let sim = sim(scenario.fresh());
            let plan = plan(&sim, stack, &item.id.to_string());
            assert_eq!(plan.items.len() + plan.left_aside, whole.items.len(), "{}", item.id);
            for need in plan.items.iter().flat_map(|item| &item.needs) {
                assert!(ids(&plan).contains(&need.to_string()), "{}: {need} is left aside", item.id);
            }
            apply_only(&sim, stack, &item.id);
            assert!(engine::survey_only(&sim, stack, std::slice::from_ref(&item.id)).unwrap().is_empty());
            apply_well(&sim, stack);
            let mac = sim.into_mac();
            scenario.same(&format!("{} first", item.id), &undisturbed, &mac);
            let sim = crate::support::sim(mac);
            destroy_well(&sim, stack);
            scenario.same(&format!("{} first, then destroyed", item.id), &scenario.fresh(), &sim.into_mac());
        }
    }
}

#[test]
fn what_is_not_named_is_left_as_it_is_and_counted() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let plan = plan(&sim, &stack, "power/ac");
    assert_eq!(ids(&plan), BTreeSet::from(["power/ac".to_owned()]));
    assert_eq!(apply_only(&sim, &stack, &id("power/ac")).changed, [id("power/ac")]);
    let rest = engine::survey(&sim, &stack).unwrap();
    assert_eq!((rest.items.len(), rest.changes().count()), (1 + plan.left_aside, 6));
}

#[test]
fn what_speaks_against_the_others_speaks_not_against_the_named() {
    let stack = spine_with("listen: loopback", "listen: lan");
    let sim = sim(Mac::new(&Spec { ollama: false, ..own_spec(&stack) }, 0));
    let whole = engine::survey(&sim, &stack).unwrap();
    assert_eq!((whole.refusals.len(), whole.exposed.len()), (1, 1), "{:?}", whole.refusals);
    let power = plan(&sim, &stack, "power/ac");
    assert!(power.refusals.is_empty() && power.exposed.is_empty(), "{power:?}");
    apply_only(&sim, &stack, &id("power/ac"));
    assert_eq!(plan(&sim, &stack, "launchd-job/dev.forge.ollama").refusals.len(), 1);
}

#[test]
fn a_mac_that_is_not_the_node_is_refused_all_the_same() {
    let stack = spine_with("memory: 16GB", "memory: 64GB");
    let sim = sim(Mac::new(&Spec { memory: 16 << 30, ..own_spec(&stack) }, 0));
    assert_eq!(plan(&sim, &stack, "power/ac").refusals.len(), 1);
}

#[test]
fn nothing_leaves() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let without = spine_with("power:\n  never_sleep: true", "power:\n  never_sleep: false");
    let narrowed = plan(&sim, &without, "tool/command-line-tools");
    assert!(
        narrowed.is_empty() && narrowed.left_aside == ids(&engine::survey(&sim, &stack).unwrap()).len() - 1
    );
    assert_eq!(engine::survey(&sim, &without).unwrap().counts().remove, 1);
}

#[test]
fn a_job_that_is_to_be_elsewhere_leaves_its_old_place() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let boot = spine_with("start: login", "start: boot");
    let job = id("launchd-job/dev.forge.ollama");
    assert_eq!(plan(&sim, &boot, "launchd-job/dev.forge.ollama").counts().remove, 1);
    apply_only(&sim, &boot, &job);
    assert!(engine::survey_only(&sim, &boot, &[job]).unwrap().is_empty());
}

#[test]
fn an_id_that_nothing_has_is_a_fault_of_usage_with_the_nearest() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let fault = |only: &str| {
        let error = engine::survey_only(&sim, &stack, &[id("power/ac"), id(only)]).unwrap_err();
        error.downcast::<Problem>().unwrap()
    };
    let typo = fault("launchd-job/dev.forge.olama");
    assert_eq!(typo.sort, Sort::Usage);
    assert!(typo.hints[0].contains("`launchd-job/dev.forge.ollama`"), "{typo:?}");
    assert!(fault("job/dev.forge.ollama").hints[0].contains("`launchd-job/dev.forge.ollama`"));
    let far = fault("zebra/zzz");
    assert_eq!(far.hints.len(), 1, "nothing is near");
    assert!(far.hints[0].starts_with("all of them: `power/ac`, `tool/command-line-tools`, "), "{far:?}");
}
