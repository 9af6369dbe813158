//! Formulae and casks as locks name them, as other formulae and stacks need them, and as others have left them.

use super::{
    homebrew::{brew, offers, there, with_homebrew},
    *,
};
use crate::support::stack;

const JQ: &str = "brew-formula/jq";
const ONIGURUMA: &str = "brew-formula/oniguruma";

fn tools(name: &str, tools: &str) -> Stack {
    stack(&format!("forge: 1\nstack: {name}\nnode: {{memory: 16GB}}\ntools: {{{tools}}}\n"))
}

/// The lock came from a Mac whose Homebrew is newer: this one hears of that version when it updates its list.
#[test]
fn a_version_that_only_the_lock_names_is_brought_by_the_first_apply() {
    let stack = tools("t", "formulae: [jq]");
    let sim = sim(with_homebrew(&[]));
    sim.with_mac(|mac| {
        offers(mac, "jq", "1.9.0");
        let (folder, now) = (Utf8Path::new("/Users/lab/.local/state/forgectl/locks"), mac.state.now);
        mac.disk.make_dirs(USER, folder, 0o700, now).unwrap();
        let lock = "lock: 1\nresources:\n  brew-formula/jq: {version: \"1.9.0\"}\n";
        write(mac, USER, folder.join("t.lock"), lock);
    });
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    says(&brew(&sim, "list --versions").stdout, &["jq 1.8.1 1.9.0\n"]);
}

/// It leaves the manifest, and stays as long as what stands on it; with that it goes.
#[test]
fn a_formula_on_which_another_of_ours_stands_leaves_the_manifest_and_not_the_mac() {
    let (both, one) = (tools("t", "formulae: [oniguruma, jq]"), tools("t", "formulae: [jq]"));
    let mac = with_homebrew(&[]);
    let sim = sim(copy(&mac));
    apply_well(&sim, &both);
    let reason = planned(&sim, &one, ONIGURUMA).reason;
    says(&reason, &["oniguruma stays: jq stands on it; mark oniguruma as not asked for"]);
    apply_well(&sim, &one);
    assert!(there(&sim, "/opt/homebrew/opt/oniguruma"));
    nothing_to_do(&sim, &one);
    destroy_well(&sim, &one);
    same("destroyed", &mac, &still(&sim));
}

/// Whatever the order of their names.
#[test]
fn formulae_that_stand_on_each_other_go_together() {
    for formulae in ["oniguruma, jq", "mlx, ollama, mlx-c"] {
        let stack = tools("t", &format!("formulae: [{formulae}]"));
        let mac = with_homebrew(&[]);
        let sim = sim(copy(&mac));
        apply_well(&sim, &stack);
        destroy_well(&sim, &stack);
        same(formulae, &mac, &still(&sim));
    }
}

/// What another stack wants too does not go, and so neither does what it stands on: the plan says what will be done.
#[test]
fn what_another_stack_has_too_is_not_counted_as_going() {
    let (one, two) = (tools("one", "formulae: [oniguruma, jq]"), tools("two", "formulae: [jq]"));
    let mac = with_homebrew(&[]);
    let sim = sim(copy(&mac));
    apply_well(&sim, &one);
    apply_well(&sim, &two);
    let ears = Ears::default();
    engine::destroy(&sim, &one, &yes(), true, &forgectl::desk::Nobody, &ears).unwrap();
    let events = parsed(&ears);
    let plan = &events.iter().find(|event| event["event"] == "planned").unwrap()["plan"];
    let items = plan["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["id"] == ONIGURUMA).unwrap();
    says(item["reason"].as_str().unwrap(), &["oniguruma stays: jq stands on it"]);
    assert!(there(&sim, "/opt/homebrew/opt/oniguruma") && there(&sim, "/opt/homebrew/opt/jq"));
    nothing_to_do(&sim, &two);
    destroy_well(&sim, &two);
    same("destroyed", &mac, &still(&sim));
}

/// Homebrew takes it for installed, and for linked: nothing of its own leads there again.
#[test]
fn a_keg_to_which_opt_leads_no_more_is_led_to_again() {
    let stack = tools("t", "formulae: [jq]");
    let mac = with_homebrew(&["jq"]);
    let sim = sim(copy(&mac));
    well(&sim, "rm /opt/homebrew/opt/jq");
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    assert!(there(&sim, "/opt/homebrew/opt/jq/bin/jq"));
    assert_eq!(planned(&sim, &stack, JQ).action, Action::Keep);
}

/// Homebrew keeps one cask of a name.
#[test]
fn a_cask_of_another_tap_is_not_the_one_that_is_wanted() {
    let stack = tools("t", "taps: [{name: lab/tools, trust: true}], casks: [lab/tools/stats]");
    let sim = sim(with_homebrew(&[]));
    brew(&sim, "install --cask stats");
    says(
        &refused_on(&sim, &stack),
        &["`stats` is there already, from the tap homebrew/cask", "brew uninstall --cask stats"],
    );
}
