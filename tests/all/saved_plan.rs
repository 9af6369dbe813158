//! A plan in a file is carried out later if it is still the same, and otherwise not at all.

use camino::Utf8Path;
use forgectl::{
    desk::Nobody,
    engine::{self, How, event::Summary, saved::SavedPlan},
    manifest::Stack,
    sim::{Caller, Mac, Sim, Spec},
    value::Problem,
};
use serde_json::{Value, json};

use crate::{
    scenarios,
    support::{Ears, SPINE, apply_well, copy, effects, fresh, own_spec, sim, spine, stack},
};

/// What makes a plan anew of which no manifest is known.
const AGAIN: &str = "forgectl plan STACK --out plan.json";

fn save(sim: &Sim, stack: &Stack) -> String {
    let plan = engine::survey(sim, stack).unwrap();
    SavedPlan::of(&plan, Utf8Path::new("/work/stack.yaml"), stack.source().text()).to_json().unwrap()
}

fn apply(sim: &Sim, stack: &Stack, saved: &str) -> anyhow::Result<Summary> {
    let mut saved = SavedPlan::read("plan.json", saved, AGAIN)?;
    saved.judge_manifest(stack.source().text())?;
    saved.again = "forgectl plan stack.yaml --out plan.json".to_owned();
    let how = How { saved: Some(saved), ..How::default() };
    engine::apply(sim, stack, &how, &Nobody, &Ears::default())
}

/// Why the plan is refused on a Mac that nothing happens to.
#[track_caller]
fn refused(sim: &Sim, stack: &Stack, saved: &str) -> Problem {
    let mut problem = None;
    let count = effects(sim, || problem = Some(apply(sim, stack, saved).unwrap_err()));
    assert_eq!(count, 0);
    problem.unwrap().downcast().unwrap()
}

#[track_caller]
fn moved(sim: &Sim, stack: &Stack, saved: &str, what: &[&str]) {
    let problem = refused(sim, stack, saved);
    assert!(problem.what.contains("the Mac has moved"), "{problem:?}");
    assert_eq!(problem.why, what);
    assert_eq!(problem.remedy, ["forgectl plan stack.yaml --out plan.json"]);
}

fn exec(sim: &Sim, line: &str) {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let output = sim.exec(Caller::user(true), &argv);
    assert!(output.ok(), "{line}: {}", output.said());
}

#[test]
fn what_was_agreed_to_is_carried_out_without_a_question() {
    for scenario in scenarios::all() {
        let undisturbed = sim(scenario.fresh());
        apply_well(&undisturbed, &scenario.stack);
        let sim = sim(scenario.fresh());
        let saved = save(&sim, &scenario.stack);
        let summary = apply(&sim, &scenario.stack, &saved).unwrap();
        assert!(summary.ok() && !summary.changed.is_empty(), "{}: {summary:?}", scenario.name);
        scenario.same("by a saved plan", &undisturbed.into_mac(), &sim.into_mac());
    }
}

#[test]
fn a_plan_that_was_carried_out_already_is_said_to_be() {
    let stack = stack("forge: 1\nstack: lab\nnode: {memory: 16GB}\ntools: {formulae: [jq]}\n");
    let sim = sim(fresh(&stack));
    let saved = save(&sim, &stack);
    apply(&sim, &stack, &saved).unwrap();
    let problem = refused(&sim, &stack, &saved);
    assert_eq!(problem.what, "there is nothing left of this plan to do: all is as it was to be");
    assert!(
        problem.why.iter().any(|why| why == "tool/homebrew: to be added (install) then, as wanted now"),
        "{problem:?}"
    );
}

#[test]
fn an_empty_plan_is_carried_out_by_doing_nothing() {
    let (stack, sim) = (spine(), sim(fresh(&spine())));
    apply_well(&sim, &stack);
    let saved = save(&sim, &stack);
    assert_eq!(effects(&sim, || assert_eq!(apply(&sim, &stack, &saved).unwrap().changed, [])), 0);
    exec(&sim, "/usr/bin/sudo -n /usr/bin/pmset -c sleep 5");
    moved(&sim, &stack, &saved, &["power/ac: as wanted then, to be changed (sleep 5 -> 0) now"]);
}

#[test]
fn a_mac_that_has_moved_is_said_to_have_and_in_what() {
    let stack = spine();
    let mac = fresh(&stack);
    let saved = save(&sim(copy(&mac)), &stack);
    let with = |tamper: &str| {
        let sim = sim(copy(&mac));
        exec(&sim, tamper);
        sim
    };
    moved(
        &with("/usr/bin/sudo -n /usr/bin/pmset -c sleep 5"),
        &stack,
        &saved,
        &["power/ac: to be changed (autorestart 0 -> 1, disksleep 10 -> 0, sleep 1 -> 0) then, \
           to be changed (autorestart 0 -> 1, disksleep 10 -> 0, sleep 5 -> 0) now"],
    );
    moved(
        &with("/bin/mkdir /Users/lab/.ollama"),
        &stack,
        &saved,
        &["data/~/.ollama: to be added (make) then, as wanted now"],
    );
    let applied = sim(copy(&mac));
    apply_well(&applied, &stack);
    let problem = refused(&applied, &stack, &saved);
    assert_eq!(problem.why.len(), 7, "{problem:?}");
}

#[test]
fn another_mac_is_named_by_what_it_is() {
    let stack = spine();
    let saved = save(&sim(fresh(&stack)), &stack);
    let other = Spec { macos: "26.1".into(), memory: 24 << 30, ..own_spec(&stack) };
    let problem = refused(&sim(Mac::new(&other, 0)), &stack, &saved);
    for what in ["macOS: 15.5 then, 26.1 now", "memory: 16GB then, 24GB now"] {
        assert!(problem.why.iter().any(|why| why == what), "{problem:?}");
    }
}

#[test]
fn a_manifest_that_has_changed_is_refused_even_if_the_plan_would_be_the_same() {
    let sim = sim(fresh(&spine()));
    let saved = save(&sim, &spine());
    let problem = refused(&sim, &stack(&format!("{SPINE}# a word more\n")), &saved);
    assert!(problem.what.contains("the manifest has changed") && problem.what.contains("`/work/stack.yaml`"));
}

#[test]
fn a_file_that_somebody_edited_is_not_carried_out() {
    let (stack, sim) = (spine(), sim(fresh(&spine())));
    let saved = save(&sim, &stack);
    let edited = saved.replacen("\"sleep\"", "\"displaysleep\"", 1);
    assert_ne!(edited, saved);
    let edited = refused(&sim, &stack, &edited);
    assert!(edited.what.contains("edited: `plan.json`") && edited.remedy == [AGAIN], "{edited:?}");
    // Who also corrects the digest has another plan than that of now.
    let mut document: Value = serde_json::from_str(&saved).unwrap();
    let gone = document["plan"]["items"].as_array_mut().unwrap().remove(0);
    document["sha256"] = json!(sha256(&document["plan"].to_string()));
    let id = gone["id"].as_str().unwrap();
    let problem = refused(&sim, &stack, &document.to_string());
    assert!(problem.why[0].starts_with(&format!("{id}: no part of the plan then, ")), "{problem:?}");
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    forgectl::value::hex(&sha2::Sha256::digest(text.as_bytes()))
}

#[test]
fn a_damaged_file_and_a_newer_one_are_said_to_be() {
    let (stack, sim) = (spine(), sim(fresh(&spine())));
    let saved = save(&sim, &stack);
    assert!(refused(&sim, &stack, &saved[..saved.len() / 2]).what.contains("damaged: `plan.json`"));
    assert!(refused(&sim, &stack, r#"{"forge_plan": "one"}"#).what.contains("damaged"));
    let newer = refused(&sim, &stack, r#"{"forge_plan": 2, "of a form": ["that nobody knows"]}"#);
    assert!(newer.what.contains("newer forgectl") && newer.why[0].contains("version 2"), "{newer:?}");
}

/// As the first version wrote it.
const FIRST: &str = r#"{"forge_plan":1,"sha256":"DIGEST","plan":{"forgectl":"0.1.0","stack":"spine",
    "manifest":{"path":"/work/stack.yaml","sha256":"00"},"only":["power/ac"],
    "node":{"chip":"M4","memory":17179869184,"model":"Mac16,10","macos":"15.5","build":"24F74","user":"lab","home":"/Users/lab"},
    "exposed":[],"items":[{"id":"power/ac","action":"change","reason":"sleep 1 -> 0",
    "deltas":[{"field":"sleep","found":{"text":"1"},"want":{"is":{"text":"0"}}}],
    "steps":[{"words":"write the power settings","why":"","commands":[],"undo":"","sudo":"power","restarts":null,"long":false}],
    "quote":{"download":0,"disk":null},"needs":[]}]}}"#;

#[test]
fn a_plan_of_the_first_form_is_read() {
    let plan: Value = serde_json::from_str::<Value>(FIRST).unwrap()["plan"].take();
    let saved =
        SavedPlan::read("plan.json", &FIRST.replace("DIGEST", &sha256(&plan.to_string())), AGAIN).unwrap();
    assert_eq!(saved.manifest(), "/work/stack.yaml");
    assert_eq!(saved.only(), ["power/ac".parse().unwrap()]);
}

#[test]
fn the_first_key_tells_a_saved_plan_from_a_manifest() {
    let saved = save(&sim(fresh(&spine())), &spine());
    assert!(SavedPlan::begins(saved.as_bytes()));
    assert!(SavedPlan::begins(b" \n{ \n\"forge_plan\": 1"));
    for other in [SPINE, r#"{"forge": 1, "forge_plan": 1}"#, "forge_plan: 1", "", "{"] {
        assert!(!SavedPlan::begins(other.as_bytes()), "{other}");
    }
}
