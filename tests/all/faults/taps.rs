//! Taps of others: what is in them runs only when the manifest says that they are trusted.

use forgectl::{manifest, value::Source};

use super::{
    homebrew::{there, with_homebrew},
    *,
};
use crate::support::{destroy, effects, stack};

const TAP: &str = "brew-tap/lab/tools";
const PROBE: &str = "brew-formula/lab/tools/probe";

fn text(tools: &str) -> String {
    format!("forge: 1\nstack: t\nnode: {{memory: 16GB}}\ntools: {{{tools}}}\n")
}

fn trusted() -> Stack {
    stack(&text("taps: [{name: lab/tools, trust: true}], formulae: [lab/tools/probe]"))
}

#[test]
fn nothing_of_a_tap_is_taken_unless_the_manifest_trusts_it() {
    for (tools, what) in [
        ("formulae: [lab/tools/probe]", "`lab/tools/probe` is of a tap that is not named: `lab/tools`"),
        ("casks: [lab/tools/app]", "`lab/tools/app` is of a tap that is not named: `lab/tools`"),
        ("taps: [{name: lab/tools}]", "a tap that nobody trusts: `lab/tools`"),
        ("taps: [{name: lab/tools, trust: false}], formulae: [lab/tools/probe]", "a tap that nobody trusts"),
    ] {
        let faults = manifest::read(&Source::new("stack.yaml", text(tools).as_str())).unwrap_err();
        let faults: String = faults.0.iter().map(super::text).collect();
        says(&faults, &[what, "taps: [{name: lab/tools, trust: true}]", "runs on this Mac with your rights"]);
    }
}

#[test]
fn a_trusted_tap_is_said_brought_and_given_back_with_the_trust() {
    let mac = with_homebrew(&[]);
    let sim = sim(copy(&mac));
    let item = planned(&sim, &trusted(), TAP);
    says(&item.reason, &["trust and fetch it: what is in it runs with your rights"]);
    let commands = item.steps[0].commands.join("\n");
    says(&commands, &["brew trust --tap lab/tools", "brew tap lab/tools"]);
    assert!(planned(&sim, &trusted(), PROBE).needs.iter().any(|need| need.as_str() == TAP));
    apply_well(&sim, &trusted());
    assert!(there(&sim, "/opt/homebrew/opt/probe/bin/probe"));
    says(
        &sim.with_mac(|mac| read(mac, "/Users/lab/.homebrew/trust.json")),
        &["\"trustedtaps\":[\"lab/tools\"]"],
    );
    nothing_to_do(&sim, &trusted());
    let exported = engine::export(&sim).unwrap().text;
    says(&exported, &["- \"lab/tools/probe\"", "{name: lab/tools, trust: true}"]);
    nothing_to_do(&sim, &stack(&exported));
    destroy_well(&sim, &trusted());
    same("destroyed", &mac, &still(&sim));
    assert!(!there(&sim, "/Users/lab/.homebrew/trust.json"));
}

/// Whoever trusted and fetched it before keeps both.
#[test]
fn a_tap_that_was_there_stays_and_so_does_the_trust() {
    for words in
        [&["tap lab/tools"][..], &["trust --tap lab/tools"], &["tap lab/tools", "trust --tap lab/tools"]]
    {
        let made = sim(with_homebrew(&[]));
        for words in words {
            well(&made, &format!("/opt/homebrew/bin/brew {words}"));
        }
        let mac = still(&made);
        let sim = sim(copy(&mac));
        apply_well(&sim, &trusted());
        nothing_to_do(&sim, &trusted());
        destroy_well(&sim, &trusted());
        same(&words.join(", "), &mac, &still(&sim));
    }
}

#[test]
fn a_kill_at_any_effect_of_a_tap_is_healed_and_undone() {
    let new = with_homebrew(&[]);
    let undisturbed = sim(copy(&new));
    let count = effects(&undisturbed, || drop(apply_well(&undisturbed, &trusted())));
    let undisturbed = still(&undisturbed);
    for kill in (1..=count).flat_map(|n| {
        use forgectl::sim::Kill::{After, Before, During};
        [Before(n), During(n), After(n)]
    }) {
        let sim = sim(copy(&new));
        sim.with_mac(|mac| {
            mac.state.meter.effects = 0;
            mac.state.faults.kill = Some(kill);
        });
        let _ = apply(&sim, &trusted());
        assert!(sim.is_killed());
        sim.revive();
        apply_well(&sim, &trusted());
        same(&format!("{kill:?}, applied"), &undisturbed, &still(&sim));
        destroy(&sim, &trusted()).unwrap();
        same(&format!("{kill:?}, destroyed"), &new, &still(&sim));
    }
}

#[test]
fn a_tap_that_is_not_there_or_others_use_is_told() {
    let stack = stack(&text("taps: [{name: lab/nothing, trust: true}], formulae: [jq]"));
    let sim = sim(with_homebrew(&[]));
    let ran = told(&sim, &stack);
    says(
        &ran.failure("brew-tap/lab/nothing"),
        &["`brew tap lab/nothing` failed", "exited with 128", "https://github.com/lab/homebrew-nothing"],
    );
    assert!(there(&sim, "/opt/homebrew/opt/jq"), "what does not stand on it is done");
    destroy(&sim, &stack).unwrap();
    assert!(!there(&sim, "/Users/lab/.homebrew/trust.json"), "the trust goes with it");

    let only_tap = crate::support::stack(&text("taps: [{name: lab/tools, trust: true}]"));
    apply_well(&sim, &only_tap);
    well(&sim, "/opt/homebrew/bin/brew install probe --yes");
    let ran = destroyed(&sim, &only_tap);
    says(&ran.text(), &["the tap lab/tools stays: others have installed probe from it"]);
    nothing_to_do(&sim, &only_tap);
}

#[test]
fn one_of_the_same_name_from_elsewhere_is_not_taken_for_it() {
    let mac = with_homebrew(&["jq"]);
    let stack = stack(&text("taps: [{name: lab/tools, trust: true}], formulae: [lab/tools/jq]"));
    says(&refused(mac, &stack), &["`jq` is there already, from the tap homebrew/core", "brew uninstall jq"]);
}
