//! Whose an environment and its packages are: what others put there since stays theirs, and what stands in the place of somebody's
//! is ours.

use super::{
    meddler::Meddler,
    python::{uv, with_uv},
    *,
};
use crate::support::{apply, stack};

const LAB: &str = "python-environment/lab";
const VENV: &str = "/Users/lab/lab/.venv";

fn lab(version: &str, packages: &str) -> Stack {
    stack(&format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\npython:\n  lab: {{path: ~/lab/.venv, version: \"{version}\", packages: [{packages}]}}\n"
    ))
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

fn has(sim: &Sim, package: &str) -> bool {
    there(sim, &format!("{VENV}/lib/python3.11/site-packages/{package}"))
}

/// A Mac on which somebody has made the environment, with these packages.
fn theirs(version: &str, packages: &str) -> Sim {
    let sim = sim(with_uv());
    uv(&sim, &format!("venv --python {version} {VENV}"));
    if !packages.is_empty() {
        uv(&sim, &format!("pip install -p {VENV}/bin/python {packages}"));
    }
    sim
}

/// Between two applies somebody installs something: it is theirs, however often forgectl works there afterwards.
#[test]
fn what_others_put_into_an_environment_between_two_applies_stays_theirs() {
    let sim = theirs("3.11", "");
    apply_well(&sim, &lab("3.11", "six"));
    uv(&sim, &format!("pip install -p {VENV}/bin/python idna"));
    apply_well(&sim, &lab("3.11", "six, tqdm"));
    apply_well(&sim, &lab("3.11", "six, tqdm, sniffio"));
    destroy_well(&sim, &lab("3.11", "six, tqdm, sniffio"));
    assert!(has(&sim, "idna") && has(&sim, "idna-3.20.dist-info"), "somebody else's");
    assert!(!has(&sim, "six.py") && !has(&sim, "tqdm") && !has(&sim, "sniffio"), "ours");
}

/// The same, when the second apply was killed before it was done.
#[test]
fn what_others_put_in_before_an_apply_that_was_killed_stays_theirs() {
    let sim = theirs("3.11", "");
    apply_well(&sim, &lab("3.11", "six"));
    uv(&sim, &format!("pip install -p {VENV}/bin/python idna"));
    sim.with_mac(|mac| {
        mac.state.meter.effects = 0;
        mac.state.faults.kill = Some(forgectl::sim::Kill::After(2));
    });
    let _ = apply(&sim, &lab("3.11", "six, tqdm"));
    sim.revive();
    destroy_well(&sim, &lab("3.11", "six, tqdm"));
    assert!(has(&sim, "idna") && !has(&sim, "six.py") && !has(&sim, "tqdm"));
}

/// One that was made in the place of somebody's, which was told, is ours: it keeps its interpreter as long as it stays.
#[test]
fn what_replaced_an_environment_of_somebodys_stays_whole_or_goes() {
    let sim = theirs("3.12", "idna");
    let stack = lab("3.11", "six");
    apply_well(&sim, &stack);
    let ears = Ears::default();
    let summary = engine::destroy(&sim, &stack, &yes(), false, &forgectl::desk::Nobody, &ears).unwrap();
    assert!(summary.ok(), "{summary:?}");
    well(&sim, &format!("{VENV}/bin/python --version"));
    destroy_well(&sim, &stack);
    assert!(!there(&sim, VENV));
    let summary = destroy_well(&sim, &stack);
    assert_eq!(summary.changed, [], "all is gone already");
}

/// Somebody takes ours away and makes their own there; what an apply that was killed meant to put into it does not make it ours.
#[test]
fn an_environment_that_somebody_made_anew_stays_when_an_apply_was_killed_in_it() {
    let sim = sim(with_uv());
    apply_well(&sim, &lab("3.11", "six"));
    well(&sim, &format!("rm -rf {VENV}"));
    sim.with_mac(|mac| mac.advance(std::time::Duration::from_secs(5)));
    uv(&sim, &format!("venv --python 3.11 {VENV}"));
    uv(&sim, &format!("pip install -p {VENV}/bin/python idna"));
    sim.with_mac(|mac| {
        mac.state.meter.effects = 0;
        mac.state.faults.kill = Some(forgectl::sim::Kill::Before(1));
    });
    let _ = apply(&sim, &lab("3.11", "six"));
    assert!(sim.is_killed());
    sim.revive();
    let ran = destroyed(&sim, &lab("3.11", "six"));
    says(&ran.text(), &["was made anew since forgectl made it; it stays"]);
    assert!(has(&sim, "idna"));
}

/// An installer need not sign, nor list its files: such a package is whole for whoever put it there.
#[test]
fn a_package_that_another_installer_left_unsigned_is_not_cleared_away() {
    for missing in ["INSTALLER", "RECORD"] {
        let sim = theirs("3.11", "idna");
        well(&sim, &format!("rm {VENV}/lib/python3.11/site-packages/idna-3.20.dist-info/{missing}"));
        let before = still(&sim);
        apply_well(&sim, &lab("3.11", "six"));
        assert!(has(&sim, "idna-3.20.dist-info/METADATA"), "{missing}");
        nothing_to_do(&sim, &lab("3.11", "six"));
        destroy_well(&sim, &lab("3.11", "six"));
        same(missing, &before, &still(&sim));
    }
}

/// Half a package keeps `uv` from installing anything. In an environment of somebody's it is not ours to clear away.
#[test]
fn half_a_package_of_somebody_elses_is_refused_by_name() {
    let sim = theirs("3.11", "idna");
    well(&sim, &format!("rm {VENV}/lib/python3.11/site-packages/idna-3.20.dist-info/METADATA"));
    says(&refused_on(&sim, &lab("3.11", "six")), &["half a package", "idna-3.20.dist-info", "rm -r"]);
}

/// In one of ours it is cleared away, and the plan says so.
#[test]
fn half_a_package_in_an_environment_of_ours_is_cleared_away_and_told() {
    let sim = sim(with_uv());
    apply_well(&sim, &lab("3.11", "six, idna"));
    well(&sim, &format!("rm {VENV}/lib/python3.11/site-packages/idna-3.20.dist-info/METADATA"));
    let steps = planned(&sim, &lab("3.11", "six, idna"), LAB).steps;
    let commands: Vec<String> = steps.into_iter().flat_map(|step| step.commands).collect();
    says(&commands.join("\n"), &[&format!("rm -r {VENV}/lib/python3.11/site-packages/idna-3.20.dist-info")]);
    apply_well(&sim, &lab("3.11", "six, idna"));
    nothing_to_do(&sim, &lab("3.11", "six, idna"));
    destroy_well(&sim, &lab("3.11", "six, idna"));
    same("destroyed", &with_uv(), &still(&sim));
}

/// What was asked for came whole, and what it needs did not: the next apply goes on there.
#[test]
fn a_package_whose_needs_were_half_installed_is_gone_on_with() {
    let stack = lab("3.11", "anyio");
    let sim = sim(with_uv());
    let meddler = Meddler::new(&sim, |sim, change| {
        let Change::Run(command) = change else { return };
        if command.argv.iter().any(|word| word == "install") {
            sim.with_mac(|mac| mac.state.faults.arm(Fault::UvKilled, 1));
        }
    });
    assert!(!told(&meddler, &stack).summary.ok());
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    let undisturbed = crate::support::sim(with_uv());
    apply_well(&undisturbed, &stack);
    same("healed", &undisturbed.into_mac(), &still(&sim));
}

/// `uv` goes on when forgectl is killed: what comes next waits for it.
#[test]
fn what_uv_was_about_when_forgectl_was_killed_is_waited_for() {
    let stack = lab("3.11", "six");
    let undisturbed = sim(with_uv());
    let count = crate::support::effects(&undisturbed, || drop(apply_well(&undisturbed, &stack)));
    let undisturbed = undisturbed.into_mac();
    for number in 1..=count {
        let killed = || {
            let sim = sim(with_uv());
            sim.with_mac(|mac| mac.state.faults.kill = Some(forgectl::sim::Kill::During(number)));
            let _ = apply(&sim, &stack);
            assert!(sim.is_killed());
            sim.revive();
            sim
        };
        let sim = killed();
        apply_well(&sim, &stack);
        nothing_to_do(&sim, &stack);
        same(&format!("killed during effect {number}, applied"), &undisturbed, &sim.into_mac());
        let sim = killed();
        destroy_well(&sim, &stack);
        same(&format!("killed during effect {number}, destroyed"), &with_uv(), &sim.into_mac());
    }
}
