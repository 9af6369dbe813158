//! Whatever goes wrong, it is told with what, where, why and what next.

use forgectl::sim::{Spec, SudoMode};

use super::*;
use crate::support::{SPINE, own_spec, spine_with, stack};

const TOOLBOX: &str = include_str!("../../../stacks/toolbox.yaml");
const PYTHON: &str = "forge: 1\nstack: lab\nnode: {memory: 16GB}\npython:\n  lab: {path: ~/forge/lab/.venv, version: \"3.11\", packages: [mlx-lm]}\n";

/// Everything that can be armed to go wrong, as the model itself lists it to whoever names something else.
fn all() -> Vec<Fault> {
    let told = serde_json::from_value::<Fault>("none of them".into()).unwrap_err().to_string();
    let names = told.split('`').skip(3).step_by(2);
    names.map(|name| serde_json::from_value(name.into()).unwrap()).collect()
}

/// What a run on `sim` told of failures and refusals, each as JSON.
fn problems(sim: &Sim, stack: &Stack) -> Vec<Value> {
    let ears = Ears::default();
    let ran = engine::apply(sim, stack, &yes(), &forgectl::desk::Nobody, &ears);
    let refused = ran.err().map(|error| Problem::all_of(&error)).unwrap_or_default();
    let refused = refused.iter().map(|problem| serde_json::to_value(problem).unwrap());
    let events = parsed(&ears).into_iter().filter(|event| event["event"] == "resource-failed");
    refused.chain(events.map(|event| event["problem"].clone())).collect()
}

/// Promise 5.
#[test]
fn every_failure_and_refusal_says_what_where_why_and_what_next() {
    let mut macs: Vec<(String, Mac, Stack)> = vec![];
    let faults = all();
    assert!(faults.len() > 20 && faults.contains(&Fault::IgnoresTerm), "{faults:?}");
    // A forgectl that is killed tells nothing.
    for fault in faults.into_iter().filter(|fault| *fault != Fault::PullKilled) {
        let models = format!(
            "{SPINE}models: [{{ollama: \"gemma3:1b\"}}, {{ollama: \"gemma4:e2b\", optional: true}}]
"
        );
        let boot = spine_with("start: login", "start: boot");
        let stacks = [spine(), boot, stack(TOOLBOX), stack(PYTHON), stack(&models)];
        for (number, stack) in stacks.into_iter().enumerate() {
            let mut mac = fresh(&stack);
            mac.state.faults.arm_always(fault);
            macs.push((format!("{fault:?}, stack {number}"), mac, stack));
        }
    }
    let mac = |change: fn(&mut Spec)| {
        let mut spec = own_spec(&spine());
        change(&mut spec);
        Mac::new(&spec, 0)
    };
    macs.push(("too small".into(), mac(|spec| spec.memory = 8 << 30), spine()));
    macs.push(("too old".into(), mac(|spec| spec.macos = "14.7".into()), spine()));
    macs.push(("no sudo".into(), mac(|spec| spec.sudo = SudoMode::Denied), spine()));
    macs.push(("no room".into(), mac(|spec| spec.disk_free = 500_000_000), spine()));
    macs.push(("no Ollama".into(), mac(|spec| spec.ollama = false), spine()));
    let mut told = 0;
    for (name, mac, stack) in macs {
        for problem in problems(&sim(mac), &stack) {
            told += 1;
            let some = |field: &str| problem[field].as_array().is_some_and(|list| !list.is_empty());
            assert!(problem["what"].as_str().is_some_and(|what| !what.is_empty()), "{name}: {problem:#}");
            assert_eq!(problem["sort"], "mac", "{name}: {problem:#}");
            assert!(some("why"), "{name}, why: {problem:#}");
            assert!(some("advice"), "{name}, what next: {problem:#}");
            let of_the_manifest =
                !NOT_OF_THE_MANIFEST.iter().any(|what| problem["what"].as_str().unwrap().contains(what));
            let place = problem["place"].as_str().unwrap_or_default();
            assert_eq!(place.starts_with("stack.yaml:"), of_the_manifest, "{name}, where: {problem:#}");
        }
    }
    assert!(told >= 20, "{told} problems");
}
