//! What is in a store of models: what others put there, what is left of broken pulls, what goes with destroy, and which context
//! a model gets.

use camino::Utf8PathBuf;
use forgectl::sim::{
    Spec,
    tool::ollama::{Weights, store_model},
};

use super::{meddler::Meddler, *};
use crate::support::{effects, own_spec, stack};

const SMALL: &str = "ollama-model/gemma3:1b";

const STACK: &str = "forge: 1
stack: lab
node: {memory: 16GB}
ollama: {num_ctx: 8192}
models:
  - {ollama: \"gemma3:1b\", role: smoke}
";

fn lab() -> Stack {
    stack(STACK)
}

fn with(from: &str, to: &str) -> Stack {
    assert!(STACK.contains(from));
    stack(&STACK.replace(from, to))
}

/// The lab, applied.
fn lived() -> Sim {
    let sim = sim(fresh(&lab()));
    apply_well(&sim, &lab());
    sim
}

fn store(mac: &Mac) -> Utf8PathBuf {
    mac.home().join(".ollama/models")
}

fn manifest(mac: &Mac, model: &str) -> Utf8PathBuf {
    store(mac).join("manifests/registry.ollama.ai/library").join(model.replace(':', "/"))
}

/// The file with the weights of the model.
fn weights(mac: &Mac, model: &str) -> Utf8PathBuf {
    let parts = mac.state.internet.registry.blobs(model).unwrap();
    let (digest, _) = parts.iter().max_by_key(|(_, content)| content.size()).unwrap();
    store(mac).join("blobs").join(digest.replace(':', "-"))
}

/// Puts a model of somebody's own there.
fn put(mac: &mut Mac, name: &str, bytes: u64, train_context: u64, num_ctx: Option<u64>) {
    let (store, now) = (store(mac), mac.state.now);
    store_model(mac.disk.as_mut(), USER, &store, name, Weights { bytes, train_context, num_ctx }, now)
        .unwrap();
}

fn warnings(sim: &Sim, stack: &Stack) -> String {
    plan(sim, stack).warnings.iter().map(text).collect()
}

/// Whatever of it is gone or damaged is seen without asking anybody, and only that is fetched again.
#[test]
fn what_is_missing_of_a_model_is_seen_and_brought_back() {
    type Tamper = fn(&mut Mac);
    let cases: [(Tamper, &str, bool); 4] = [
        (
            |mac| mac.disk.remove(0, &weights(mac, "gemma3:1b"), mac.state.now).unwrap(),
            "1 of 5 parts are missing",
            true,
        ),
        (
            |mac| {
                let (path, now) = (weights(mac, "gemma3:1b"), mac.state.now);
                mac.disk.write(USER, &path, Content::Made { size: 9, seed: 1 }, 0o644, now).unwrap();
            },
            "1 of 5 parts are missing",
            true,
        ),
        (
            |mac| {
                let (path, now) = (manifest(mac, "gemma3:1b"), mac.state.now);
                mac.disk.write(USER, &path, Content::Bytes(b"{}".into()), 0o644, now).unwrap();
            },
            "its manifest cannot be read",
            false,
        ),
        (|mac| mac.disk.remove(0, &manifest(mac, "gemma3:1b"), mac.state.now).unwrap(), "pull", false),
    ];
    for (tamper, why, large) in cases {
        let sim = lived();
        sim.with_mac(tamper);
        let item = planned(&sim, &lab(), SMALL);
        says(&item.reason, &[why]);
        assert_eq!(item.quote.download.unwrap() > 800_000_000, large, "{why}: {:?}", item.quote);
        apply_well(&sim, &lab());
        healed(&sim, &lab());
    }
}

#[test]
fn a_model_that_was_there_before_is_neither_pulled_nor_removed() {
    let mut mac = fresh(&lab());
    put(&mut mac, "gemma3:1b", 900_000_000, 32_768, None);
    for name in ["id_ed25519", "id_ed25519.pub"] {
        let (key, now) = (mac.home().join(".ollama").join(name), mac.state.now);
        mac.disk.write(USER, &key, Content::Bytes(b"key".into()), 0o600, now).unwrap();
    }
    let before = copy(&mac);
    let sim = sim(mac);
    assert_eq!(planned(&sim, &lab(), SMALL).action, Action::Keep);
    apply_well(&sim, &lab());
    assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded), 0);
    nothing_to_do(&sim, &lab());
    destroy_well(&sim, &lab());
    same("destroyed", &before, &still(&sim));
}

/// Data stays, and needs no server to lie on the disk; later it is taken from there, where the server is long gone.
#[test]
fn without_all_data_models_stay_and_their_server_goes() {
    let sim = lived();
    let destroy =
        || engine::destroy(&sim, &lab(), &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap();
    let kept = format!("{:?}", destroy().kept);
    says(&kept, &["gemma3:1b is data; `forgectl destroy --all-data` removes it"]);
    assert!(!kept.contains("launchd-job"), "{kept}");
    assert!(sim.with_mac(|mac| mac.disk.node(&weights(mac, "gemma3:1b")).is_some()));
    assert!(pid(&sim).is_none() && sim.with_mac(|mac| mac.disk.node(&agent(mac)).is_none()));
    assert_eq!(effects(&sim, || drop(destroy())), 0, "a second time there is nothing to do");
    destroy_well(&sim, &lab());
    same("destroyed", &fresh(&lab()), &still(&sim));
}

#[test]
fn a_model_that_has_left_the_manifest_stays_until_all_data_goes() {
    let sim = lived();
    let without = with("models:\n  - {ollama: \"gemma3:1b\", role: smoke}\n", "");
    assert!(plan(&sim, &without).is_empty());
    apply_well(&sim, &without);
    assert!(sim.with_mac(|mac| mac.disk.node(&manifest(mac, "gemma3:1b")).is_some()));
    destroy_well(&sim, &without);
    same("destroyed", &fresh(&lab()), &still(&sim));
}

#[test]
fn a_model_that_somebody_pulled_anew_stays() {
    let sim = lived();
    sim.with_mac(|mac| {
        assert!(mac.state.internet.registry.move_tag("gemma3:1b"));
        put(mac, "gemma3:1b", 700_000_000, 4096, None);
    });
    let ran = destroyed(&sim, &lab());
    says(
        &format!("{:?}", ran.summary.kept),
        &["somebody has pulled gemma3:1b anew since forgectl did; it stays"],
    );
}

/// A tag is published anew: what the lock names is still here and stays; on another Mac it cannot be had.
#[test]
fn what_the_lock_names_is_kept_and_nothing_else_is_taken() {
    let sim = lived();
    sim.with_mac(|mac| assert!(mac.state.internet.registry.move_tag("gemma3:1b")));
    nothing_to_do(&sim, &lab());
    sim.with_mac(|mac| mac.disk.remove(0, &manifest(mac, "gemma3:1b"), mac.state.now).unwrap());
    let text = refused_on(&sim, &lab());
    says(
        &text,
        &[
            "the registry has another `gemma3:1b` than the lock names",
            "locked: ",
            "published now: ",
            "forgectl lock --update ollama-model/gemma3:1b",
            "stack.yaml:6:",
        ],
    );
}

/// The lock is moved by hand: then what it names is pulled, and what was there before goes with its parts.
#[test]
fn a_lock_that_was_moved_brings_what_the_registry_has_now() {
    let sim = lived();
    let old = sim.with_mac(|mac| weights(mac, "gemma3:1b"));
    sim.with_mac(|mac| assert!(mac.state.internet.registry.move_tag("gemma3:1b")));
    let moved = engine::update_lock(&sim, &lab(), &[SMALL.parse().unwrap()], true).unwrap();
    assert!(moved.written && moved.moved.len() == 1, "{moved:?}");
    says(&planned(&sim, &lab(), SMALL).reason, &["pull what the lock names: another is here"]);
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    sim.with_mac(|mac| {
        assert!(mac.disk.node(&old).is_none() && mac.disk.node(&weights(mac, "gemma3:1b")).is_some());
        mac.state.faults.arm(Fault::RegistryDown, 1);
    });
    let error = engine::update_lock(&sim, &lab(), &[SMALL.parse().unwrap()], true).unwrap_err();
    says(&text_of(&error), &["the registry does not tell of `gemma3:1b`", "answered 503", "curl -sSI"]);
    destroy_well(&sim, &lab());
    same("destroyed", &fresh(&lab()), &still(&sim));
}

/// What is pulled through the same server by somebody else is not cut off by a reload.
#[test]
fn a_server_is_not_taken_down_while_somebody_pulls() {
    let other = with("num_ctx: 8192", "num_ctx: 4096");
    let grows = |mac: &mut Mac| {
        let (path, now) = (store(mac).join("blobs/sha256-ab-partial"), mac.state.now);
        mac.disk.write(USER, &path, Content::Bytes(now.to_string().into_bytes()), 0o644, now).unwrap();
    };
    let sim = lived();
    sim.with_mac(grows);
    says(
        &warnings(&sim, &other),
        &["somebody pulls a model: the server is not taken down before that has ended"],
    );
    let before = pid(&sim);
    let ran = told(&sim, &other);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["somebody pulls a model; waiting for that to end"]);
    assert_ne!(pid(&sim), before, "it was taken down once nothing grew any more");

    // One that does not end within ten minutes is not cut off either.
    let sim = lived();
    sim.with_mac(grows);
    let meddler = Meddler::answering(&sim, |query| {
        if matches!(query, forgectl::machine::Query::List(path) if path.ends_with("blobs")) {
            sim.with_mac(grows);
        }
        None
    });
    let before = pid(&sim);
    says(
        &told(&meddler, &other).failure(JOB),
        &[
            "somebody pulls a model: the server was not taken down",
            "let the pull end",
            "ls -lt '/Users/lab/.ollama/models/blobs'",
        ],
    );
    assert_eq!(pid(&sim), before);
}

/// The server deletes what is left of a pull that broke off more than an hour before when it starts anew.
#[test]
fn what_a_restart_costs_an_old_pull_is_said_and_counted() {
    let cut = || {
        let mut mac = fresh(&lab());
        mac.state.faults.arm(Fault::PullInterrupted, 1);
        let sim = sim(mac);
        told(&sim, &lab());
        sim.revive();
        sim
    };
    let other = with("num_ctx: 8192", "num_ctx: 4096");
    let sim = cut();
    let size = |sim: &Sim, stack: &Stack| planned(sim, stack, SMALL).quote.download.unwrap();
    assert!(size(&sim, &other) < 700_000_000, "what has come is counted");
    wait(&sim, 3700);
    assert!(size(&sim, &lab()) < 700_000_000, "nothing is started anew, so nothing is deleted");
    // A changed job is started anew: its old partials go first.
    run(&sim, "launchctl bootout gui/501/dev.forge.ollama");
    wait(&sim, 30);
    assert!(size(&sim, &lab()) > 800_000_000);
    says(
        &warnings(&sim, &lab()),
        &["a pull broke off more than an hour ago", "MB that came are fetched again"],
    );
    healed(&sim, &lab());
}

/// The sim's server ends with words of the file system where notes on a pull are gone: the remains go, and the pull begins anew.
#[test]
fn remains_that_the_server_cannot_go_on_with_are_cleared_away() {
    let mut mac = fresh(&lab());
    mac.state.faults.arm(Fault::PullInterrupted, 1);
    let sim = sim(mac);
    told(&sim, &lab());
    sim.revive();
    sim.with_mac(|mac| {
        let note = format!("{}-partial-0", weights(mac, "gemma3:1b"));
        let now = mac.state.now;
        mac.disk.remove(0, note.as_str().into(), now).unwrap();
    });
    let ran = told(&sim, &lab());
    assert!(ran.summary.ok(), "{:?}\n{}", ran.summary, ran.text());
    says(&ran.text(), &["the pull broke off: ", "no such file or directory"]);
    healed(&sim, &lab());
}

#[test]
fn models_bring_a_server_along() {
    let alone = with("ollama: {num_ctx: 8192}\n", "");
    let sim = sim(fresh(&alone));
    let job = planned(&sim, &alone, JOB);
    assert_eq!(job.origin.unwrap().short(), "stack.yaml:4", "the models ask for it");
    apply_well(&sim, &alone);
    nothing_to_do(&sim, &alone);
    healed(&sim, &alone);
}

#[test]
fn the_number_of_loaded_models_is_the_servers_to_keep() {
    let stack = with("num_ctx: 8192", "num_ctx: 8192, max_loaded_models: 2");
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let plist = sim.with_mac(|mac| read(mac, agent(mac)));
    says(&plist, &["<key>OLLAMA_MAX_LOADED_MODELS</key>", "<string>2</string>"]);
    assert_eq!(planned(&sim, &lab(), JOB).action, Action::Change);
    healed(&sim, &stack);
}

/// What a model was trained for is known by the catalogue before it is here; what is baked into it, once it is.
#[test]
fn a_context_that_is_not_the_declared_one_is_said_and_proved() {
    let more = with("num_ctx: 8192", "num_ctx: 65536");
    let sim = sim(fresh(&more));
    says(
        &warnings(&sim, &more),
        &["`gemma3:1b` gets a context of 32768 tokens, and not of 65536", "it was trained for 32768"],
    );
    let ran = told(&sim, &more);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["`gemma3:1b` gave a token with a context of 32768, all that it was trained for"]);

    let own = with("\"gemma3:1b\"", "\"mistral-small3.1:24b\"");
    let sim =
        crate::faults::sim(Mac::new(&Spec { memory: 64 << 30, chip: "M4 Pro".into(), ..own_spec(&own) }, 0));
    assert!(!warnings(&sim, &own).contains("gets a context"), "nobody knows yet");
    let ran = told(&sim, &own);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["`mistral-small3.1:24b` gave a token with a context of 4096, its own"]);
    says(
        &warnings(&sim, &own),
        &["gets a context of 4096 tokens, and not of 8192", "its own `num_ctx` is baked into it"],
    );
}

/// The smallest proves its server; what is larger is loaded only where nobody has to make room for it, and goes again.
#[test]
fn a_larger_model_is_loaded_only_where_there_is_room_for_it() {
    let two = with("role: smoke}\n", "role: smoke}\n  - {ollama: \"gemma4:e4b\"}\n");
    let ran = told(&sim(fresh(&two)), &two);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(
        &ran.text(),
        &[
            "`gemma3:1b` gave a token with a context of 8192",
            "`gemma4:e4b` was not loaded: it would take about 12.0 GB, and of 11.5 GB for models 0 B are taken",
        ],
    );
    let roomy = sim(Mac::new(&Spec { memory: 32 << 30, ..own_spec(&two) }, 0));
    says(&told(&roomy, &two).text(), &["`gemma4:e4b` gave a token with a context of 8192"]);
    assert_eq!(sim_loaded(&roomy), 0, "nothing stays loaded");

    // Somebody works with a model: it is not sent away for a proof.
    let other =
        with("role: smoke}\n", "role: smoke}\n  - {ollama: \"gemma4:e4b\"}\n  - {ollama: \"gemma4:e2b\"}\n");
    let busy = sim(Mac::new(&Spec { memory: 24 << 30, ..own_spec(&two) }, 0));
    apply_well(&busy, &two);
    busy.with_mac(|mac| {
        let body = br#"{"model":"gemma4:e4b","prompt":"1","stream":false,"keep_alive":-1}"#;
        let (reply, _) =
            forgectl::sim::tool::ollama::request(mac, "POST", "http://127.0.0.1:11434/api/generate", body);
        assert_eq!(reply.unwrap().status, 200);
    });
    let ran = told(&busy, &other);
    assert!(ran.summary.ok());
    says(&ran.text(), &["`gemma4:e2b` was not loaded: it would take about 9.0 GB"]);
    assert!(sim_loaded(&busy) > 9_000_000_000, "what was loaded still is");
}

/// Bytes of all loaded models.
fn sim_loaded(sim: &Sim) -> u64 {
    sim.with_mac(|mac| {
        let now = mac.state.now;
        let of = |process: &forgectl::sim::Process| match &process.program {
            forgectl::sim::Program::Ollama(server) => server.model_memory(now),
            _ => 0,
        };
        mac.state.processes.values().map(of).sum()
    })
}

/// `status --use` proves a model by the server's own proof where that loads the same one.
#[test]
fn a_status_by_use_loads_a_model_once() {
    let sim = lived();
    let mut said = vec![];
    let status = engine::status_by_use(&sim, &lab(), &mut |loads| said.push(loads.to_owned())).unwrap();
    assert!(status.ok());
    assert_eq!(said.len(), 1, "{said:?}");
    let row = status.rows.iter().find(|row| row.id.as_str() == SMALL).unwrap();
    says(&row.evidence.join("\n"), &["`gemma3:1b` is here, ", "tried out with launchd-job/dev.forge.ollama"]);
}

/// A model is unloaded at once by default: it is kept for as long as it takes to look at it.
#[test]
fn a_server_that_keeps_no_model_is_proved_all_the_same() {
    let none = with("num_ctx: 8192", "num_ctx: 8192, keep_alive: 0");
    let ran = told(&sim(fresh(&none)), &none);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["`gemma3:1b` gave a token with a context of 8192"]);
}

#[test]
fn an_optional_model_that_is_missing_is_told_and_is_no_fault_of_the_stack() {
    let both = with("role: smoke}\n", "role: smoke}\n  - {ollama: \"gemma4:e2b\", optional: true}\n");
    let sim = lived();
    let status = engine::status(&sim, &both).unwrap();
    let row = status.rows.iter().find(|row| row.id.as_str() == "ollama-model/gemma4:e2b").unwrap();
    assert!(row.optional && row.verdict == engine::status::Verdict::Missing);
    assert!(status.ok());
    apply_well(&sim, &both);
    nothing_to_do(&sim, &both);
}
