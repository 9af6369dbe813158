//! What goes wrong on a Mac, each thing as its user sees it: what was refused or failed, the words that were said, that nothing
//! was half-changed, and that the next apply heals.

mod adoption;
mod casks;
mod deletion;
mod drift;
mod every;
mod formulae;
mod half_there;
mod homebrew;
mod interrupt;
mod journal;
mod kegs;
mod launchd;
pub(crate) mod meddler;
mod mended;
mod models;
mod moves;
mod node;
mod ollama;
mod orphans;
mod own_files;
mod owners;
mod power;
mod profile;
mod proofs;
mod proxy;
mod python;
mod rivals;
mod stores;
mod sudo;
mod taps;
mod transitions;
mod updates;
mod upgrade;

use anyhow::Error;
use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    engine::{
        self,
        event::Summary,
        plan::{Action, Item, Plan},
    },
    machine::{Change, Machine, Output},
    manifest::Stack,
    sim::{Caller, Content, Fault, Mac, Sim, USER, differences, tool::launchd::DomainTarget},
    value::{Problem, Sort},
};
use serde_json::Value;

use crate::support::{Ears, apply, apply_well, copy, destroy_well, fresh, sim, spine, yes};

const LABEL: &str = "dev.forge.ollama";
const JOB: &str = "launchd-job/dev.forge.ollama";
const CLT: &str = "tool/command-line-tools";
const SCREEN: DomainTarget = DomainTarget::Gui(USER);

/// What a run told.
struct Told {
    summary: Summary,
    events: Vec<Value>,
}

impl Told {
    /// What was said of the failure of one resource.
    #[track_caller]
    fn failure(&self, id: &str) -> String {
        let event = self.events.iter().find(|event| event["event"] == "resource-failed" && event["id"] == id);
        let Some(event) = event else { panic!("{id} did not fail: {:?}\n{:#?}", self.summary, self.events) };
        let problem = &event["problem"];
        assert_eq!(problem["resource"], id, "a failure names its resource");
        let place =
            problem["place"].as_str().unwrap_or_else(|| panic!("no place in the manifest: {problem:#}"));
        assert!(place.starts_with("stack.yaml:"), "{place}");
        assert!(!problem["why"].as_array().unwrap().is_empty(), "nothing is told of the cause: {problem:#}");
        assert!(!problem["advice"].as_array().unwrap().is_empty(), "no next step: {problem:#}");
        let lines = ["why", "hints", "remedy"].iter().flat_map(|part| problem[part].as_array().unwrap());
        let lines = std::iter::once(&problem["what"]).chain(lines).map(|line| line.as_str().unwrap());
        lines.chain([place]).collect::<Vec<_>>().join("\n")
    }

    /// All that was said, as JSON.
    fn text(&self) -> String {
        self.events.iter().fold(String::new(), |text, event| text + &event.to_string() + "\n")
    }
}

/// Applies and listens.
#[track_caller]
fn told(machine: &dyn Machine, stack: &Stack) -> Told {
    let ears = Ears::default();
    let summary = engine::apply(machine, stack, &yes(), &forgectl::desk::Nobody, &ears)
        .unwrap_or_else(|error| panic!("refused: {}", text_of(&error)));
    Told { summary, events: parsed(&ears) }
}

/// Destroys with all data, and listens.
#[track_caller]
fn destroyed(machine: &dyn Machine, stack: &Stack) -> Told {
    let ears = Ears::default();
    let summary = engine::destroy(machine, stack, &yes(), true, &forgectl::desk::Nobody, &ears)
        .unwrap_or_else(|error| panic!("refused: {}", text_of(&error)));
    Told { summary, events: parsed(&ears) }
}

fn parsed(ears: &Ears) -> Vec<Value> {
    ears.told().iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

/// Applies to a Mac that is to be refused: nothing of it may change. Answers with what was said.
#[track_caller]
fn refused(mac: Mac, stack: &Stack) -> String {
    refused_on(&sim(mac), stack)
}

/// What no line of a manifest asks for.
const NOT_OF_THE_MANIFEST: [&str; 6] = [
    "forgectl cannot keep its books",
    "the journal ",
    "an Intel processor",
    "translated by Rosetta",
    "does not run as root",
    "another run is under way",
];

/// The same, with forgectl standing as it does on `sim`. Every refusal names its place, where it has one, and a next step.
#[track_caller]
fn refused_on(sim: &Sim, stack: &Stack) -> String {
    let before = still(sim);
    let Err(error) = apply(sim, stack) else { panic!("it was not refused") };
    let after = still(sim);
    same("refused, yet changed", &before, &after);
    assert_eq!(before.state.meter.effects, after.state.meter.effects, "effects before the refusal");
    for problem in Problem::all_of(&error) {
        let step = !problem.hints.is_empty() || !problem.remedy.is_empty();
        assert!(step && problem.sort != Sort::Bug, "no next step: {problem:#?}");
        let about_the_manifest = !NOT_OF_THE_MANIFEST.iter().any(|what| problem.what.contains(what));
        assert_eq!(problem.span.is_some(), about_the_manifest, "its place: {problem:#?}");
    }
    text_of(&error)
}

/// All that a person is told of an error.
fn text_of(error: &Error) -> String {
    Problem::all_of(error).iter().map(text).collect()
}

fn text(problem: &Problem) -> String {
    let Problem { what, why, hints, remedy, span, .. } = problem;
    let place = span.as_ref().map(ToString::to_string);
    let lines = std::iter::once(what).chain(why).chain(hints).chain(remedy).chain(&place);
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "not said: {word}\n--- but:\n{text}");
    }
}

#[track_caller]
fn same(what: &str, left: &Mac, right: &Mac) {
    let found = differences(left, right, false);
    assert!(found.is_empty(), "{what}:\n{found:#?}");
}

#[track_caller]
fn plan(sim: &Sim, stack: &Stack) -> Plan {
    engine::survey(sim, stack).unwrap_or_else(|error| panic!("{}", text_of(&error)))
}

/// What the plan says of one resource.
#[track_caller]
fn planned(sim: &Sim, stack: &Stack, id: &str) -> Item {
    let plan = plan(sim, stack);
    let item = plan.items.iter().find(|item| item.id.to_string() == id);
    item.unwrap_or_else(|| panic!("{id} is not in the plan")).clone()
}

#[track_caller]
fn nothing_to_do(sim: &Sim, stack: &Stack) {
    let plan = plan(sim, stack);
    assert!(plan.is_empty(), "{:#?}", plan.changes().collect::<Vec<_>>());
    assert!(plan.refusals.is_empty(), "{:#?}", plan.refusals);
}

/// A Mac on which the spine was applied.
fn applied() -> Sim {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    sim
}

/// A fresh Mac on which something is to go wrong for the next `times` times.
fn faulty(fault: Fault, times: u32) -> Sim {
    let mut mac = fresh(&spine());
    mac.state.faults.arm(fault, times);
    sim(mac)
}

/// What the spine fails with on `sim`; then the fault is taken away, and the next apply heals and can be undone.
#[track_caller]
fn fails_then_heals(sim: &Sim, stack: &Stack, id: &str, mend: impl FnOnce(&mut Mac)) -> String {
    let text = told(sim, stack).failure(id);
    sim.with_mac(mend);
    healed(sim, stack);
    text
}

/// The next apply brings what an undisturbed run brings, and destroy gives the Mac back.
#[track_caller]
fn healed(sim: &Sim, stack: &Stack) {
    apply_well(sim, stack);
    nothing_to_do(sim, stack);
    let undisturbed = crate::support::sim(fresh(stack));
    apply_well(&undisturbed, stack);
    sim.with_mac(|mac| assert_eq!(mac.state.dialogs, [] as [&str; 0], "nobody is there to click"));
    same("healed", &undisturbed.into_mac(), &still(sim));
    destroy_well(sim, stack);
    same("destroyed", &fresh(stack), &still(sim));
}

/// The Mac as it is now, without forgectl's own process.
fn still(sim: &Sim) -> Mac {
    sim.revive();
    let mut mac = sim.with_mac(|mac| copy(mac));
    mac.state.processes.retain(|_, process| process.command() != "forgectl");
    mac
}

/// Runs a command line, words apart by spaces, as the Mac's user.
fn run(sim: &Sim, line: &str) -> Output {
    run_as(sim, Caller::user(true), line)
}

/// The same as root.
fn run_as_root(sim: &Sim, line: &str) -> Output {
    run_as(sim, Caller::user(true).root(), line)
}

fn run_as(sim: &Sim, caller: Caller, line: &str) -> Output {
    sim.exec(caller, &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

/// Runs a command line that has to go well.
#[track_caller]
fn well(sim: &Sim, line: &str) -> Output {
    let output = run(sim, line);
    assert!(output.ok(), "{line}: {output:?}");
    output
}

/// The property list of the spine's agent.
fn agent(mac: &Mac) -> Utf8PathBuf {
    mac.home().join(format!("Library/LaunchAgents/{LABEL}.plist"))
}

/// The text of a file.
#[track_caller]
fn read(mac: &Mac, path: impl AsRef<Utf8Path>) -> String {
    let content =
        mac.disk.read(0, path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref()));
    String::from_utf8(content.bytes(u64::MAX).unwrap().into_owned()).unwrap()
}

/// Writes a file as a user.
#[track_caller]
fn write(mac: &mut Mac, uid: u32, path: impl AsRef<Utf8Path>, text: &str) {
    let now = mac.state.now;
    let content = Content::Bytes(text.as_bytes().to_vec());
    mac.disk.write(uid, path.as_ref(), content, 0o644, now).unwrap();
}

/// Writes something else where a file says `from`.
#[track_caller]
fn edit(mac: &mut Mac, path: impl AsRef<Utf8Path>, from: &str, to: &str) {
    let text = read(mac, &path);
    assert!(text.contains(from), "{from} is not in {text}");
    write(mac, 0, path, &text.replace(from, to));
}

/// Whether a change is `launchctl VERB`.
fn is_launchctl(change: &Change, verb: &str) -> bool {
    matches!(change, Change::Run(command) if command.argv.iter().any(|word| word == verb))
}

/// Whether a change writes the property list of the spine's agent.
fn writes_agent(change: &Change) -> bool {
    matches!(change, Change::Write { path, .. } if path.file_stem() == Some(LABEL))
}

/// The process of the spine's job.
fn pid(sim: &Sim) -> Option<u32> {
    sim.with_mac(|mac| mac.state.launchd.job(SCREEN, LABEL).and_then(|job| job.pid))
}

/// Lets so many seconds pass.
fn wait(sim: &Sim, seconds: u64) {
    sim.with_mac(|mac| mac.advance(std::time::Duration::from_secs(seconds)));
}
