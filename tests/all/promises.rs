//! What forgectl promises, each shown in every scenario on the simulated Mac.
#![expect(clippy::disallowed_methods, reason = "how many kills is said by the environment")]

use std::{env, time::Duration};

use forgectl::{
    engine,
    machine::{Class, Entry, Recorded},
    manifest::{EngineKind, Stack},
    sim::{Caller, Kill, Mac, Sim, USER, differences},
};

use crate::{
    scenarios::{self, Scenario},
    support::{apply, apply_well, copy, destroy, destroy_well, effects, sim},
};

/// Its Mac once the stack was applied, and how many effects that took.
fn applied(scenario: &Scenario) -> (Mac, u64) {
    let sim = sim(scenario.fresh());
    let count = effects(&sim, || drop(apply_well(&sim, &scenario.stack)));
    (sim.into_mac(), count)
}

/// The lock that the Mac keeps of the stack.
fn lock(mac: &Mac, stack: &Stack) -> Option<Vec<u8>> {
    let path = mac.home().join(format!(".local/state/forgectl/locks/{}.lock", stack.manifest.stack));
    mac.disk.read(USER, &path).ok().and_then(|content| content.bytes(1 << 20).map(|bytes| bytes.to_vec()))
}

/// Both kills at each of so many effects.
fn kills(count: u64) -> impl Iterator<Item = Kill> {
    let every = if env::var_os("FORGE_QUICK").is_some() { 11 } else { 1 };
    (1..=count).step_by(every).flat_map(|number| [Kill::Before(number), Kill::After(number)])
}

/// Promise 1: what only looks is given a `Look`; here it is shown that it changes nothing either, on a fresh Mac, on one
/// where all is as wanted, and on one that others have changed since.
#[test]
fn plan_and_status_change_nothing() {
    for scenario in scenarios::all() {
        let stack = &scenario.stack;
        let applied = applied(&scenario).0;
        let drifted = sim(copy(&applied));
        let changed = |line: &str| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            drifted.exec(Caller::user(true).root(), &argv).ok()
        };
        assert!(changed("pmset -a sleep 7"));
        if stack.manifest.ollama.is_some() {
            assert!(
                ["gui/501", "system"]
                    .iter()
                    .any(|domain| changed(&format!("launchctl bootout {domain}/dev.forge.ollama")))
            );
        }
        match stack.manifest.containers.as_ref().map(|containers| containers.engine) {
            None => {}
            Some(EngineKind::Running) => assert!(changed("docker rm -f forge-app-web-1")),
            Some(_) => assert!(changed("launchctl bootout gui/501/dev.forge.colima")),
        }
        for environment in stack.manifest.python.iter().flat_map(|python| python.0.values()) {
            let path = environment.path.as_str().replace('~', "/Users/lab");
            assert!(changed(&format!("rm -rf {path}/lib")));
        }
        drifted.with_mac(|mac| mac.advance(Duration::from_secs(30)));
        for (what, mac) in
            [("fresh", scenario.fresh()), ("applied", applied), ("drifted", drifted.into_mac())]
        {
            let sim = sim(copy(&mac));
            let before = sim.with_mac(|mac| mac.state.meter.clone());
            let plan = engine::survey(&sim, stack).unwrap();
            assert_eq!(plan.is_empty(), what == "applied", "{}, {what}", scenario.name);
            assert_eq!(
                engine::status(&sim, stack).unwrap().ok(),
                what == "applied",
                "{}, {what}",
                scenario.name
            );
            let after = sim.with_mac(|mac| mac.state.meter.clone());
            assert_eq!((before.effects, before.bookkeeping), (after.effects, after.bookkeeping));
            let found = differences(&mac, &sim.into_mac(), true);
            assert!(found.is_empty(), "{}, {what}: {found:#?}", scenario.name);
        }
    }
}

/// Promise 2.
#[test]
fn the_second_apply_does_nothing() {
    for scenario in scenarios::all() {
        let (mac, count) = applied(&scenario);
        assert!(count > 5, "{}: {count} effects", scenario.name);
        let (stack, sim) = (&scenario.stack, sim(mac));
        let plan = engine::survey(&sim, stack).unwrap();
        assert!(plan.is_empty(), "{}: {:#?}", scenario.name, plan.changes().collect::<Vec<_>>());
        assert_eq!(effects(&sim, || assert_eq!(apply_well(&sim, stack).changed, [])), 0);
        let dialogs = sim.with_mac(|mac| mac.state.dialogs.clone());
        assert!(dialogs.is_empty(), "{}: {dialogs:?}", scenario.name);
    }
}

/// Promise 3, and 4 after it: killed before or after any effect, then applied again, then destroyed.
#[test]
fn a_kill_at_any_effect_is_healed_and_undone() {
    for scenario in scenarios::all() {
        let stack = &scenario.stack;
        let new = scenario.fresh();
        let (undisturbed, count) = applied(&scenario);
        for kill in kills(count) {
            let sim = sim(scenario.fresh());
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = apply(&sim, stack);
            assert!(sim.is_killed(), "{}: {kill:?}", scenario.name);
            sim.revive();
            apply_well(&sim, stack);
            let healed = sim.into_mac();
            assert_eq!(lock(&undisturbed, stack), lock(&healed, stack), "{}: {kill:?}", scenario.name);
            scenario.same(&format!("{kill:?}, then applied"), &undisturbed, &healed);
            let sim = crate::support::sim(healed);
            destroy_well(&sim, stack);
            scenario.same(&format!("{kill:?}, applied, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Promise 4, when nothing but the kill came in between.
#[test]
fn a_kill_at_any_effect_can_be_undone_without_applying_again() {
    for scenario in scenarios::all() {
        let stack = &scenario.stack;
        let new = scenario.fresh();
        let (_, count) = applied(&scenario);
        for kill in kills(count) {
            let sim = sim(scenario.fresh());
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = apply(&sim, stack);
            sim.revive();
            destroy_well(&sim, stack);
            scenario.same(&format!("{kill:?}, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Promise 4, with kills while destroying.
#[test]
fn a_destroy_that_is_killed_goes_on_where_it_stopped() {
    for scenario in scenarios::all() {
        let stack = &scenario.stack;
        let new = scenario.fresh();
        let (mac, _) = applied(&scenario);
        let whole = sim(copy(&mac));
        let count = effects(&whole, || drop(destroy_well(&whole, stack)));
        scenario.same("destroyed", &new, &whole.into_mac());
        assert!(count > 5, "{}: {count} effects", scenario.name);
        for kill in kills(count) {
            let sim = sim(copy(&mac));
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = destroy(&sim, stack);
            assert!(sim.is_killed(), "{}: {kill:?}", scenario.name);
            sim.revive();
            destroy_well(&sim, stack);
            scenario.same(&format!("{kill:?} of destroy, then destroyed"), &new, &sim.into_mac());
        }
    }
}

/// Destroying twice does nothing the second time.
#[test]
fn the_second_destroy_does_nothing() {
    for scenario in scenarios::all() {
        let (stack, sim) = (&scenario.stack, sim(applied(&scenario).0));
        destroy_well(&sim, stack);
        assert_eq!(effects(&sim, || assert_eq!(destroy_well(&sim, stack).changed, [])), 0);
    }
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
    for scenario in scenarios::all() {
        let trace = || {
            let sim = sim(scenario.fresh());
            traced(&sim, |machine| drop(apply_well(machine, &scenario.stack)))
        };
        let (first, second) = (trace(), trace());
        assert!(first.len() > 50);
        assert_eq!(first, second, "{}", scenario.name);
    }
}

/// What a plan of a converged Mac costs: five processes and one a job, three requests a server.
#[test]
fn a_plan_with_nothing_to_do_is_cheap() {
    for scenario in scenarios::all() {
        let sim = sim(applied(&scenario).0);
        let (mut jobs, calls) = (0, || sim.with_mac(|mac| mac.state.meter.engine_calls));
        let before = calls();
        let trace = traced(&sim, |machine| {
            let plan = engine::survey(machine, &scenario.stack).unwrap();
            assert!(plan.is_empty());
            jobs = plan.items.iter().filter(|item| item.id.kind().ends_with("-job")).count();
        });
        let processes: Vec<&str> =
            trace.iter().filter(|entry| entry.process).map(|entry| entry.what.as_str()).collect();
        assert!(processes.len() <= 5 + jobs, "{}: {processes:#?}", scenario.name);
        let requests = trace.iter().filter(|entry| entry.request && !entry.what.contains("docker.sock"));
        assert!(requests.count() <= 3 * jobs, "{}", scenario.name);
        assert!(calls() - before <= 6, "{}: {} calls to an engine", scenario.name, calls() - before);
        assert!(trace.iter().all(|entry| entry.class.is_none()));
    }
}

/// Promise 2 again, by the trace: the second apply keeps its books and nothing else.
#[test]
fn the_second_apply_only_keeps_its_books() {
    for scenario in scenarios::all() {
        let sim = sim(applied(&scenario).0);
        let trace = traced(&sim, |machine| drop(apply_well(machine, &scenario.stack)));
        let classes: Vec<&Entry> = trace
            .iter()
            .filter(|entry| entry.class.is_some_and(|class| class != Class::Bookkeeping))
            .collect();
        assert!(classes.is_empty(), "{}: {classes:#?}", scenario.name);
        assert!(
            !trace.iter().any(|entry| entry.what.contains("journal.jsonl") && entry.class.is_some()),
            "{}: {trace:#?}",
            scenario.name
        );
    }
}
