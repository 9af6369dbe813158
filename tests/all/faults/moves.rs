//! What moves to another place leaves its data behind: that stays ours, and what was in the new place before stays its owner's.

use super::{
    python::{uv, with_uv},
    *,
};
use crate::support::stack;

fn lab(path: &str) -> Stack {
    stack(&format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\npython:\n  lab: {{path: {path}, version: \"3.11\", packages: [six]}}\n"
    ))
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

/// A Mac on which somebody has an environment of their own at `~/mine/.venv`.
fn with_theirs() -> Mac {
    let sim = sim(with_uv());
    uv(&sim, "venv --python 3.11 /Users/lab/mine/.venv");
    uv(&sim, "pip install -p /Users/lab/mine/.venv/bin/python idna");
    still(&sim)
}

/// Destroys, and lets data stay.
#[track_caller]
fn destroyed_but_for_data(sim: &Sim, stack: &Stack) -> Summary {
    let summary =
        engine::destroy(sim, stack, &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap();
    assert!(summary.ok(), "{summary:?}");
    summary
}

#[test]
fn an_environment_that_moves_to_one_of_somebody_elses_takes_nothing_from_it() {
    let (one, mine) = (lab("~/one/.venv"), lab("~/mine/.venv"));
    let sim = sim(with_theirs());
    apply_well(&sim, &one);
    apply_well(&sim, &mine);
    nothing_to_do(&sim, &mine);
    let kept = format!("{:?}", destroyed_but_for_data(&sim, &mine).kept);
    says(
        &kept,
        &["/Users/lab/one/.venv is an environment with packages; `forgectl destroy --all-data` removes it"],
    );
    assert!(there(&sim, "/Users/lab/one/.venv/bin"));
    destroy_well(&sim, &mine);
    same("destroyed", &with_theirs(), &still(&sim));
}

/// There and back again, as often as somebody likes: every place that was left goes, and nothing is to do in between.
#[test]
fn an_environment_that_moves_about_is_known_in_every_place() {
    let sim = sim(with_uv());
    let places = ["~/one/.venv", "~/two/.venv", "~/one/.venv", "~/three/deep/.venv", "~/two/.venv"];
    for path in places {
        apply_well(&sim, &lab(path));
        nothing_to_do(&sim, &lab(path));
    }
    destroy_well(&sim, &lab("~/two/.venv"));
    same("destroyed", &with_uv(), &still(&sim));
}

/// What was left behind is not drafted as an environment of its own.
#[test]
fn an_export_has_an_environment_where_it_is_now() {
    let sim = sim(with_uv());
    apply_well(&sim, &lab("~/one/.venv"));
    apply_well(&sim, &lab("~/two/.venv"));
    let text = engine::export(&sim).unwrap().text;
    says(&text, &["~/two/.venv"]);
    assert!(!text.contains("~/one"), "{text}");
}

fn models(store: &str) -> Stack {
    stack(&format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\nollama: {{num_ctx: 8192, environment: {{OLLAMA_MODELS: {store}}}}}\nmodels: [{{ollama: \"gemma3:1b\"}}]\n"
    ))
}

#[test]
fn models_that_move_to_a_store_of_somebody_elses_take_nothing_from_it() {
    // Somebody has the very same one there; whoever brought it, it was not this forgectl.
    let theirs = sim(fresh(&models("/Users/lab/mine")));
    apply_well(&theirs, &models("/Users/lab/mine"));
    destroyed_but_for_data(&theirs, &models("/Users/lab/mine"));
    well(&theirs, "rm -rf /Users/lab/.local/state/forgectl");
    let before = still(&theirs);
    let sim = sim(copy(&before));
    apply_well(&sim, &models("/Users/lab/one"));
    apply_well(&sim, &models("/Users/lab/mine"));
    nothing_to_do(&sim, &models("/Users/lab/mine"));
    assert!(there(&sim, "/Users/lab/one/manifests"));
    destroy_well(&sim, &models("/Users/lab/mine"));
    same("destroyed", &before, &still(&sim));
}
