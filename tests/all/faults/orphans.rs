//! forgectl is killed while a command of its own is at work, which goes on by itself.

use std::time::Duration;

use forgectl::{
    machine::{Look, Wait},
    sim::{Kill, Spec, SudoMode},
};

use super::{
    homebrew::{there, toolbox},
    meddler::Meddler,
    *,
};
use crate::support::{destroy, effects};

fn killed(kill: Kill) -> Sim {
    let sim = sim(fresh(&toolbox()));
    sim.with_mac(|mac| mac.state.faults.kill = Some(kill));
    let _ = apply(&sim, &toolbox());
    assert!(sim.is_killed(), "{kill:?}");
    sim.revive();
    sim
}

fn count() -> u64 {
    let sim = sim(fresh(&toolbox()));
    effects(&sim, || drop(apply_well(&sim, &toolbox())))
}

/// The next apply comes while the installer, or a `brew`, is still at it, and waits.
#[test]
fn what_was_started_before_a_kill_is_waited_for() {
    let undisturbed = sim(fresh(&toolbox()));
    apply_well(&undisturbed, &toolbox());
    let undisturbed = undisturbed.into_mac();
    for number in 1..=count() {
        let sim = killed(Kill::During(number));
        apply_well(&sim, &toolbox());
        nothing_to_do(&sim, &toolbox());
        same(&format!("killed during effect {number}"), &undisturbed, &still(&sim));
        destroy_well(&sim, &toolbox());
        same(&format!("killed during effect {number}, destroyed"), &fresh(&toolbox()), &sim.into_mac());
    }
}

/// Nobody renews sudo's ticket after a kill: on a slow line the installer that was left behind fails at its last steps, when all is
/// laid out already.
#[test]
fn an_installer_that_was_left_without_root_is_run_again() {
    let spec = Spec { sudo: SudoMode::Asks, ..crate::support::own_spec(&toolbox()) };
    let sim = sim(Mac::new(&spec, 0));
    sim.with_mac(|mac| mac.state.bandwidth = 1_000_000);
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv[0] == "/bin/bash") {
            sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::During(mac.state.meter.effects + 1)));
        }
    });
    let _ = apply(&meddler, &toolbox());
    assert!(sim.is_killed());
    sim.revive();
    sim.wait(Duration::from_secs(2000), Wait::Poll).unwrap();
    assert!(there(&sim, "/opt/homebrew/bin/brew") && !there(&sim, "/etc/paths.d/homebrew"));
    assert_eq!(planned(&sim, &toolbox(), "tool/homebrew").action, Action::Add);
    apply_well(&sim, &toolbox());
    assert!(there(&sim, "/etc/paths.d/homebrew"));
    nothing_to_do(&sim, &toolbox());
}

/// Nothing of it comes after it was destroyed.
#[test]
fn what_was_started_before_a_kill_is_taken_away_whole() {
    for number in 1..=count() {
        let sim = killed(Kill::During(number));
        destroy_well(&sim, &toolbox());
        sim.wait(Duration::from_hours(1), Wait::Poll).unwrap();
        same(&format!("killed during effect {number}"), &fresh(&toolbox()), &sim.into_mac());
    }
}

#[test]
fn a_destroy_that_is_killed_at_work_goes_on() {
    let applied = sim(fresh(&toolbox()));
    apply_well(&applied, &toolbox());
    let applied = applied.into_mac();
    let whole = sim(copy(&applied));
    let count = effects(&whole, || drop(destroy_well(&whole, &toolbox())));
    for number in 1..=count {
        let sim = sim(copy(&applied));
        sim.with_mac(|mac| {
            mac.state.meter.effects = 0;
            mac.state.faults.kill = Some(Kill::During(number));
        });
        let _ = destroy(&sim, &toolbox());
        assert!(sim.is_killed());
        sim.revive();
        destroy_well(&sim, &toolbox());
        same(&format!("killed during effect {number} of destroy"), &fresh(&toolbox()), &sim.into_mac());
    }
}
