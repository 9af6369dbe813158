//! Whatever an apply leaves, its lock says so: no line stays that binds nobody, and none that binds is lost.

use camino::Utf8Path;
use forgectl::{
    desk::Screen,
    report::{self, StatusView},
    value::Upgrade,
};

use super::*;

const JQ: &str = "brew-formula/jq";

fn only_jq(version: &str) -> String {
    format!("forge: 1\nstack: lab\nnode: {{memory: 16GB}}\ntools: {{formulae: [jq{version}]}}\n")
        .replace("jq:", "{jq:")
        .replace("\"]", "\"}]")
}

fn offers_jq(sim: &Sim, version: &str) {
    sim.with_mac(|mac| drop(mac.state.brew.offers.insert("jq".into(), version.into())));
}

/// Somebody upgraded it before: there is nothing left to do but to lock what was asked for.
#[test]
fn an_upgrade_that_finds_all_upgraded_already_moves_the_lock() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(&only_jq(""));
    apply_well(&sim, &stack);
    offers_jq(&sim, "1.9.0");
    brew(&sim, "update");
    brew(&sim, "upgrade jq");
    let mut upgrading = stack.clone();
    upgrading.upgrade = Upgrade::All;
    let summary = apply_well(&sim, &upgrading);
    assert!(summary.changed.is_empty() && summary.locked.is_some(), "{summary:?}");
    assert_eq!(version(&desk.lock(), JQ), "1.9.0");
    assert!(engine::survey(&sim, &stack).unwrap().refusals.is_empty());
    assert_eq!(effects(&sim, || assert_eq!(apply_well(&sim, &stack).locked, None)), 0);
}

/// What the lock forbids, an apply would refuse: a status names that, and no apply.
#[test]
fn a_status_names_what_keeps_an_apply_from_mending_it() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(&only_jq(""));
    apply_well(&sim, &stack);
    offers_jq(&sim, "1.9.0");
    brew(&sim, "update");
    brew(&sim, "upgrade jq");
    let status = engine::status(&sim, &stack).unwrap();
    let row = status.rows.iter().find(|row| row.id.as_str() == JQ).unwrap();
    let problem = row.problem.as_ref().unwrap();
    assert_eq!(problem.what, "`jq` 1.8.1 is locked, and 1.9.0 is there");
    assert_eq!(problem.remedy, ["forgectl lock --update brew-formula/jq --stack stack.yaml"]);
    assert!(problem.span.is_some() && problem.resource.is_some(), "{problem:?}");
    let view = StatusView { verbose: false, apply: "forgectl apply stack.yaml" };
    let told = report::status(&status, view, Screen::plain(80));
    assert!(!told.contains("forgectl apply"), "{told}");
}

/// The manifest wants another than is locked, and that is there: the old line binds nobody, is not shown as if, and goes.
#[test]
fn a_line_that_the_manifest_overrules_becomes_what_is_there() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    apply_well(&sim, &desk.stack(&only_jq("")));
    fs::write(desk.path(), desk.text().replace("1.8.1", "1.7.1")).unwrap();
    let stack = desk.stack(&only_jq(": \">=1.8\""));
    let plan = engine::survey(&sim, &stack).unwrap();
    assert!(plan.is_empty() && plan.items.iter().all(|item| item.locked.is_none()), "{plan:?}");
    let ears = Ears::default();
    assert!(engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap().ok());
    assert_eq!(version(&desk.lock(), JQ), "1.8.1");
    let moved = r#""from":{"version":"1.7.1"},"to":{"version":"1.8.1"}"#;
    assert!(ears.told().iter().any(|event| event.contains(moved)), "{:?}", ears.told());
    let locked = engine::survey(&sim, &stack).unwrap().items.into_iter().find_map(|item| item.locked);
    assert_eq!(locked.and_then(|pin| pin.version).as_deref(), Some("1.8.1"));
}

/// What the lock alone still tells is not lost with forgectl's own notes: an apply that is held to it brings it, and leaves it.
#[test]
fn the_hashes_of_an_environment_outlive_what_told_of_them_beside_it() {
    let text = "forge: 1\nstack: lab\nnode: {memory: 16GB}\ntools: {homebrew: true}\n\
                python: {lab: {path: ~/lab/.venv, version: \"3.11\", packages: [six]}}\n";
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(text);
    apply_well(&sim, &stack);
    let locked = desk.text();
    assert!(locked.contains("--hash=sha256:"), "{locked}");
    for gone in ["/Users/lab/.local/state/forgectl/python", "/Users/lab/.local/share/uv/python"] {
        let output = sim.exec(Caller::user(false), &["/bin/rm", "-rf", gone].map(str::to_owned));
        assert!(output.ok() && sim.stat(Utf8Path::new(gone)).unwrap().is_none(), "{}", output.said());
    }
    let summary = apply_well(&sim, &stack);
    assert!(!summary.changed.is_empty(), "{summary:?}");
    assert_eq!(desk.text(), locked);

    let rm = ["/bin/rm", "-rf", "/Users/lab/lab/.venv"].map(str::to_owned);
    assert!(sim.exec(Caller::user(false), &rm).ok());
    let plan = engine::survey(&sim, &stack).unwrap();
    let mut steps = plan.items.iter().flat_map(|item| &item.steps);
    assert!(steps.any(|step| step.words == "install 1 package by the lock"), "{plan:?}");
    let ears = Ears::default();
    assert!(engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap().ok());
    assert!(ears.told().iter().any(|event| event.contains("1 package is in it")), "{:?}", ears.told());
    assert_eq!(desk.text(), locked);
}

/// Upstream's newest is none that the manifest takes: the lock keeps to what an apply would leave, and it is said why.
#[test]
fn a_version_that_the_manifest_excludes_is_not_taken_into_the_lock() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(&only_jq(": \"<1.9\""));
    apply_well(&sim, &stack);
    published(&sim, "1.9");
    let before = desk.text();
    let all = update(&sim, &stack, &[], true).unwrap();
    assert_eq!((all.written, all.moved.len(), all.unmoved, desk.text()), (false, 0, 1, before.clone()));
    let told = |problem: &Problem| {
        assert_eq!(problem.what, "`brew-formula/jq` stays 1.8.1: its newest is 1.9_1");
        assert_eq!(problem.why, ["the manifest wants <1.9"]);
    };
    told(&all.warnings[0]);
    told(&refused(&update(&sim, &stack, &[JQ], true).unwrap_err()));
    assert_eq!(desk.text(), before);

    brew(&sim, "uninstall jq");
    let gone = refused(&update(&sim, &stack, &[], true).unwrap_err());
    assert!(gone.what.contains("no version of `jq` that will do"), "{gone:?}");
}

/// Of other taps nobody says what is newest: what is there is taken, and how to have a newer one is said.
#[test]
fn a_formula_of_another_tap_is_locked_as_it_is_there() {
    let text = "forge: 1\nstack: lab\nnode: {memory: 16GB}\n\
                tools: {taps: [{name: lab/tools, trust: true}], formulae: [lab/tools/probe]}\n";
    let id = "brew-formula/lab/tools/probe";
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(text);
    apply_well(&sim, &stack);
    let (before, old) = (desk.text(), version(&desk.lock(), id));
    let all = update(&sim, &stack, &[], true).unwrap();
    assert_eq!((all.moved.len(), all.unmoved), (0, 1));
    assert!(all.warnings[0].what.contains("not told by anybody"), "{:?}", all.warnings);
    assert_eq!(all.warnings[0].remedy, ["brew upgrade lab/tools/probe"]);
    assert_eq!(desk.text(), before);
    sim.with_mac(|mac| drop(mac.state.brew.offers.insert("probe".into(), "9.0".into())));
    brew(&sim, "upgrade lab/tools/probe");
    let moved = update(&sim, &stack, &[id], true).unwrap();
    assert_eq!(moved.moved.len(), 1, "{moved:?}");
    assert_ne!(version(&desk.lock(), id), old);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}
