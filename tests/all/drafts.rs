//! Manifests that forgectl writes itself.

use forgectl::{
    engine::{self, Draft},
    manifest::Stack,
    sim::{Mac, Session, Sim, Spec, SudoMode, tool::ollama::desktop::with_desktop_app},
};

use crate::{
    scenarios,
    support::{apply_well, destroy_well, own_spec, sim, spine, stack},
};

fn starter(sim: &Sim) -> Draft {
    engine::starter(sim, &"lab".parse().unwrap(), "stack.yaml").unwrap()
}

/// The sections of a draft, and those that were left out.
fn sections(draft: &Draft) -> (Vec<String>, Vec<&str>) {
    let there = draft.text.lines().filter(|line| line.starts_with(char::is_alphabetic));
    let there = there.filter_map(|line| line.split_once(':')).map(|(key, _)| key.to_owned());
    let of_all = ["forge", "stack", "node"];
    let out = draft.left_out.iter().map(|left| left.section.as_str());
    (there.filter(|key| !of_all.contains(&key.as_str())).collect(), out.collect())
}

fn on(change: impl FnOnce(&mut Spec)) -> Sim {
    let mut spec = own_spec(&spine());
    change(&mut spec);
    sim(Mac::new(&spec, 0))
}

/// Applies a draft to the Mac it was written for; then there is nothing to do, and all of it can be taken away.
#[track_caller]
fn lives(sim: &Sim, draft: &Draft) -> Stack {
    let stack = stack(&draft.text);
    let plan = engine::survey(sim, &stack).unwrap();
    assert!(plan.refusals.is_empty(), "{:?}\n{}", plan.refusals, draft.text);
    apply_well(sim, &stack);
    assert!(engine::survey(sim, &stack).unwrap().is_empty());
    destroy_well(sim, &stack);
    stack
}

#[test]
fn a_first_manifest_can_be_applied_to_the_mac_it_was_written_for() {
    for scenario in scenarios::all() {
        let sim = sim(scenario.fresh());
        let draft = starter(&sim);
        let stack = lives(&sim, &draft);
        assert!(stack.manifest.ollama.is_some() && stack.warnings.is_empty(), "{}", scenario.name);
        scenario.same("by a first manifest", &scenario.fresh(), &sim.into_mac());
    }
}

#[test]
fn a_first_manifest_is_for_this_mac_and_says_why_something_is_left_out() {
    type Change = fn(&mut Spec);
    let cases: [(Change, &[&str], &[&str]); 5] = [
        (|_| {}, &["power", "tools", "ollama"], &[]),
        (|spec| spec.ollama = false, &["power", "tools"], &["ollama"]),
        (|spec| spec.chip = "M5".into(), &["tools", "ollama"], &["power"]),
        (|spec| spec.sudo = SudoMode::Denied, &["ollama"], &["power", "tools"]),
        (|spec| spec.disk_free = 100_000_000, &["power", "ollama"], &["tools"]),
    ];
    for (change, there, left_out) in cases {
        let sim = on(change);
        let draft = starter(&sim);
        let (sections, out) = sections(&draft);
        assert_eq!((sections, out.as_slice()), (there.iter().map(|&key| key.to_owned()).collect(), left_out));
        for left in &draft.left_out {
            assert!(
                draft.text.contains(&format!("\n# Left out: {}\n# {}:\n", left.why, left.section)),
                "{draft:?}"
            );
        }
        lives(&sim, &draft);
    }
}

#[test]
fn a_first_manifest_names_the_mac_as_it_is() {
    let sim = on(|spec| {
        *spec = Spec { memory: 48 << 30, macos: "26.1".into(), chip: "M4 Pro".into(), ..spec.clone() }
    });
    let node = stack(&starter(&sim).text).manifest.node;
    assert!(node.chip.allows("M4 Pro") && !node.chip.allows("M4") && node.memory.0 == 48 << 30);
    assert!(node.macos.allows("26.0") && !node.macos.allows("15.5"));
}

#[test]
fn without_a_session_at_the_screen_a_first_manifest_starts_its_server_at_boot() {
    let text = starter(&on(|spec| spec.session = Session::Ssh)).text;
    assert!(text.contains("\n  start: boot "), "{text}");
    assert!(starter(&on(|_| {})).text.contains("\n  start: login "));
}

#[test]
fn what_a_plan_would_refuse_is_left_out_of_a_first_manifest() {
    let sim = on(|_| {});
    sim.with_mac(with_desktop_app).unwrap();
    let draft = starter(&sim);
    assert_eq!(draft.left_out[0].section, "ollama");
    assert!(draft.left_out[0].why.contains("desktop app"), "{draft:?}");
    lives(&sim, &draft);
}
