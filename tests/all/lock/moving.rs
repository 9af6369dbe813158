//! `lock --update`: the lock moves to what upstream has, and nothing else does.

use super::*;

#[test]
fn the_lock_moves_to_what_upstream_has_when_that_is_asked_for() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    published(&sim, "1.9");
    let before = desk.text();
    let dry = update(&sim, &stack, &["brew-formula/jq"], false).unwrap();
    assert!(!dry.written && dry.moved.len() == 1 && desk.text() == before, "{dry:?}");
    let moved = update(&sim, &stack, &["brew-formula/jq"], true).unwrap();
    assert!(moved.written && moved.moved == dry.moved);
    assert_eq!(version(&desk.lock(), "brew-formula/jq"), "1.9_1");
    assert_eq!(version(&desk.lock(), "brew-formula/gnupg"), version(&lock(&before), "brew-formula/gnupg"));
    let again = update(&sim, &stack, &["brew-formula/jq"], true).unwrap();
    assert_eq!((again.written, again.moved.len(), again.unmoved), (false, 0, 1));
}

#[test]
fn what_cannot_be_asked_for_moves_nothing() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    published(&sim, "1.9");
    let url = "https://formulae.brew.sh/api/formula/gnupg.json".to_owned();
    sim.with_mac(|mac| mac.state.internet.pages.insert(url, Page { status: 503, body: String::new() }));
    let before = desk.text();
    let problem = refused(&update(&sim, &stack, &[], true).unwrap_err());
    assert_eq!(problem.resource, Some("brew-formula/gnupg".parse().unwrap()));
    assert!(problem.span.is_some() && problem.hints[0].contains("stays as it is"), "{problem:?}");
    assert_eq!(desk.text(), before);
}

#[test]
fn what_left_the_manifest_is_moved_out_and_what_is_not_known_is_a_fault_of_usage() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    apply_well(&sim, &desk.stack(FORMULAE));
    let less = desk.stack(&FORMULAE.replace(", gnupg", ""));
    published(&sim, "1.9");
    let moved = update(&sim, &less, &[], true).unwrap();
    assert_eq!(moved.moved[0].to, Moving::Out);
    assert_eq!(ids(&desk.lock()), ["brew-formula/jq"]);
    let unknown = refused(&update(&sim, &less, &["brew-formula/jg"], true).unwrap_err());
    assert!(unknown.sort == Sort::Usage && unknown.hints[0].contains("`brew-formula/jq`"), "{unknown:?}");
    let closed = refused(&update(&sim, &less, &["tool/homebrew"], true).unwrap_err());
    assert!(closed.sort == Sort::Usage && closed.what.contains("nothing to lock"), "{closed:?}");
}

#[test]
fn a_lock_is_not_moved_while_an_apply_is_under_way() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    let _held =
        sim.lock(Utf8Path::new("/Users/lab/.local/state/forgectl/lock"), "another".into()).unwrap().unwrap();
    let problem = refused(&update(&sim, &stack, &[], true).unwrap_err());
    assert!(problem.what.contains("another run is under way"), "{problem:?}");
}

#[test]
fn what_is_locked_can_be_looked_at_by_resource() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    let jq = ["brew-formula/jq".parse().unwrap()];
    let one = engine::locked_beside(&stack, &jq).unwrap();
    assert_eq!((ids(&one.lock), one.file), (vec!["brew-formula/jq"], Some(desk.path().into_string())));
    let unknown = ["brew-formula/qj".parse().unwrap()];
    let problem = refused(&engine::locked(&sim, &stack, &unknown).unwrap_err());
    assert!(problem.sort == Sort::Usage && problem.hints[0].contains("`brew-formula/jq`"), "{problem:?}");
}

const MODELS: &str = "forge: 1
stack: lab
node: {memory: 16GB}
ollama: {num_ctx: 8192}
models:
  - {ollama: \"gemma3:1b\", role: smoke}
";
const SMALL: &str = "ollama-model/gemma3:1b";

fn digest(lock: &Lock, id: &str) -> String {
    lock.pin(&id.parse().unwrap()).unwrap().digest.clone().unwrap()
}

/// A command to type next names the manifest.
#[test]
fn what_is_to_be_applied_first_is_named() {
    let text = "forge: 1\nstack: lab\nnode: {memory: 16GB}\ntools: {homebrew: true}\n\
                python: {lab: {path: ~/lab/.venv, version: \"3.11\", packages: [six]}}\n";
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    apply_well(&sim, &desk.stack(text));
    let more = desk.stack(&text.replace("[six]", "[six, idna]"));
    let problem = refused(&update(&sim, &more, &[], true).unwrap_err());
    assert_eq!(problem.remedy, ["forgectl apply stack.yaml"], "{problem:?}");
}

/// What a tag stands for is locked, and holds on another Mac as long as the registry has it; what it stands for now is taken by
/// moving the lock, and brought by the next apply.
#[test]
fn a_tag_that_is_published_anew_is_refused_until_the_lock_moves() {
    let desk = Desk::new();
    let stack = desk.stack(MODELS);
    let first = sim(fresh(&stack));
    apply_well(&first, &stack);
    let (text, old) = (desk.text(), digest(&desk.lock(), SMALL));
    let parts = first.with_mac(|mac| mac.state.internet.registry.blobs("gemma3:1b")).unwrap();
    let bytes = parts.iter().map(|(_, content)| content.size()).sum();
    assert_eq!(desk.lock().pin(&SMALL.parse().unwrap()).unwrap().bytes, Some(bytes));
    let second = sim(fresh(&stack));
    apply_well(&second, &stack);
    assert_eq!(desk.text(), text, "another Mac has the same");

    let third = sim(fresh(&stack));
    for sim in [&first, &third] {
        assert!(sim.with_mac(|mac| mac.state.internet.registry.move_tag("gemma3:1b")));
    }
    assert!(engine::survey(&first, &stack).unwrap().is_empty(), "what is here is what is locked");
    let problem = refused(&apply(&third, &stack).unwrap_err());
    assert!(problem.why[0].contains(&old), "{problem:?}");
    assert_eq!(problem.remedy, [format!("forgectl lock --update {SMALL} --stack stack.yaml")]);
    assert_eq!(desk.text(), text);

    let moved = update(&first, &stack, &[SMALL], true).unwrap();
    assert_eq!(moved.moved.len(), 1);
    assert_ne!(digest(&desk.lock(), SMALL), old);
    let plan = engine::survey(&first, &stack).unwrap();
    let brought: Vec<_> = plan.changes().map(|item| item.id.as_str()).collect();
    assert_eq!(brought, [SMALL]);
    for sim in [&first, &third] {
        apply_well(sim, &stack);
        assert!(engine::survey(sim, &stack).unwrap().is_empty());
    }
    assert!(update(&third, &stack, &[], true).unwrap().moved.is_empty(), "all is at what upstream has");
}

#[test]
fn a_model_that_is_gone_from_the_registry_moves_no_lock() {
    let desk = Desk::new();
    let stack = desk.stack(MODELS);
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let text = desk.text();
    assert!(sim.with_mac(|mac| mac.state.internet.registry.withdraw("gemma3:1b")));
    let problem = refused(&update(&sim, &stack, &[], true).unwrap_err());
    assert!(problem.what.contains("no such model: `gemma3:1b`") && problem.span.is_some(), "{problem:?}");
    assert_eq!(desk.text(), text);
    apply_well(&sim, &stack);
}

/// Two models are pulled at a time, and neither's line in the lock is lost.
#[test]
fn what_comes_side_by_side_is_locked_together() {
    let desk = Desk::new();
    let stack = desk.stack(include_str!("../../../stacks/node-zero.yaml"));
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let models =
        ["gemma4:26b", "gemma4:31b", "gemma4:e2b", "gemma4:e4b"].map(|name| format!("ollama-model/{name}"));
    let lock = desk.lock();
    let locked: Vec<_> = ids(&lock).into_iter().filter(|id| id.starts_with("ollama-model/")).collect();
    assert_eq!(locked, models);
    assert!(update(&sim, &stack, &models.each_ref().map(String::as_str), false).unwrap().moved.is_empty());
}
