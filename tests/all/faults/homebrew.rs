//! Homebrew and its formulae: what is refused, what fails and heals, and what of others stays.

use std::sync::{Arc, Mutex};

use forgectl::sim::{Options, Person, Spec, SudoMode};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, stack};

const TOOLBOX: &str = include_str!("../../../stacks/toolbox.yaml");
const HOMEBREW: &str = "tool/homebrew";
const JQ: &str = "brew-formula/jq";
const OLLAMA: &str = "brew-formula/ollama";

pub(super) fn toolbox() -> Stack {
    stack(TOOLBOX)
}

pub(super) fn with(from: &str, to: &str) -> Stack {
    assert!(TOOLBOX.contains(from), "{from}");
    stack(&TOOLBOX.replace(from, to))
}

/// A Mac on which somebody has installed Homebrew and these already.
pub(super) fn with_homebrew(formulae: &[&str]) -> Mac {
    let sim = sim(fresh(&stack("forge: 1\nstack: other\nnode: {memory: 16GB}\ntools: {homebrew: true}\n")));
    let other = stack("forge: 1\nstack: other\nnode: {memory: 16GB}\ntools: {homebrew: true}\n");
    apply_well(&sim, &other);
    for name in formulae {
        brew(&sim, &format!("install {name}"));
    }
    sim.with_mac(|mac| {
        // Whoever brought it, it was not this forgectl.
        let (home, now) = (mac.home(), mac.state.now);
        mac.disk.remove(USER, &home.join(".local/state/forgectl/journal.jsonl"), now).unwrap();
    });
    still(&sim)
}

/// Runs brew as somebody who wants it to do as it is told.
#[track_caller]
pub(super) fn brew(sim: &Sim, words: &str) -> Output {
    run_as(sim, Caller::user(false), &format!("/opt/homebrew/bin/brew {words}"))
}

pub(super) fn offers(mac: &mut Mac, name: &str, version: &str) {
    mac.state.brew.offers.insert(name.into(), version.into());
}

pub(super) fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

struct Counting(Arc<Mutex<Vec<String>>>);

impl Person for Counting {
    fn password(&mut self, reasons: &[String]) -> bool {
        self.0.lock().unwrap().push(reasons.join("+"));
        true
    }
}

fn asked(stack: &Stack) -> (Sim, Arc<Mutex<Vec<String>>>) {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let person = Box::new(Counting(Arc::clone(&heard)));
    let mac = Mac::new(&Spec { sudo: SudoMode::Asks, ..own_spec(stack) }, 0);
    (Sim::new(mac, Options { can_ask: true, person, ..Options::default() }), heard)
}

/// The password is typed as often as the plan says: a daemon comes after `brew` has let the ticket go, an agent needs none.
#[test]
fn sudo_asks_as_often_as_the_plan_says() {
    for (stack, questions) in [
        (toolbox(), vec!["CLT+Homebrew"]),
        (with("num_ctx: 32768", "start: boot"), vec!["CLT+Homebrew+launch daemon", "launch daemon"]),
    ] {
        let (sim, heard) = asked(&stack);
        assert_eq!(plan(&sim, &stack).sudo_questions, questions.len());
        apply_well(&sim, &stack);
        assert_eq!(*heard.lock().unwrap(), questions);
        nothing_to_do(&sim, &stack);
        destroy_well(&sim, &stack);
        let mut new = Mac::new(&Spec { sudo: SudoMode::Asks, ..own_spec(&stack) }, 0);
        new.state.processes.retain(|_, process| process.command() != "forgectl");
        same("destroyed", &new, &still(&sim));
    }
}

/// Privileged work that does not stand on brew is done before the first of it.
#[test]
fn root_work_comes_before_the_first_brew() {
    let stack = with("\ntools:", "\npower: {never_sleep: true}\ntools:");
    let (sim, heard) = asked(&stack);
    assert_eq!(plan(&sim, &stack).sudo_questions, 1);
    apply_well(&sim, &stack);
    assert_eq!(heard.lock().unwrap().len(), 1);
}

#[test]
fn what_is_fetched_must_be_what_is_pinned() {
    for (fault, said) in [
        (Fault::FetchOther, "its SHA-256 is e3b0c442"),
        (Fault::FetchNotFound, "the server answered 404"),
        (Fault::FetchCut, "it broke off after 11333 of 34000 bytes"),
        (Fault::NetworkGone, "no such host: raw.githubusercontent.com"),
    ] {
        let sim = sim(fresh(&toolbox()));
        let meddler = Meddler::new(&sim, |sim, change| {
            if matches!(change, Change::Fetch { .. }) {
                sim.with_mac(|mac| mac.state.faults.arm(fault, 1));
            }
        });
        let text = told(&meddler, &toolbox()).failure(HOMEBREW);
        assert!(!there(&sim, "/opt/homebrew"), "nothing of it was run");
        healed(&sim, &toolbox());
        says(&text, &["Homebrew's installer could not be fetched", said, "install.sh", "curl -fsSLO"]);
    }
}

#[test]
fn an_installer_that_breaks_off_is_gone_on_with() {
    let sim = sim(fresh(&toolbox()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv[0] == "/bin/bash") {
            sim.with_mac(|mac| mac.state.faults.arm(Fault::NetworkGone, 1));
        }
    });
    let ran = told(&meddler, &toolbox());
    says(&ran.failure(HOMEBREW), &["Homebrew was not installed", "Failed 5 times doing: /usr/bin/git fetch"]);
    assert!(there(&sim, "/opt/homebrew/.git") && !there(&sim, "/opt/homebrew/bin/brew"));
    assert_eq!(planned(&sim, &toolbox(), HOMEBREW).reason, "finish what a broken install left");
    healed(&sim, &toolbox());
}

#[test]
fn a_broken_installer_can_be_undone_without_another() {
    let sim = sim(fresh(&toolbox()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv[0] == "/bin/bash") {
            sim.with_mac(|mac| mac.state.faults.arm(Fault::NetworkGone, 1));
        }
    });
    assert!(!told(&meddler, &toolbox()).summary.ok());
    destroy_well(&sim, &toolbox());
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}

#[test]
fn a_homebrew_of_others_or_for_others_is_refused() {
    let mut mac = with_homebrew(&[]);
    mac.disk.chown(0, "/opt/homebrew".into(), 502, 80).unwrap();
    says(
        &refused(mac, &toolbox()),
        &["belongs to another user", "owned by uid 502, you are uid 501", "ls -ld /opt/homebrew"],
    );

    let mut mac = fresh(&toolbox());
    let now = mac.state.now;
    mac.disk.make_dir(0, "/usr/local/bin".into(), 0o755, now).unwrap();
    write(&mut mac, 0, "/usr/local/bin/brew", "#!/bin/bash");
    says(&refused(mac, &toolbox()), &["one for Intel processors", "/usr/local/bin/brew is there"]);

    let mut mac = fresh(&toolbox());
    mac.disk.make_dir(0, "/opt/homebrew".into(), 0o755, now).unwrap();
    says(&refused(mac, &toolbox()), &["something that is no Homebrew is where it belongs: `/opt/homebrew`"]);

    let mut mac = fresh(&toolbox());
    mac.state.translated = true;
    says(&refused(mac, &toolbox()), &["Rosetta"]);
}

/// Whoever keeps Homebrew away says why, and it is told before anything is changed.
#[test]
fn a_mac_that_is_to_have_no_homebrew_is_left_so() {
    for (text, why) in [("This Mac is managed\n", "says: This Mac is managed"), ("", "says: (nothing)")] {
        let mut mac = fresh(&toolbox());
        let now = mac.state.now;
        mac.disk.make_dir(0, "/etc/homebrew".into(), 0o755, now).unwrap();
        write(&mut mac, 0, "/etc/homebrew/brew.no_install", text);
        says(&refused(mac, &toolbox()), &["somebody keeps Homebrew away from this Mac", why]);
    }
}

/// All is laid out, and its own update fails.
#[test]
fn an_installer_that_fails_at_its_end_is_told() {
    let sim = sim(fresh(&toolbox()));
    sim.with_mac(|mac| mac.state.faults.arm(Fault::BrewUpdating, 1));
    let text = fails_then_heals(&sim, &toolbox(), HOMEBREW, |_| ());
    says(
        &text,
        &["Homebrew was not installed", "Failed during: /opt/homebrew/bin/brew update --force --quiet"],
    );
}

/// What was there stays, in the version and with the mark that it had.
#[test]
fn what_was_installed_before_is_kept_and_stays() {
    let mac = with_homebrew(&["jq", "ollama"]);
    let sim = sim(copy(&mac));
    for id in [HOMEBREW, JQ, OLLAMA] {
        assert_eq!(planned(&sim, &toolbox(), id).action, Action::Keep, "{id}");
    }
    apply_well(&sim, &toolbox());
    nothing_to_do(&sim, &toolbox());
    destroy_well(&sim, &toolbox());
    same("destroyed", &mac, &still(&sim));
}

/// What came with another formula is asked for by the manifest now, and is not afterwards.
#[test]
fn what_came_with_another_is_marked_as_asked_for_and_given_back() {
    let mac = with_homebrew(&["jq"]);
    let stack = with("    - jq\n", "    - oniguruma\n");
    let sim = sim(copy(&mac));
    assert_eq!(planned(&sim, &stack, "brew-formula/oniguruma").reason, "keep it when nothing else needs it");
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    same("destroyed", &mac, &still(&sim));
}

/// Below the wanted version: an upgrade that names the job that it restarts, of nothing else; destroy goes back.
#[test]
fn a_version_below_the_wanted_is_upgraded_and_the_job_runs_the_new_one() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    let before = pid(&sim);
    sim.with_mac(|mac| {
        for (name, version) in [("ollama", "0.40.1"), ("jq", "1.9.0"), ("mlx-c", "0.6.0")] {
            offers(mac, name, version);
        }
    });
    nothing_to_do(&sim, &toolbox());
    let newer = with(">=0.30", ">=0.40");
    let item = planned(&sim, &newer, OLLAMA);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "version 0.32.3 -> >=0.40"));
    assert_eq!(item.steps[0].restarts.as_deref(), Some(LABEL));
    let warned: Vec<String> = plan(&sim, &newer).warnings.into_iter().map(|warning| warning.what).collect();
    assert_eq!(warned, ["Homebrew may upgrade along with `ollama`: mlx-c 0.5.0 -> 0.6.0"]);
    apply_well(&sim, &newer);
    nothing_to_do(&sim, &newer);
    assert_ne!(pid(&sim), before, "launchd runs what is there now");
    let listed = brew(&sim, "list --versions").stdout;
    says(&listed, &["jq 1.8.1\n", "mlx 0.32.0\n", "mlx-c 0.5.0 0.6.0\n", "ollama 0.32.3 0.40.1\n"]);
    destroy_well(&sim, &newer);
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}

#[test]
fn destroy_goes_back_to_the_version_that_was_there() {
    let mut mac = with_homebrew(&["ollama"]);
    offers(&mut mac, "ollama", "0.40.1");
    offers(&mut mac, "mlx", "0.33.0");
    let sim = sim(copy(&mac));
    let newer = with(">=0.30", ">=0.40");
    apply_well(&sim, &newer);
    nothing_to_do(&sim, &newer);
    says(&brew(&sim, "list --versions").stdout, &["mlx 0.32.0 0.33.0\n", "ollama 0.32.3 0.40.1\n"]);
    destroy_well(&sim, &newer);
    same("destroyed", &mac, &still(&sim));
}

#[test]
fn a_pinned_formula_is_not_upgraded() {
    let mut mac = with_homebrew(&["ollama"]);
    offers(&mut mac, "ollama", "0.40.1");
    let now = mac.state.now;
    mac.disk.make_dir(USER, "/opt/homebrew/var/homebrew/pinned".into(), 0o755, now).unwrap();
    let keg = "../../../Cellar/ollama/0.32.3".into();
    mac.disk.link(USER, "/opt/homebrew/var/homebrew/pinned/ollama".into(), keg, now).unwrap();
    let text = refused(mac, &with(">=0.30", ">=0.40"));
    says(
        &text,
        &["somebody has pinned `ollama` to 0.32.3", "wanted: >=0.40", "brew unpin ollama", OLLAMA_PLACE],
    );
}

const OLLAMA_PLACE: &str = "stack.yaml:13";

#[test]
fn another_brew_is_waited_for() {
    let sim = sim(fresh(&toolbox()));
    sim.with_mac(|mac| mac.state.faults.arm(Fault::BrewLocked, 3));
    let ran = told(&sim, &toolbox());
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    assert_eq!(ran.text().matches("another `brew` is at work; waiting for it to end").count(), 1);
    healed(&sim, &toolbox());
}

#[test]
fn a_brew_that_never_ends_is_told_and_the_next_apply_heals() {
    let sim = sim(fresh(&toolbox()));
    sim.with_mac(|mac| mac.state.faults.arm_always(Fault::BrewLocked));
    let text = fails_then_heals(&sim, &toolbox(), JQ, |mac| mac.state.faults.disarm(Fault::BrewLocked));
    says(
        &text,
        &[
            " s for another `brew` to end",
            "has already locked /opt/homebrew/Cellar/jq",
            "let it end, or end it; what runs:",
            "ps -axo pid,lstart,command",
        ],
    );
}

#[test]
fn a_disk_that_fills_and_a_network_that_goes_are_told_and_heal() {
    let full = |mac: &mut Mac| mac.disk.memory_mut().unwrap().set_free(20_000_000);
    let gone = |mac: &mut Mac| mac.state.faults.arm(Fault::NetworkGone, 1);
    for (is_full, said) in [(true, "No space left on device"), (false, "Could not resolve host: ghcr.io")] {
        let sim = sim(fresh(&toolbox()));
        let meddler = Meddler::new(&sim, |sim, change| {
            if matches!(change, Change::Run(command) if command.argv.last().is_some_and(|word| word == "ollama"))
            {
                sim.with_mac(if is_full { full } else { gone });
            }
        });
        let ran = told(&meddler, &toolbox());
        says(&ran.failure(OLLAMA), &["`brew install --formula ollama` failed", said]);
        sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(400_000_000_000));
        healed(&sim, &toolbox());
    }
}

/// A formula that leaves the manifest goes with what came along, and what the others need stays.
#[test]
fn a_formula_that_leaves_the_manifest_goes_with_what_it_brought() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    assert!(there(&sim, "/opt/homebrew/Cellar/oniguruma"));
    apply_well(&sim, &with("    - jq\n", ""));
    for (name, stays) in [("jq", false), ("oniguruma", false), ("ollama", true), ("mlx", true)] {
        assert_eq!(there(&sim, &format!("/opt/homebrew/Cellar/{name}")), stays, "{name}");
    }
    nothing_to_do(&sim, &with("    - jq\n", ""));
    destroy_well(&sim, &toolbox());
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}

/// What somebody installed into the Homebrew that forgectl brought keeps it there, and what it needs.
#[test]
fn homebrew_stays_while_others_use_it() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    brew(&sim, "install gnupg");
    let ran = destroyed(&sim, &toolbox());
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["Homebrew stays: others have installed gnupg with it"]);
    for (path, stays) in
        [("Cellar/gnupg", true), ("bin/brew", true), ("Cellar/jq", false), ("Cellar/mlx", false)]
    {
        assert_eq!(there(&sim, &format!("/opt/homebrew/{path}")), stays, "{path}");
    }
    assert!(brew(&sim, "uninstall gnupg").ok());
    destroy_well(&sim, &toolbox());
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}

#[test]
fn without_all_data_homebrew_stays_and_the_formulae_go() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    engine::destroy(&sim, &toolbox(), &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap();
    assert!(there(&sim, "/opt/homebrew/bin/brew") && !there(&sim, "/opt/homebrew/Cellar/jq"));
    destroy_well(&sim, &toolbox());
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}
