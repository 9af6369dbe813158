//! Models: names that nobody has, registries that do not answer, pulls that break at any point, disks that are full, and what
//! others do in the store.

use camino::Utf8PathBuf;
use forgectl::sim::{Spec, tool::ollama::Weights};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, stack};

const SMALL: &str = "ollama-model/gemma3:1b";
const EDGE: &str = "ollama-model/gemma4:e2b";
const FIRST: &str = "gemma3:1b";

/// A server with one small model, and one that the stack can do without.
const STACK: &str = "forge: 1
stack: lab
node: {memory: 16GB}
ollama: {num_ctx: 8192}
models:
  - {ollama: \"gemma3:1b\", role: smoke}
  - {ollama: \"gemma4:e2b\", role: edge, optional: true}
";

fn lab() -> Stack {
    stack(STACK)
}

/// The same with the lines of `models` in place of those two.
fn with(models: &str) -> Stack {
    let (head, _) = STACK.split_once("  - {").unwrap();
    stack(&format!("{head}{models}"))
}

fn only_small() -> Stack {
    with("  - {ollama: \"gemma3:1b\", role: smoke}\n")
}

/// A Mac of the lab on which `fault` happens every time.
fn with_fault(stack: &Stack, fault: Fault, times: u32) -> Sim {
    let mut mac = fresh(stack);
    mac.state.faults.arm(fault, times);
    sim(mac)
}

fn always(stack: &Stack, fault: Fault) -> Sim {
    let mut mac = fresh(stack);
    mac.state.faults.arm_always(fault);
    sim(mac)
}

fn store(mac: &Mac) -> Utf8PathBuf {
    mac.home().join(".ollama/models")
}

fn manifest(mac: &Mac, name: &str) -> Utf8PathBuf {
    store(mac).join("manifests/registry.ollama.ai/library").join(name.replace(':', "/"))
}

fn downloaded(sim: &Sim) -> u64 {
    sim.with_mac(|mac| std::mem::take(&mut mac.state.meter.downloaded))
}

/// Somebody took the whole store away: the server makes it anew, as it does whenever it puts something there.
#[test]
fn a_store_that_is_gone_under_its_server_is_filled_anew() {
    let sim = sim(fresh(&lab()));
    apply_well(&sim, &lab());
    well(&sim, "rm -rf /Users/lab/.ollama/models");
    healed(&sim, &lab());
}

#[test]
fn a_model_that_nobody_has_is_refused_with_the_nearest_names() {
    let stack = with("  - {ollama: \"gemma4:27b\"}\n");
    says(
        &refused(fresh(&stack), &stack),
        &[
            "no such model: `gemma4:27b`",
            "`https://registry.ollama.ai/v2/library/gemma4/manifests/27b` answered 404",
            "did you mean one of `gemma4:26b`",
            "stack.yaml:6:",
        ],
    );
}

/// It may be done without, so nothing is refused for it; it fails by itself, as a warning.
#[test]
fn an_optional_model_that_nobody_has_is_a_warning() {
    let sim = sim(fresh(&lab()));
    sim.with_mac(|mac| assert!(mac.state.internet.registry.withdraw("gemma4:e2b")));
    let plan = plan(&sim, &lab());
    assert!(plan.refusals.is_empty());
    let warned = plan.warnings.iter().find(|warning| warning.what.contains("no such model: `gemma4:e2b`"));
    assert!(warned.is_some_and(|warning| warning.resource.as_ref().is_some_and(|id| id.as_str() == EDGE)));
    let ran = told(&sim, &lab());
    assert!(ran.summary.ok() && ran.summary.failed.is_empty(), "{:?}", ran.summary);
    assert_eq!(ran.summary.optional.iter().map(ToString::to_string).collect::<Vec<_>>(), [EDGE]);
    let event = ran.events.iter().find(|event| event["event"] == "resource-failed").unwrap();
    assert_eq!((&event["id"], &event["optional"]), (&EDGE.into(), &true.into()));
    says(&ran.failure(EDGE), &["no such model: `gemma4:e2b`", "file does not exist", "did you mean"]);
    assert!(engine::status(&sim, &lab()).unwrap().ok(), "the stack can do without it");
    sim.with_mac(|mac| mac.state.internet = forgectl::sim::Internet::default());
    healed(&sim, &lab());
}

/// What stands on something that a stack can do without is left out with it, and is none the worse for the run.
#[test]
fn a_registry_that_is_out_of_order_fails_the_models_and_nothing_else() {
    for (fault, code) in [(Fault::RegistryDown, 503), (Fault::RegistryBusy, 429)] {
        let sim = always(&lab(), fault);
        let plan = plan(&sim, &lab());
        assert!(plan.refusals.is_empty());
        let item = plan.items.iter().find(|item| item.id.as_str() == SMALL).unwrap();
        assert_eq!(item.quote.download, None, "unknown is unknown");
        let told_of = plan.warnings.iter().find(|warning| warning.what.contains("nobody says: `gemma3:1b`"));
        says(&told_of.unwrap().why.join("\n"), &[&format!("answered {code}")]);
        let ran = told(&sim, &lab());
        says(
            &ran.failure(SMALL),
            &["the registry does not give the model now: `gemma3:1b`", &code.to_string(), "apply again"],
        );
        assert_eq!(ran.summary.failed.len(), 1, "{:?}", ran.summary);
        assert!(ran.summary.changed.iter().any(|id| id.as_str() == JOB), "the server is there");
        sim.with_mac(|mac| mac.state.faults.disarm(fault));
        healed(&sim, &lab());
    }
}

#[test]
fn a_registry_that_is_busy_for_a_while_is_asked_again() {
    // Once by the plan's question, twice by the pull.
    let sim = with_fault(&only_small(), Fault::RegistryBusy, 3);
    let ran = told(&sim, &only_small());
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(
        &ran.text(),
        &["the pull broke off: pull model manifest: 429", "it goes on in 5 s from where it stopped"],
    );
    healed(&sim, &only_small());
}

/// Whatever becomes of it on its way, the failure says what, and the next apply goes on from where it was.
#[test]
fn a_pull_that_breaks_is_told_and_gone_on_with() {
    for (fault, what, why) in [
        (
            Fault::PullCut,
            "the pull of the model breaks off: `gemma3:1b`",
            "max retries exceeded: unexpected EOF",
        ),
        (Fault::PullNetworkGone, "the pull of the model breaks off", "no such host"),
        (Fault::PullOther, "the model arrives damaged: `gemma3:1b`", "digest mismatch"),
    ] {
        let sim = sim(fresh(&only_small()));
        apply_well(&sim, &without_models());
        sim.with_mac(|mac| mac.state.faults.arm_always(fault));
        let ran = told(&sim, &only_small());
        says(&ran.failure(SMALL), &[what, why]);
        assert_eq!(ran.summary.failed.len(), 1, "{fault:?}: {:?}", ran.summary);
        sim.with_mac(|mac| mac.state.faults.disarm(fault));
        let whole = 815_310_432;
        assert!(
            downloaded(&sim) < whole * 5 / 2,
            "{fault:?}: what is damaged twice is not fetched on and on"
        );
        apply_well(&sim, &only_small());
        if fault == Fault::PullOther {
            assert!(downloaded(&sim) >= whole, "what was damaged is fetched anew");
        } else {
            assert!(downloaded(&sim) < whole, "{fault:?}: it goes on where it was");
        }
        healed(&sim, &only_small());
    }
}

/// Somebody fills the disk after the plan was made.
#[test]
fn a_disk_that_fills_while_a_model_comes_is_told_and_gone_on_with() {
    let sim = sim(fresh(&only_small()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Send(_)) {
            sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(300_000_000));
        }
    });
    let ran = told(&meddler, &only_small());
    says(
        &ran.failure(SMALL),
        &["no room on the disk for the model: `gemma3:1b`", "no space left on device", "make room"],
    );
    let text = refused_on(&sim, &only_small());
    says(&text, &["not enough room on the disk", "free: "]);
    sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(460_000_000_000));
    downloaded(&sim);
    apply_well(&sim, &only_small());
    nothing_to_do(&sim, &only_small());
}

/// The lab before its models.
fn without_models() -> Stack {
    stack(STACK.split_once("models:").unwrap().0)
}

#[test]
fn a_pull_that_breaks_once_is_healed_by_itself() {
    for fault in
        [Fault::PullCut, Fault::PullNetworkGone, Fault::PullStalls, Fault::PullOther, Fault::PullServerKilled]
    {
        let sim = with_fault(&only_small(), fault, 1);
        let ran = told(&sim, &only_small());
        assert!(ran.summary.ok(), "{fault:?}: {:?}\n{}", ran.summary, ran.text());
        if matches!(fault, Fault::PullNetworkGone | Fault::PullServerKilled) {
            says(&ran.text(), &["the pull broke off: "]);
        }
        nothing_to_do(&sim, &only_small());
    }
}

#[test]
fn ctrl_c_in_the_middle_of_a_pull_stops_it_and_the_next_apply_goes_on() {
    let sim = with_fault(&only_small(), Fault::PullInterrupted, 1);
    let ran = told(&sim, &only_small());
    assert!(ran.summary.interrupted && ran.summary.failed.is_empty(), "{:?}", ran.summary);
    says(&ran.text(), &["what has come stays in the store, and the next apply goes on from there"]);
    assert!(sim.with_mac(|mac| mac.disk.node(&manifest(mac, FIRST)).is_none()));
    let before = downloaded(&sim);
    assert!(before > 0);
    sim.revive();
    apply_well(&sim, &only_small());
    assert!(before + downloaded(&sim) < 830_000_000, "nothing came twice");
    healed(&sim, &only_small());
}

/// forgectl is killed while a model comes; also where the store is somebody's from before.
#[test]
fn a_kill_in_the_middle_of_a_pull_is_healed_and_undone() {
    for there_before in [false, true] {
        let new = || {
            let mut mac = fresh(&only_small());
            if there_before {
                let (now, store) = (mac.state.now, store(&mac));
                let weights = Weights { bytes: 5_000_000, train_context: 2048, num_ctx: None };
                forgectl::sim::tool::ollama::store_model(
                    mac.disk.as_mut(),
                    USER,
                    &store,
                    "own:1",
                    weights,
                    now,
                )
                .unwrap();
                for name in ["id_ed25519", "id_ed25519.pub"] {
                    let key = mac.home().join(".ollama").join(name);
                    mac.disk.write(USER, &key, Content::Bytes(b"key".into()), 0o600, now).unwrap();
                }
                mac.disk
                    .write(
                        USER,
                        &store.join("blobs/sha256-ab-partial"),
                        Content::Bytes(b"x".into()),
                        0o644,
                        now,
                    )
                    .unwrap();
            }
            mac
        };
        let killed = || {
            let mut mac = new();
            mac.state.faults.arm(Fault::PullKilled, 1);
            let sim = sim(mac);
            let _ = apply(&sim, &only_small());
            assert!(sim.is_killed());
            sim.revive();
            sim
        };
        let sim = killed();
        destroy_well(&sim, &only_small());
        same("killed, then destroyed", &new(), &still(&sim));
        let sim = killed();
        apply_well(&sim, &only_small());
        nothing_to_do(&sim, &only_small());
        destroy_well(&sim, &only_small());
        same("killed, applied, then destroyed", &new(), &still(&sim));
    }
}

#[test]
fn a_network_that_is_gone_is_told_and_the_rest_is_done() {
    let sim = always(&only_small(), Fault::NetworkGone);
    let ran = told(&sim, &only_small());
    says(
        &ran.failure(SMALL),
        &["the pull of the model breaks off", "no such host", "curl -sSI https://registry"],
    );
    assert!(ran.summary.changed.iter().any(|id| id.as_str() == JOB));
    sim.with_mac(|mac| mac.state.faults.disarm(Fault::NetworkGone));
    healed(&sim, &only_small());
}

/// The plan judges all that is to be fetched before the first byte, and what two share once.
#[test]
fn all_downloads_together_have_to_fit_on_the_disk() {
    let four = with("  - {ollama: \"gemma4:e4b\"}\n  - {ollama: \"gemma4\"}\n  - {ollama: \"gemma4:26b\"}\n");
    let mac = |free| Mac::new(&Spec { disk_free: free, ..own_spec(&four) }, 0);
    let plan = plan(&sim(mac(100_000_000_000)), &four);
    let download = plan.counts().download;
    assert!((27_590_000_000..27_600_000_000).contains(&download), "{download}: `latest` is `e4b`");
    assert!(plan.refusals.is_empty());
    says(
        &refused(mac(20_000_000_000), &four),
        &["not enough room on the disk", "needed: 27.6 GB", "free: 20.0 GB", "stack.yaml:8:"],
    );
}

#[test]
fn the_node_may_ask_for_a_free_disk_and_what_the_stack_holds_counts() {
    let asks = stack(&STACK.replace("memory: 16GB", "memory: 16GB, free_disk: 20GB"));
    let mac = |free| Mac::new(&Spec { disk_free: free, ..own_spec(&asks) }, 0);
    says(
        &refused(mac(19_000_000_000), &asks),
        &["not the node that the stack is for: `free_disk`", "wanted: at least 20.0 GB", "found: 19.0 GB"],
    );
    // Half of it comes before Ctrl-C; what is here already does not speak against going on.
    let mut mac = mac(20_500_000_000);
    mac.state.faults.arm(Fault::PullInterrupted, 2);
    let sim = sim(mac);
    told(&sim, &asks);
    sim.revive();
    sim.with_mac(|mac| mac.state.faults.disarm(Fault::PullInterrupted));
    assert!(sim.with_mac(|mac| mac.disk.space().free) < 20_000_000_000);
    apply_well(&sim, &asks);
    // Nothing is to be fetched: nothing is judged.
    nothing_to_do(&sim, &asks);
}
