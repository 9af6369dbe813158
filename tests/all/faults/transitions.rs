//! From one stack to the next, killed on the way: applying again leaves what an undisturbed run leaves, and destroy gives the Mac
//! back.

use forgectl::sim::Kill;

use super::{
    homebrew::{offers, with_homebrew},
    python::with_uv,
    *,
};
use crate::support::{effects, stack};

/// Two stacks of one name, and the Mac that they are applied to one after the other.
struct Transition {
    name: &'static str,
    mac: Mac,
    from: Stack,
    to: Stack,
}

fn transition(name: &'static str, mac: Mac, from: &str, to: &str) -> Transition {
    let stack = |rest: &str| stack(&format!("forge: 1\nstack: lab\nnode: {{memory: 16GB}}\n{rest}\n"));
    Transition { name, mac, from: stack(from), to: stack(to) }
}

fn all() -> Vec<Transition> {
    let environment = |name: &str, path: &str, version: &str, packages: &str| {
        format!("  {name}: {{path: {path}, version: \"{version}\", packages: [{packages}]}}\n")
    };
    let lab = environment("lab", "~/lab/.venv", "3.11", "six");
    let python = |environments: &[&str]| format!("python:\n{}", environments.concat());
    let models = |store: &str, model: &str| {
        format!(
            "ollama: {{num_ctx: 8192, environment: {{OLLAMA_MODELS: {store}}}}}\nmodels: [{{ollama: \"{model}\"}}]"
        )
    };
    let mut older = with_homebrew(&["jq"]);
    for (name, version) in [("jq", "1.9.0"), ("oniguruma", "7.0")] {
        offers(&mut older, name, version);
    }
    vec![
        transition(
            "another version of Python",
            with_uv(),
            &python(&[&lab]),
            &python(&[&environment("lab", "~/lab/.venv", "3.12", "six")]),
        ),
        transition(
            "an environment of another version beside it",
            with_uv(),
            &python(&[&lab]),
            &python(&[&lab, &environment("two", "~/two/.venv", "3.12", "idna")]),
        ),
        transition(
            "an environment that moves",
            with_uv(),
            &python(&[&lab]),
            &python(&[&environment("lab", "~/new/.venv", "3.11", "six")]),
        ),
        transition(
            "a formula that is upgraded, and a cask that goes",
            older,
            "tools: {formulae: [jq], casks: [stats]}",
            "tools: {formulae: [{jq: \">=1.9\"}], casks: [rectangle]}",
        ),
        transition(
            "a formula on which another of ours stands leaves",
            with_homebrew(&[]),
            "tools: {formulae: [oniguruma, jq]}",
            "tools: {formulae: [jq]}",
        ),
        transition(
            "a store of models that moves",
            with_homebrew(&["ollama"]),
            &models("/Users/lab/one", "gemma3:1b"),
            &models("/Users/lab/two", "gemma3:1b"),
        ),
    ]
}

/// A kill of one kind at each effect, or of every kind at some of them where there are many.
fn sampled(count: u64) -> impl Iterator<Item = Kill> {
    let step = usize::try_from(count / 12 + 1).unwrap();
    (1..=count).step_by(step).enumerate().map(|(at, number)| match at % 3 {
        0 => Kill::After(number),
        1 => Kill::During(number),
        _ => Kill::Before(number),
    })
}

#[test]
fn a_kill_on_the_way_from_one_stack_to_the_next_is_healed_and_undone() {
    for Transition { name, mac, from, to } in all() {
        let sim = sim(copy(&mac));
        apply_well(&sim, &from);
        let before = still(&sim);
        let count = effects(&sim, || drop(apply_well(&sim, &to)));
        nothing_to_do(&sim, &to);
        let undisturbed = still(&sim);
        destroy_well(&sim, &to);
        same(&format!("{name}, destroyed"), &mac, &still(&sim));
        let killed = |kill: Kill| {
            let sim = crate::support::sim(copy(&before));
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = apply(&sim, &to);
            assert!(sim.is_killed(), "{name}: {kill:?}");
            sim.revive();
            sim
        };
        for kill in sampled(count) {
            let again = killed(kill);
            apply_well(&again, &to);
            nothing_to_do(&again, &to);
            same(&format!("{name}, {kill:?}, applied again"), &undisturbed, &still(&again));
            let undone = killed(kill);
            destroy_well(&undone, &to);
            same(&format!("{name}, {kill:?}, destroyed"), &mac, &still(&undone));
        }
    }
}
