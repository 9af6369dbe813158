//! Macs that nobody thought of: some things there already, some half there, some of other versions. Each stack is either
//! refused with a place and a next step, or lives on them from plan to destroy.
#![expect(clippy::disallowed_methods, reason = "how many Macs, and which, is said by the environment")]

mod case;
mod making;
mod marks;

use std::{
    env, fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use forgectl::{
    desk::Nobody,
    engine::{self, event::Summary, plan::Action},
    manifest::Stack,
    sim::{Difference, Kill, Mac, Sim, differences},
    value::{Problem, Sort},
};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::case::{Case, any_case, settled};
use crate::scenarios;
use crate::support::{Ears, app, copy, sim, stack, yes};

/// How many Macs are tried where nothing else is asked for.
const CASES: u32 = 24;

type Checked = Result<(), String>;

#[test]
fn a_stack_is_refused_or_lives_on_any_mac() {
    let stacks = stacks();
    if let Ok(case) = env::var("FORGECTL_RANDOM_MAC") {
        let case: Case = serde_json::from_str(&case).expect("a case as a failure prints it");
        check(&case, &stacks).unwrap_or_else(|why| panic!("{why}"));
        return;
    }
    let number = |name: &str, usual| env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let cases = number("FORGECTL_RANDOM_MACS", u64::from(CASES));
    let seed = number("FORGECTL_RANDOM_SEED", 0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(cases).expect("not that many"),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let lived = AtomicUsize::new(0);
    let ran = runner.run(&any_case(), |case| {
        let lives = check(&case, &stacks).map_err(TestCaseError::fail)?;
        lived.fetch_add(lives, Ordering::Relaxed);
        Ok(())
    });
    if let Err(TestError::Fail(why, case)) = ran {
        let text = serde_json::to_string(&case).unwrap();
        panic!(
            "{why}\n\nthe Mac, to be tried again with\n    FORGECTL_RANDOM_MAC='{text}' cargo test --test all any_mac\n"
        );
    }
    ran.unwrap();
    let (lived, tried) = (lived.into_inner(), usize::try_from(cases).unwrap() * stacks.len());
    assert!(lived * 4 >= tried, "hardly any Mac took a stack: {lived} of {tried}");
}

/// Every manifest in `stacks/`, and a service of somebody's own on two engines.
fn stacks() -> Vec<(String, Stack)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    let written = files.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap();
        (path.display().to_string(), stack(&text))
    });
    let services = ["running", "colima"].map(|engine| (format!("a service on {engine}"), app(engine)));
    written.chain(services).collect()
}

/// Answers with how many stacks live on it.
fn check(case: &Case, stacks: &[(String, Stack)]) -> Result<usize, String> {
    let start = case.mac();
    let mut living = 0;
    for (name, stack) in stacks {
        living += usize::from(lives(case, &start, stack).map_err(|why| format!("{name}: {why}"))?);
    }
    exported(&start).map_err(|why| format!("export: {why}"))?;
    begun(case, &start).map_err(|why| format!("init: {why}"))?;
    Ok(living)
}

/// The promises, on this Mac; whether the stack is taken there.
fn lives(case: &Case, start: &Mac, stack: &Stack) -> Result<bool, String> {
    let looked = sim(copy(start));
    let refusals = match engine::survey(&looked, stack) {
        Ok(plan) => plan.refusals,
        Err(error) => Problem::all_of(&error),
    };
    same("a plan changed it", start, &settled(looked), true)?;
    if !refusals.is_empty() {
        return refused(start, stack, &refusals).map(|()| false);
    }
    let undisturbed = sim(copy(start));
    let effects = count(&undisturbed, || applied(&undisturbed, stack).map(drop))?;
    nothing_to_do(&undisturbed, stack)?;
    let again = count(&undisturbed, || applied(&undisturbed, stack).map(drop))?;
    if again > 0 {
        return Err(format!("the second apply made {again} effects"));
    }
    let mut ways = vec![("destroyed", settled(undisturbed))];
    if effects > 0 {
        let (kill, healed) = (case.kill(effects), sim(copy(start)));
        killed(&healed, kill, || drop(engine::apply(&healed, stack, &yes(), &Nobody, &Ears::default())));
        applied(&healed, stack).map_err(|why| format!("after {kill:?}: {why}"))?;
        let healed = settled(healed);
        same(&format!("{kill:?}, then applied"), &ways[0].1, &healed, false)?;
        ways.push(("killed, applied and destroyed, first with data kept", healed));
    }
    let sim = sim(copy(&ways[0].1));
    let effects = count(&sim, || destroyed(&sim, stack, true).map(drop))?;
    if effects > 0 {
        let (kill, sim) = (case.kill(effects), crate::support::sim(copy(&ways[0].1)));
        killed(&sim, kill, || drop(engine::destroy(&sim, stack, &yes(), true, &Nobody, &Ears::default())));
        ways.push(("destroyed, killed, and destroyed again", settled(sim)));
    }
    for (what, mac) in ways {
        let sim = crate::support::sim(mac);
        let keep_data = what.contains("with data kept");
        for all_data in [!keep_data, true] {
            destroyed(&sim, stack, all_data).map_err(|why| format!("{what}: {why}"))?;
        }
        given_back(what, case, start, &settled(sim))?;
    }
    Ok(true)
}

/// Lets `work` be killed so.
fn killed(sim: &Sim, kill: Kill, work: impl FnOnce()) {
    sim.with_mac(|mac| {
        mac.state.meter.effects = 0;
        mac.state.faults.kill = Some(kill);
    });
    work();
    sim.revive();
}

/// The Mac as it was, but for what is told to stay and cannot be put back.
fn given_back(what: &str, case: &Case, start: &Mac, mac: &Mac) -> Checked {
    let excused: Vec<&str> = case.marks.iter().flat_map(|mark| mark.stays()).copied().collect();
    let mut found = found(start, mac, false);
    found.retain(|found| !excused.iter().any(|path| found.what.starts_with(path)));
    none(what, &found)
}

/// What is refused says where and what next, and changes nothing.
fn refused(start: &Mac, stack: &Stack, refusals: &[Problem]) -> Checked {
    for problem in refusals {
        let step = !problem.hints.is_empty() || !problem.remedy.is_empty();
        let place = problem.span.is_some() || problem.what.contains("forgectl");
        if !step || !place || problem.sort == Sort::Bug {
            return Err(format!("refused without a place or a next step: {problem:#?}"));
        }
    }
    let sim = sim(copy(start));
    if engine::apply(&sim, stack, &yes(), &Nobody, &Ears::default()).is_ok() {
        return Err("its plan is refused, and it is applied".into());
    }
    same("refused, and changed", start, &settled(sim), false)
}

fn applied(sim: &Sim, stack: &Stack) -> Result<Summary, String> {
    whole(|ears| engine::apply(sim, stack, &yes(), &Nobody, ears))
}

fn destroyed(sim: &Sim, stack: &Stack, all_data: bool) -> Result<Summary, String> {
    whole(|ears| engine::destroy(sim, stack, &yes(), all_data, &Nobody, ears))
}

fn whole(work: impl FnOnce(&Ears) -> anyhow::Result<Summary>) -> Result<Summary, String> {
    let ears = Ears::default();
    let summary = work(&ears).map_err(|error| format!("refused: {error:#}"))?;
    if summary.ok() { Ok(summary) } else { Err(format!("{summary:#?}\n{}", ears.told().join("\n"))) }
}

fn nothing_to_do(sim: &Sim, stack: &Stack) -> Checked {
    let plan = engine::survey(sim, stack).map_err(|error| format!("no second plan: {error:#}"))?;
    let left: Vec<_> = plan.items.iter().filter(|item| item.action != Action::Keep).collect();
    if left.is_empty() && plan.refusals.is_empty() {
        return Ok(());
    }
    Err(format!("the second plan is not empty: {left:#?}\n{:#?}", plan.refusals))
}

/// Whatever it is, it is told as a manifest that it fulfils.
fn exported(start: &Mac) -> Checked {
    let sim = sim(copy(start));
    let draft = engine::export(&sim).map_err(|error| format!("{error:#}"))?;
    nothing_to_do(&sim, &stack(&draft.text)).map_err(|why| format!("{why}\n{}", draft.text))?;
    same("changed by it", start, &settled(sim), true)
}

/// A first manifest for it can be applied to it.
fn begun(case: &Case, start: &Mac) -> Checked {
    let sim = sim(copy(start));
    let name = "lab".parse().unwrap();
    let draft = engine::starter(&sim, &name, "stack.yaml").map_err(|error| format!("{error:#}"))?;
    let stack = stack(&draft.text);
    applied(&sim, &stack).map_err(|why| format!("{why}\n{}", draft.text))?;
    nothing_to_do(&sim, &stack)?;
    destroyed(&sim, &stack, true)?;
    given_back("destroyed", case, start, &settled(sim))
}

fn count(sim: &Sim, work: impl FnOnce() -> Checked) -> Result<u64, String> {
    sim.with_mac(|mac| mac.state.meter.effects = 0);
    work()?;
    Ok(sim.with_mac(|mac| mac.state.meter.effects))
}

fn same(what: &str, left: &Mac, right: &Mac, all: bool) -> Checked {
    none(what, &found(left, right, all))
}

/// What tells two Macs apart.
fn found(left: &Mac, right: &Mac, all: bool) -> Vec<Difference> {
    // What others have set going goes on meanwhile.
    let [mut left, mut right] = [copy(left), copy(right)];
    let now = left.state.now.max(right.state.now);
    left.advance_to(now);
    right.advance_to(now);
    let mut found = differences(&left, &right, all);
    found.retain(scenarios::tells);
    if all {
        found.retain(|found| !found.what.ends_with(": modified"));
    }
    found
}

fn none(what: &str, found: &[Difference]) -> Checked {
    if found.is_empty() { Ok(()) } else { Err(format!("{what}:\n{found:#?}")) }
}
