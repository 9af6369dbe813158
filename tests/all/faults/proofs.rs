//! What a server is proved by: which model is loaded, and what is said of that.

use forgectl::{
    machine::Looking,
    sim::tool::ollama::{Weights, store_embedder, store_model, store_remote},
};

use super::*;
use crate::support::spine_with;

const SMALL: Weights = Weights { bytes: 300_000_000, train_context: 8192, num_ctx: None };

/// A converged Mac with models in its store.
fn with_models(store: impl FnOnce(&mut Mac, &Utf8Path)) -> Sim {
    let sim = applied();
    sim.with_mac(|mac| {
        let models = mac.home().join(".ollama/models");
        store(mac, &models);
    });
    sim
}

fn embedder(mac: &mut Mac, models: &Utf8Path) {
    store_embedder(mac.disk.as_mut(), USER, models, "nomic-embed-text", SMALL, mac.state.now).unwrap();
}

fn remote(mac: &mut Mac, models: &Utf8Path) {
    store_remote(mac.disk.as_mut(), USER, models, "kimi-k2.6:cloud", mac.state.now).unwrap();
}

fn model(mac: &mut Mac, models: &Utf8Path, name: &str, weights: Weights) {
    store_model(mac.disk.as_mut(), USER, models, name, weights, mac.state.now).unwrap();
}

/// What a status by use shows of the server, which has to be well; and what it said beforehand.
#[track_caller]
fn used(sim: &Sim) -> (String, Vec<String>) {
    let mut said = vec![];
    let status = engine::status_by_use(sim, &spine(), &mut |text| said.push(text.to_owned())).unwrap();
    let row = status.rows.iter().find(|row| row.id.to_string() == JOB).unwrap();
    assert!(status.ok(), "{row:#?}");
    (row.evidence.join("\n"), said)
}

fn loaded_now(sim: &Sim) -> String {
    let reply = sim.get("http://127.0.0.1:11434/api/ps").unwrap().unwrap();
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn a_store_without_a_model_that_gives_text_here_proves_what_it_can() {
    for (store, why) in [
        (embedder as fn(&mut Mac, &Utf8Path), "no model here gives text, so none was loaded"),
        (remote, "only models that run elsewhere are here, so none was loaded"),
    ] {
        let sim = with_models(store);
        let (evidence, said) = used(&sim);
        says(&evidence, &["answers at http://127.0.0.1:11434", why]);
        assert!(said.is_empty(), "{said:?}");
    }
}

#[test]
fn the_smallest_model_that_gives_text_proves_the_server() {
    let sim = with_models(|mac, models| {
        embedder(mac, models);
        remote(mac, models);
        model(
            mac,
            models,
            "llama3.2",
            Weights { bytes: 2_000_000_000, train_context: 131_072, num_ctx: None },
        );
        model(mac, models, "gemma3:270m", SMALL);
    });
    let (evidence, said) = used(&sim);
    says(&evidence, &["`gemma3:270m` gave a token with a context of 8192, all that it was trained for"]);
    assert_eq!(said.len(), 1);
    says(&said[0], &["`gemma3:270m`", "300 MB", "for one token"]);
    assert_eq!(loaded_now(&sim), r#"{"models":[]}"#);
}

#[test]
fn a_context_that_is_baked_into_the_model_is_no_fault_of_the_server() {
    for (own, context) in [(4096, "4096, its own"), (100_000, "8192, all that it was trained for")] {
        let sim = with_models(|mac, models| {
            model(mac, models, "baked", Weights { num_ctx: Some(own), ..SMALL });
        });
        says(&used(&sim).0, &["`baked:latest` gave a token with a context of", context]);
    }
}

/// The spine's Mac has 16 GB.
#[test]
fn a_model_that_memory_cannot_hold_is_not_loaded() {
    let giant = Weights { bytes: 40_000_000_000, train_context: 8192, num_ctx: None };
    let sim = with_models(|mac, models| model(mac, models, "giant", giant));
    let (evidence, said) = used(&sim);
    says(
        &evidence,
        &["`giant:latest` is the smallest model here, with 40.0 GB", "11.5 GB", "none was loaded"],
    );
    assert!(said.is_empty());
    assert_eq!(sim.with_mac(|mac| mac.state.meter.peak_model_memory), 0);
}

/// Whoever agrees to a plan knows what will be loaded.
#[test]
fn a_plan_that_will_load_a_model_says_so() {
    let sim = with_models(|mac, models| model(mac, models, "gemma3:270m", SMALL));
    let warnings = |sim: &Sim, stack: &Stack| plan(sim, stack).warnings.iter().map(text).collect::<String>();
    assert_eq!(warnings(&sim, &spine()), "", "nothing is to be done");
    let other = spine_with("keep_alive: 30m", "keep_alive: 5m");
    says(
        &warnings(&sim, &other),
        &["proved by use: `gemma3:270m` is loaded (300 MB on disk)", "stack.yaml:"],
    );
    well(&sim, &format!("launchctl bootout gui/501/{LABEL}"));
    wait(&sim, 10);
    says(&warnings(&sim, &spine()), &["proved by use: the smallest model that fits is loaded"]);
}
