//! The lock: what an apply resolved is kept, and the next one brings the same.
#![expect(clippy::disallowed_methods, reason = "the lock beside a manifest is a file of the operator's")]

mod moving;
mod overruled;
mod typed;

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    desk::Nobody,
    engine::{self, How, LockUpdate, Moving, event::Summary, saved::SavedPlan},
    machine::{Change, Changing, Halt, Looking, Machine},
    manifest::{LockPlace, Stack, read_lock},
    sim::{Caller, Kill, Mac, Page, Sim},
    value::{Lock, Pin, Problem, Sort, Source},
};
use tempfile::TempDir;

use crate::{
    faults::meddler::Meddler,
    support::{Ears, apply, apply_well, copy, destroy_well, effects, fresh, sim, stack, yes},
};

const TOOLBOX: &str = include_str!("../../../stacks/toolbox.yaml");
const FORMULAE: &str = "forge: 1\nstack: lab\nnode: {memory: 16GB}\ntools: {formulae: [jq, gnupg]}\n";
const STATE: &str = "/Users/lab/.local/state/forgectl/locks";

/// A folder in which a manifest lies, for its lock.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join("stack.lock")
    }

    /// The stack that `text` says, with its lock here.
    fn stack(&self, text: &str) -> Stack {
        stack(text).kept_in(LockPlace::File(self.path()))
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn lock(&self) -> Lock {
        lock(&self.text())
    }

    fn written(&self) -> SystemTime {
        fs::metadata(self.path()).unwrap().modified().unwrap()
    }
}

fn lock(text: &str) -> Lock {
    read_lock(&Source::new("stack.lock", text)).unwrap()
}

fn ids(lock: &Lock) -> Vec<&str> {
    lock.iter().map(|(id, _)| id.as_str()).collect()
}

fn version(lock: &Lock, id: &str) -> String {
    lock.pin(&id.parse().unwrap()).unwrap().version.clone().unwrap()
}

/// The lock that a Mac keeps of the stack called `stack`.
fn kept(sim: &Sim, stack: &str) -> Option<String> {
    sim.read_text(&Utf8Path::new(STATE).join(format!("{stack}.lock"))).unwrap()
}

/// A Mac with Homebrew and nothing else of ours.
fn with_homebrew() -> Mac {
    let text = "forge: 1\nstack: base\nnode: {memory: 16GB}\ntools: {homebrew: true}\n";
    let sim = sim(fresh(&stack(text)));
    apply_well(&sim, &stack(text));
    sim.into_mac()
}

fn brew(sim: &Sim, words: &str) {
    let argv: Vec<String> = format!("/opt/homebrew/bin/brew {words}").split(' ').map(str::to_owned).collect();
    let output = sim.exec(Caller::user(false), &argv);
    assert!(output.ok(), "{words}: {}", output.said());
}

fn refused(error: &anyhow::Error) -> Problem {
    Problem::all_of(error).remove(0)
}

fn not_ok(machine: &dyn Machine, stack: &Stack) -> Problem {
    let summary = apply(machine, stack).unwrap();
    assert!(!summary.ok() && summary.failed.is_empty() && summary.skipped.is_empty(), "{summary:?}");
    summary.unlocked.unwrap()
}

/// Homebrew's page of `jq` says this version.
fn published(sim: &Sim, version: &str) {
    let body = format!(r#"{{"name":"jq","versions":{{"stable":"{version}","head":"HEAD"}},"revision":1}}"#);
    let url = "https://formulae.brew.sh/api/formula/jq.json".to_owned();
    sim.with_mac(|mac| mac.state.internet.pages.insert(url, Page { status: 200, body }));
}

fn update(sim: &Sim, stack: &Stack, only: &[&str], write: bool) -> anyhow::Result<LockUpdate> {
    let only: Vec<_> = only.iter().map(|id| id.parse().unwrap()).collect();
    let mut update = None;
    let count = effects(sim, || update = Some(engine::update_lock(sim, stack, &only, write)));
    assert_eq!(count, 0, "nothing but the lock is changed");
    update.unwrap()
}

#[test]
fn what_an_apply_resolved_lies_beside_the_manifest_and_a_second_apply_leaves_it_alone() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    let summary = apply_well(&sim, &stack);
    assert_eq!(summary.locked.as_deref(), Some(desk.path().as_str()));
    assert_eq!(ids(&desk.lock()), ["brew-formula/gnupg", "brew-formula/jq"]);
    assert_eq!(version(&desk.lock(), "brew-formula/jq"), "1.8.1");
    let (text, written) = (desk.text(), desk.written());
    assert_eq!(effects(&sim, || assert_eq!(apply_well(&sim, &stack).locked, None)), 0);
    assert_eq!((desk.text(), desk.written()), (text, written));
    assert_eq!(kept(&sim, "lab"), None, "one lock is enough");
}

#[test]
fn a_mac_that_is_simulated_keeps_its_own_and_each_stack_has_one() {
    let sim = sim(with_homebrew());
    apply_well(&sim, &stack(FORMULAE));
    let other = FORMULAE.replace("lab", "other").replace(", gnupg", "");
    apply_well(&sim, &stack(&other));
    assert_eq!(ids(&lock(&kept(&sim, "lab").unwrap())), ["brew-formula/gnupg", "brew-formula/jq"]);
    assert_eq!(ids(&lock(&kept(&sim, "other").unwrap())), ["brew-formula/jq"]);
    destroy_well(&sim, &stack(FORMULAE));
    assert_eq!(kept(&sim, "lab"), None, "with its stack it goes");
    assert!(kept(&sim, "other").is_some());
}

#[test]
fn destroy_leaves_what_lies_beside_the_manifest_whatever_is_in_it() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    fs::write(desk.path(), "damaged").unwrap();
    destroy_well(&sim, &stack);
    assert_eq!(desk.text(), "damaged");
}

/// Promise 3 for the lock beside the manifest: whatever is killed, the next apply leaves the lock of an undisturbed run.
#[test]
fn a_kill_at_any_effect_leaves_the_same_lock_once_it_was_applied_again() {
    let base = with_homebrew();
    let whole = Desk::new();
    let undisturbed = sim(copy(&base));
    let count = effects(&undisturbed, || drop(apply_well(&undisturbed, &whole.stack(FORMULAE))));
    assert!(count > 1);
    for kill in (1..=count).flat_map(|number| [Kill::Before(number), Kill::After(number)]) {
        let (desk, sim) = (Desk::new(), sim(copy(&base)));
        let stack = desk.stack(FORMULAE);
        sim.with_mac(|mac| {
            mac.state.meter.effects = 0;
            mac.state.faults.kill = Some(kill);
        });
        let _ = apply(&sim, &stack);
        assert!(sim.is_killed());
        sim.revive();
        apply_well(&sim, &stack);
        assert_eq!(desk.text(), whole.text(), "{kill:?}");
    }
}

/// The resource is done, and the lock does not say so yet.
#[test]
fn a_kill_just_before_or_after_the_lock_is_written_is_healed() {
    let stack = stack(FORMULAE);
    let base = with_homebrew();
    let undisturbed = sim(copy(&base));
    apply_well(&undisturbed, &stack);
    for after in [false, true] {
        let (sim, dead) = (sim(copy(&base)), AtomicBool::new(false));
        let killed = Meddler::refusing(&sim, |sim, change| {
            let writes = matches!(change, Change::Keep { path, .. } if path.starts_with(STATE));
            if writes && after && !dead.load(Ordering::SeqCst) {
                sim.change(change, &forgectl::machine::Quiet)?;
            }
            if writes || dead.load(Ordering::SeqCst) {
                dead.store(true, Ordering::SeqCst);
                return Err(Halt::Killed.into());
            }
            Ok(())
        });
        let _ = apply(&killed, &stack);
        assert!(dead.load(Ordering::SeqCst));
        let had = kept(&sim, "lab");
        assert_eq!(had.is_some(), after);
        assert_ne!(had, kept(&undisturbed, "lab"));
        apply_well(&sim, &stack);
        assert_eq!(kept(&sim, "lab"), kept(&undisturbed, "lab"));
    }
}

#[test]
fn a_lock_that_is_gone_is_made_anew_of_what_is_there() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    let text = desk.text();
    fs::remove_file(desk.path()).unwrap();
    assert_eq!(effects(&sim, || drop(apply_well(&sim, &stack))), 0);
    assert_eq!(desk.text(), text);
}

#[test]
fn what_left_the_manifest_leaves_the_lock_but_not_when_only_another_thing_was_wanted() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    apply_well(&sim, &desk.stack(FORMULAE));
    let less = desk.stack(&FORMULAE.replace(", gnupg", ", uv"));
    let how = How { only: vec!["brew-formula/uv".parse().unwrap()], ..yes() };
    assert!(engine::apply(&sim, &less, &how, &Nobody, &Ears::default()).unwrap().ok());
    assert_eq!(ids(&desk.lock()), ["brew-formula/gnupg", "brew-formula/jq", "brew-formula/uv"]);
    apply_well(&sim, &less);
    assert_eq!(ids(&desk.lock()), ["brew-formula/jq", "brew-formula/uv"]);
}

#[test]
fn a_lock_that_cannot_be_read_stops_before_the_first_change_and_stays() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    for (text, what) in [
        ("lock: 2\nresources: []\n", "the lock was written by a newer forgectl: "),
        ("lock: 1\nresources: {brew-formula/jq: {version: \"1\", colour: red}}\n", "the lock is damaged: "),
        ("", "the lock is damaged: "),
    ] {
        fs::write(desk.path(), text).unwrap();
        let count = effects(&sim, || {
            for error in [
                apply(&sim, &stack).unwrap_err(),
                engine::survey(&sim, &stack).unwrap_err(),
                engine::status(&sim, &stack).unwrap_err(),
            ] {
                let problem = refused(&error);
                assert_eq!(problem.what, format!("{what}`{}`", desk.path()));
                assert!(problem.span.is_some());
                assert_eq!(problem.remedy, [format!("rm {}", desk.path())]);
            }
        });
        assert_eq!((count, desk.text().as_str()), (0, text));
    }
}

#[test]
fn what_somebody_wrote_into_the_lock_meanwhile_stays_and_is_told() {
    let theirs = "lock: 1\nresources:\n  brew-formula/other:\n    version: \"1\"\n";
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    let checkout = Meddler::new(&sim, |_, change| {
        if matches!(change, Change::Run(_)) {
            fs::write(desk.path(), theirs).unwrap();
        }
    });
    let problem = not_ok(&checkout, &stack);
    assert!(problem.what.starts_with("the lock was changed by somebody else meanwhile: `"), "{problem:?}");
    assert_eq!(desk.text(), theirs);
    apply_well(&sim, &stack);
    assert_eq!(ids(&desk.lock()), ["brew-formula/gnupg", "brew-formula/jq"]);
}

#[test]
fn a_lock_that_cannot_be_written_fails_the_run_and_no_resource() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let nowhere = desk.path().join("sub/stack.lock");
    let stack = stack(FORMULAE).kept_in(LockPlace::File(nowhere.clone()));
    let problem = not_ok(&sim, &stack);
    assert_eq!(problem.what, format!("the lock cannot be written: `{nowhere}`"));
    assert!(problem.hints.iter().any(|hint| hint.contains("standard input")), "{problem:?}");
    let again = apply(&sim, &stack).unwrap();
    assert!(again.changed.is_empty() && again.unlocked.is_some(), "it is tried again: {again:?}");
}

#[test]
fn without_a_file_there_is_no_lock_and_that_is_said_once() {
    let sim = sim(with_homebrew());
    let stack = stack(FORMULAE).kept_in(LockPlace::Nowhere);
    let ears = Ears::default();
    let summary: Summary = engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap();
    assert!(summary.ok() && summary.locked.is_none(), "{summary:?}");
    let told = ears.told();
    assert_eq!(
        told.iter().filter(|event| event.contains("\"unlocked\"") && event.contains("no file")).count(),
        1
    );
    assert_eq!(kept(&sim, "lab"), None);
}

#[test]
fn a_plan_names_what_is_locked_and_a_saved_one_holds_only_with_the_same_lock() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    brew(&sim, "uninstall jq");
    let plan = engine::survey(&sim, &stack).unwrap();
    let item = plan.items.iter().find(|item| item.id.as_str() == "brew-formula/jq").unwrap();
    assert_eq!(item.locked, Some(Pin { version: Some("1.8.1".into()), ..Pin::default() }));
    let saved = SavedPlan::of(&plan, Utf8Path::new("/work/stack.yaml"), stack.source().text());
    let how = How { saved: Some(saved), ..yes() };
    let before = desk.text();
    fs::write(desk.path(), before.replace("1.8.1", "1.9_1")).unwrap();
    published(&sim, "1.9");
    let mut error = None;
    let count = effects(&sim, || {
        error = engine::apply(&sim, &stack, &how, &Nobody, &Ears::default()).err();
    });
    let problem = refused(&error.unwrap());
    assert!(problem.what.contains("the lock has moved"), "{problem:?}");
    assert_eq!(
        (count, problem.why),
        (0, vec!["brew-formula/jq: locked at 1.8.1 then, locked at 1.9_1 now".to_owned()])
    );
    fs::write(desk.path(), before).unwrap();
    sim.with_mac(|mac| mac.state.internet.pages.clear());
    assert!(engine::apply(&sim, &stack, &how, &Nobody, &Ears::default()).unwrap().ok());
}

#[test]
fn a_whole_toolbox_is_locked() {
    let (desk, sim) = (Desk::new(), sim(fresh(&stack(TOOLBOX))));
    apply_well(&sim, &desk.stack(TOOLBOX));
    assert_eq!(ids(&desk.lock()), ["brew-formula/jq", "brew-formula/ollama"]);
}

#[test]
fn a_manifest_that_wants_more_than_is_locked_moves_the_lock_and_that_is_told() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    apply_well(&sim, &desk.stack(FORMULAE));
    sim.with_mac(|mac| drop(mac.state.brew.offers.insert("jq".into(), "1.9".into())));
    let more = desk.stack(&FORMULAE.replace("[jq,", "[{jq: \">=1.9\"},"));
    let ears = Ears::default();
    assert!(engine::apply(&sim, &more, &yes(), &Nobody, &ears).unwrap().ok());
    assert_eq!(version(&desk.lock(), "brew-formula/jq"), "1.9");
    let told = ears.told();
    let moved: Vec<_> = told.iter().filter(|event| event.contains(r#""event":"locked""#)).collect();
    let pins = r#""pins":[{"id":"brew-formula/jq","from":{"version":"1.8.1"},"to":{"version":"1.9"}}]"#;
    assert!(moved.len() == 1 && moved[0].contains(pins), "{moved:?}");
}

/// What an earlier apply left is brought again, or nothing is: Homebrew installs its newest alone.
#[test]
fn a_locked_version_is_kept_or_refused_with_the_way_out() {
    let (desk, sim) = (Desk::new(), sim(with_homebrew()));
    let stack = desk.stack(FORMULAE);
    apply_well(&sim, &stack);
    brew(&sim, "uninstall jq");
    sim.with_mac(|mac| mac.state.brew.offers.insert("jq".into(), "1.9.0".into()));
    let refusal = || refused(&apply(&sim, &stack).unwrap_err());
    let problem = refusal();
    assert_eq!(problem.what, "`jq` 1.8.1 is locked, and Homebrew offers 1.9.0");
    assert_eq!(problem.remedy, ["forgectl lock --update brew-formula/jq --stack stack.yaml"]);
    brew(&sim, "update");
    brew(&sim, "install jq");
    assert_eq!(refusal().what, "`jq` 1.8.1 is locked, and 1.9.0 is there");
    update(&sim, &stack, &["brew-formula/jq"], true).unwrap();
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    // What the manifest does not allow any more binds nobody.
    sim.with_mac(|mac| mac.state.brew.offers.insert("jq".into(), "2.0".into()));
    let newer = desk.stack(&FORMULAE.replace("jq", "{jq: \">=2\"}"));
    apply_well(&sim, &newer);
    assert_eq!(version(&desk.lock(), "brew-formula/jq"), "2.0");
}
