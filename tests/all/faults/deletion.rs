//! Models go by whoever has them: never by a server of somebody else's, and with all that a pull of ours has left.

use forgectl::sim::tool::ollama::{Weights, store_model};

use super::{homebrew::with_homebrew, *};
use crate::support::stack;

const OWN: &str = "/Users/lab/.ollama/models";

fn lab(store: &str) -> Stack {
    stack(&format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\nollama: {{num_ctx: 8192, environment: {{OLLAMA_MODELS: {store}}}}}\nmodels: [{{ollama: \"gemma3:1b\"}}]\n"
    ))
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

/// A Mac on which somebody uses an Ollama of their own, with a model of the same name and one of another.
fn in_use() -> Mac {
    let mut mac = with_homebrew(&["ollama"]);
    let now = mac.state.now;
    let weights = Weights { bytes: 900_000_000, train_context: 32_768, num_ctx: None };
    for name in ["gemma3:1b", "own:1"] {
        store_model(mac.disk.as_mut(), USER, OWN.into(), name, weights, now).unwrap();
    }
    for name in ["id_ed25519", "id_ed25519.pub"] {
        let path = Utf8PathBuf::from("/Users/lab/.ollama").join(name);
        mac.disk.write(USER, &path, Content::Bytes(b"key".into()), 0o600, now).unwrap();
    }
    mac
}

/// Somebody takes our job down and starts their own server, with its own store: it answers where ours did.
#[test]
fn a_server_of_somebody_elses_is_never_asked_to_delete_a_model() {
    let stack = lab("/Users/lab/models");
    let before = in_use();
    let sim = sim(copy(&before));
    apply_well(&sim, &stack);
    well(&sim, "launchctl bootout gui/501/dev.forge.ollama");
    wait(&sim, 60);
    well(&sim, "/opt/homebrew/bin/brew services start ollama");
    wait(&sim, 60);
    destroy_well(&sim, &stack);
    assert!(there(&sim, &format!("{OWN}/manifests/registry.ollama.ai/library/gemma3/1b")), "theirs");
    assert!(!there(&sim, "/Users/lab/models"), "ours");
}

/// What is gone of a model is pulled once more, and that pull is killed: nobody wrote down what it left.
#[test]
fn what_a_second_pull_left_when_it_was_killed_goes_and_what_others_left_stays() {
    let stack = stack(
        "forge: 1\nstack: lab\nnode: {memory: 16GB}\nollama: {num_ctx: 8192}\nmodels: [{ollama: \"gemma4:e2b\"}]\n",
    );
    let mut before = in_use();
    let sim = sim(copy(&before));
    apply_well(&sim, &stack);
    let manifest = format!("{OWN}/manifests/registry.ollama.ai/library/gemma4/e2b");
    let large = sim.with_mac(|mac| {
        let parts = mac.state.internet.registry.blobs("gemma4:e2b").unwrap();
        let (digest, _) = parts.into_iter().max_by_key(|(_, content)| content.size()).unwrap();
        format!("{OWN}/blobs/{}", digest.replace(':', "-"))
    });
    for path in [&manifest, &large] {
        well(&sim, &format!("rm {path}"));
    }
    let half = format!("{OWN}/blobs/sha256-ab-partial");
    sim.with_mac(|mac| write(mac, USER, &half, "somebody else's"));
    write(&mut before, USER, &half, "somebody else's");
    sim.with_mac(|mac| mac.state.faults.arm(Fault::PullKilled, 1));
    let _ = apply(&sim, &stack);
    assert!(sim.is_killed());
    sim.revive();
    assert!(there(&sim, &format!("{large}-partial")));
    destroy_well(&sim, &stack);
    same("destroyed", &before, &still(&sim));
}

/// Where no server of ours has the model any more it is deleted by hand, which can be killed at every file.
#[test]
fn a_model_that_is_deleted_by_hand_goes_however_often_that_is_killed() {
    let stack = lab("/Users/lab/.ollama/models");
    let mut before = in_use();
    let path = Utf8PathBuf::from(OWN).join("manifests/registry.ollama.ai/library/gemma3/1b");
    let now = before.state.now;
    before.disk.remove(USER, &path, now).unwrap();
    before.disk.remove(USER, path.parent().unwrap(), now).unwrap();
    let lived = || {
        let sim = sim(copy(&before));
        apply_well(&sim, &stack);
        well(&sim, "launchctl bootout gui/501/dev.forge.ollama");
        wait(&sim, 60);
        sim
    };
    let whole = lived();
    let count = crate::support::effects(&whole, || drop(destroy_well(&whole, &stack)));
    let given_back = still(&whole);
    assert!(given_back.disk.node(path.parent().unwrap()).is_none());
    for number in 1..=count {
        let sim = lived();
        sim.with_mac(|mac| {
            mac.state.meter.effects = 0;
            mac.state.faults.kill = Some(forgectl::sim::Kill::After(number));
        });
        let _ = crate::support::destroy(&sim, &stack);
        assert!(sim.is_killed());
        sim.revive();
        destroy_well(&sim, &stack);
        same(&format!("killed after effect {number}"), &given_back, &still(&sim));
    }
}
