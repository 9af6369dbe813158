//! Formulae as Macs have them: pinned, unlinked, kept out of the prefix, under former names, and what stands on them.

use forgectl::machine::{Answer, Query};

use super::{
    homebrew::{brew, offers, there, toolbox, with, with_homebrew},
    meddler::Meddler,
    *,
};
use crate::support::stack;

const JQ: &str = "brew-formula/jq";
const OLLAMA: &str = "brew-formula/ollama";

/// A stack with these formulae and nothing else.
fn only(formulae: &str) -> Stack {
    stack(&format!("forge: 1\nstack: t\nnode: {{memory: 16GB}}\ntools: {{formulae: [{formulae}]}}\n"))
}

#[test]
fn an_unknown_formula_is_refused_before_anything_is_changed() {
    let stack = with("    - jq\n", "    - jqq\n");
    let text = refused(with_homebrew(&[]), &stack);
    says(&text, &["Homebrew has no formula `jqq`", "did you mean `jq`?", "brew search jqq", "stack.yaml:12"]);
    says(&refused(fresh(&stack), &stack), &["Homebrew has no formula `jqq`"]);
}

/// Without a network nothing is known, which is said, and Homebrew decides.
#[test]
fn what_cannot_be_asked_is_told_and_left_to_homebrew() {
    let stack = with("    - jq\n", "    - nosuch\n");
    let mac = with_homebrew(&[]);
    let sim = sim(mac);
    let offline = |query: &Query| {
        matches!(query, Query::Get(url) if url.starts_with("https:"))
            .then(|| Answer::Reply(Err("no such host: formulae.brew.sh".into())))
    };
    let away = Meddler::answering(&sim, offline);
    let plan = engine::survey(&away, &stack).unwrap();
    let warned = plan.warnings.iter().map(super::text).collect::<String>();
    says(&warned, &["it is not known whether Homebrew has the formula `nosuch`", "no such host"]);
    let ran = told(&away, &stack);
    says(
        &ran.failure("brew-formula/nosuch"),
        &[
            "`brew install --formula nosuch` failed",
            "No available formula with the name \"nosuch\"",
            "brew info nosuch",
        ],
    );
    assert_eq!(ran.summary.failed.len(), 1, "{:?}", ran.summary);
    assert!(there(&sim, "/opt/homebrew/opt/ollama"), "what does not stand on it is done");
}

/// The list that this Homebrew has is older than the formula's newest version.
#[test]
fn a_version_that_homebrew_has_not_heard_of_is_brought() {
    let stack = with(">=0.30", ">=0.40");
    let mut mac = with_homebrew(&[]);
    offers(&mut mac, "ollama", "0.40.1");
    let sim = sim(mac);
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    says(&brew(&sim, "list --versions").stdout, &["ollama 0.32.3 0.40.1\n"]);
}

#[test]
fn a_version_that_nobody_offers_is_refused() {
    let text = refused(with_homebrew(&[]), &with(">=0.30", ">=0.40"));
    says(
        &text,
        &[
            "no version of `ollama` that will do can be had",
            "wanted: >=0.40",
            "Homebrew offers 0.32.3, and no other",
        ],
    );
    let text = refused(with_homebrew(&["ollama"]), &with(">=0.30", "<0.30"));
    says(&text, &["found: 0.32.3, wanted: <0.30"]);
}

#[test]
fn what_is_not_linked_is_linked_and_given_back_so() {
    let mac = with_homebrew(&["jq"]);
    let sim = sim(mac);
    well(&sim, "/opt/homebrew/bin/brew unlink jq");
    let before = still(&sim);
    let item = planned(&sim, &toolbox(), JQ);
    assert_eq!(
        (item.action, item.reason.as_str()),
        (Action::Change, "link it: its programs are not found by their names")
    );
    apply_well(&sim, &toolbox());
    assert!(there(&sim, "/opt/homebrew/bin/jq"));
    nothing_to_do(&sim, &toolbox());
    destroy_well(&sim, &toolbox());
    same("destroyed", &before, &still(&sim));
}

/// Homebrew keeps what macOS has too out of its `bin`, and links it back into nothing when a newer keg goes.
#[test]
fn what_is_kept_out_of_the_prefix_goes_back_to_its_version_too() {
    let mut mac = with_homebrew(&["sqlite"]);
    offers(&mut mac, "sqlite", "3.51.0");
    let stack = only("{sqlite: \">=3.51\"}");
    let sim = sim(copy(&mac));
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    same("destroyed", &mac, &still(&sim));
}

#[test]
fn a_former_name_is_followed_to_the_name_of_now() {
    for (name, mac) in [
        ("gnupg2", with_homebrew(&[])),
        ("gnupg2", with_homebrew(&["gnupg"])),
        ("sqlite3", with_homebrew(&["sqlite"])),
    ] {
        let stack = only(name);
        let sim = sim(copy(&mac));
        apply_well(&sim, &stack);
        nothing_to_do(&sim, &stack);
        destroy_well(&sim, &stack);
        same(name, &mac, &still(&sim));
    }
}

/// What was installed under its former name before Homebrew renamed it is there under that name still.
#[test]
fn what_lies_there_under_its_former_name_is_found_by_its_name_of_now() {
    let mut mac = with_homebrew(&[]);
    let now = mac.state.now;
    let path = |name: &str| Utf8PathBuf::from("/opt/homebrew").join(name);
    for folder in ["Cellar/gnupg2", "Cellar/gnupg2/2.4.8"] {
        mac.disk.make_dir(USER, &path(folder), 0o755, now).unwrap();
    }
    write(
        &mut mac,
        USER,
        path("Cellar/gnupg2/2.4.8/INSTALL_RECEIPT.json"),
        "{\"installed_on_request\": true}",
    );
    mac.disk.link(USER, &path("opt/gnupg2"), "../Cellar/gnupg2/2.4.8".into(), now).unwrap();
    let sim = sim(copy(&mac));
    let stack = only("gnupg");
    assert_eq!(planned(&sim, &stack, "brew-formula/gnupg").action, Action::Keep);
    apply_well(&sim, &stack);
    let asked = std::sync::Mutex::new(0);
    let counting = Meddler::answering(&sim, |query| {
        *asked.lock().unwrap() += usize::from(matches!(query, Query::Get(_)));
        None
    });
    assert!(engine::survey(&counting, &stack).unwrap().is_empty());
    assert_eq!(*asked.lock().unwrap(), 0, "what was found once is looked for there");
    destroy_well(&sim, &stack);
    same("destroyed", &mac, &still(&sim));
}

/// What others installed since stands on a formula of ours: it stays, and is theirs.
#[test]
fn what_others_stand_on_stays_and_is_theirs_from_then_on() {
    let sim = sim(with_homebrew(&[]));
    let stack = with("    - jq\n", "    - oniguruma\n");
    apply_well(&sim, &stack);
    brew(&sim, "install jq");
    let ran = destroyed(&sim, &stack);
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["oniguruma stays: jq stands on it"]);
    assert!(there(&sim, "/opt/homebrew/opt/oniguruma"));
    let receipt = sim.with_mac(|mac| read(mac, "/opt/homebrew/Cellar/oniguruma/6.9.10/INSTALL_RECEIPT.json"));
    says(&receipt, &["\"installed_on_request\":false"]);
}

/// What somebody else's formula brought and left behind is theirs, though nobody asked for it.
#[test]
fn what_came_with_others_stays() {
    let sim = sim(with_homebrew(&[]));
    let stack = only("ollama");
    apply_well(&sim, &stack);
    brew(&sim, "install jq");
    assert!(brew(&sim, "uninstall jq").ok());
    destroy_well(&sim, &stack);
    assert!(there(&sim, "/opt/homebrew/opt/oniguruma") && !there(&sim, "/opt/homebrew/opt/mlx"));
}

/// A pinned formula of ours stays until somebody unpins it: `brew uninstall` would do nothing, and end with 0.
#[test]
fn what_somebody_has_pinned_is_held() {
    let sim = sim(with_homebrew(&[]));
    apply_well(&sim, &toolbox());
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dir(USER, "/opt/homebrew/var/homebrew/pinned".into(), 0o755, now).unwrap();
        let keg = "../../../Cellar/jq/1.8.1".into();
        mac.disk.link(USER, "/opt/homebrew/var/homebrew/pinned/jq".into(), keg, now).unwrap();
    });
    let ran = destroyed(&sim, &toolbox());
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["jq stays: somebody has pinned it; `brew unpin jq` lets it go"]);
    assert!(there(&sim, "/opt/homebrew/opt/jq"));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.remove(USER, "/opt/homebrew/var/homebrew/pinned/jq".into(), now).unwrap();
    });
    destroy_well(&sim, &toolbox());
    assert!(!there(&sim, "/opt/homebrew/Cellar/jq") && !there(&sim, "/opt/homebrew/Cellar/oniguruma"));
}

/// The folders of a crashed install are nothing, and a keg to which nothing leads is linked.
#[test]
fn remains_of_a_crash_do_not_count_as_installed() {
    let mut mac = with_homebrew(&[]);
    let now = mac.state.now;
    for folder in ["Cellar/jq", "Cellar/jq/1.8.1"] {
        mac.disk.make_dir(USER, &Utf8PathBuf::from("/opt/homebrew").join(folder), 0o755, now).unwrap();
    }
    let sim = sim(mac);
    assert_eq!(planned(&sim, &toolbox(), JQ).action, Action::Add);
    brew(&sim, "install ollama");
    sim.with_mac(|mac| mac.disk.remove(USER, "/opt/homebrew/opt/ollama".into(), now).unwrap());
    sim.with_mac(|mac| {
        mac.disk.remove(USER, "/opt/homebrew/var/homebrew/linked/ollama".into(), now).unwrap();
    });
    assert_eq!(planned(&sim, &toolbox(), OLLAMA).action, Action::Add);
    apply_well(&sim, &toolbox());
    nothing_to_do(&sim, &toolbox());
}

#[test]
fn another_update_is_waited_for() {
    let mut mac = with_homebrew(&["ollama"]);
    offers(&mut mac, "ollama", "0.40.1");
    mac.state.faults.arm(Fault::BrewUpdating, 2);
    let sim = sim(mac);
    let ran = told(&sim, &with(">=0.30", ">=0.40"));
    assert!(ran.summary.ok(), "{:?}", ran.summary);
    says(&ran.text(), &["another `brew` is at work; waiting for it to end"]);
}
