//! What forgectl promises of every stack in `stacks/`, each shown on the simulated Mac.

use forgectl::{
    engine,
    machine::{Class, Entry, Recorded},
    sim::{Kill, Mac, Sim, differences},
};

use crate::support::{apply, apply_well, copy, destroy, destroy_well, effects, fresh, sim, spine};

fn same(what: &str, left: &Mac, right: &Mac) {
    let found = differences(left, right, false);
    assert!(found.is_empty(), "{what}:\n{found:#?}");
}

/// A Mac on which the spine was applied, and how many effects that took.
fn applied() -> (Mac, u64) {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let count = effects(&sim, || drop(apply_well(&sim, &stack)));
    (sim.into_mac(), count)
}

/// Promise 1: what only looks is given a `Look`; here it is shown that it changes nothing either.
#[test]
fn plan_and_status_change_nothing() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    engine::survey(&sim, &stack).unwrap();
    engine::status(&sim, &stack).unwrap();
    assert_eq!(sim.with_mac(|mac| mac.state.meter.effects + mac.state.meter.bookkeeping), 0);
    let found = differences(&fresh(&stack), &sim.into_mac(), true);
    assert!(found.is_empty(), "{found:#?}");
}

/// Promise 2.
#[test]
fn the_second_apply_does_nothing() {
    let (mac, count) = applied();
    assert!(count > 5, "{count} effects");
    let (stack, sim) = (spine(), sim(mac));
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    assert_eq!(effects(&sim, || assert_eq!(apply_well(&sim, &stack).changed, [])), 0);
}

/// Promise 3, and 4 after it: killed before or after any effect, then applied again, then destroyed.
#[test]
fn a_kill_at_any_effect_is_healed_and_undone() {
    let stack = spine();
    let new = fresh(&stack);
    let (undisturbed, count) = applied();
    for number in 1..=count {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let sim = sim(fresh(&stack));
            sim.with_mac(|mac| mac.state.faults.kill = Some(kill));
            let _ = apply(&sim, &stack);
            assert!(sim.is_killed(), "{kill:?}");
            sim.revive();
            apply_well(&sim, &stack);
            let healed = sim.into_mac();
            same(&format!("{kill:?}, then applied"), &undisturbed, &healed);
            let sim = crate::support::sim(healed);
            destroy_well(&sim, &stack);
            same(&format!("{kill:?}, applied, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Promise 4, when nothing but the kill came in between.
#[test]
fn a_kill_at_any_effect_can_be_undone_without_applying_again() {
    let stack = spine();
    let new = fresh(&stack);
    let (_, count) = applied();
    for number in 1..=count {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let sim = sim(fresh(&stack));
            sim.with_mac(|mac| mac.state.faults.kill = Some(kill));
            let _ = apply(&sim, &stack);
            sim.revive();
            destroy_well(&sim, &stack);
            same(&format!("{kill:?}, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Promise 4, with kills while destroying.
#[test]
fn a_destroy_that_is_killed_goes_on_where_it_stopped() {
    let stack = spine();
    let new = fresh(&stack);
    let (mac, _) = applied();
    let whole = sim(copy(&mac));
    let count = effects(&whole, || drop(destroy_well(&whole, &stack)));
    same("destroyed", &new, &whole.into_mac());
    assert!(count > 5, "{count} effects");
    for number in 1..=count {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let sim = sim(copy(&mac));
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = destroy(&sim, &stack);
            assert!(sim.is_killed(), "{kill:?}");
            sim.revive();
            destroy_well(&sim, &stack);
            same(&format!("{kill:?} of destroy, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Destroying twice does nothing the second time.
#[test]
fn the_second_destroy_does_nothing() {
    let (mac, _) = applied();
    let (stack, sim) = (spine(), sim(mac));
    destroy_well(&sim, &stack);
    assert_eq!(effects(&sim, || assert_eq!(destroy_well(&sim, &stack).changed, [])), 0);
}

fn traced(sim: &Sim, work: impl FnOnce(&Recorded<'_, Sim>)) -> Vec<Entry> {
    let mut entries = vec![];
    let trace = std::sync::Mutex::new(&mut entries);
    work(&Recorded::new(sim, |entry| trace.lock().unwrap().push(entry)));
    entries
}

/// Two runs from the same start make the same calls at the same times.
#[test]
fn a_run_is_deterministic() {
    let stack = spine();
    let trace = || {
        let sim = sim(fresh(&stack));
        traced(&sim, |machine| drop(apply_well(machine, &stack)))
    };
    let (first, second) = (trace(), trace());
    assert!(first.len() > 50);
    assert_eq!(first, second);
}

/// What a plan of a converged Mac costs: five processes and one a job, three requests a server.
#[test]
fn a_plan_with_nothing_to_do_is_cheap() {
    let (mac, _) = applied();
    let (stack, sim) = (spine(), sim(mac));
    let trace = traced(&sim, |machine| assert!(engine::survey(machine, &stack).unwrap().is_empty()));
    let processes: Vec<&str> =
        trace.iter().filter(|entry| entry.process).map(|entry| entry.what.as_str()).collect();
    assert!(processes.len() <= 5 + 1, "{processes:#?}");
    assert!(trace.iter().filter(|entry| entry.request).count() <= 3);
    assert!(trace.iter().all(|entry| entry.class.is_none()));
}

/// Promise 2 again, by the trace: the second apply keeps its books and nothing else.
#[test]
fn the_second_apply_only_keeps_its_books() {
    let (mac, _) = applied();
    let (stack, sim) = (spine(), sim(mac));
    let trace = traced(&sim, |machine| drop(apply_well(machine, &stack)));
    let classes: Vec<&Entry> =
        trace.iter().filter(|entry| entry.class.is_some_and(|class| class != Class::Bookkeeping)).collect();
    assert!(classes.is_empty(), "{classes:#?}");
    assert!(
        !trace.iter().any(|entry| entry.what.contains("journal.jsonl") && entry.class.is_some()),
        "{trace:#?}"
    );
}
