//! Ctrl-C at any moment: what runs ends well, nothing new starts, and the next apply goes on.

use super::*;
use crate::support::effects;

fn count(work: impl FnOnce(&Sim), sim: &Sim) -> u64 {
    effects(sim, || work(sim))
}

#[test]
fn an_interrupt_at_any_effect_ends_the_run_and_is_healed() {
    let whole = sim(fresh(&spine()));
    let all = count(|sim| drop(apply_well(sim, &spine())), &whole);
    for number in 1..=all {
        let mut mac = fresh(&spine());
        mac.state.faults.interrupts = vec![number];
        let sim = sim(mac);
        let ran = told(&sim, &spine());
        // Whoever asks when the last step is under way stops nothing.
        assert_ne!(
            ran.summary.interrupted,
            ran.summary.ok(),
            "at effect {number} of {all}: {:?}",
            ran.summary
        );
        assert!(ran.summary.interrupted || number > all / 2, "at effect {number} of {all}");
        assert!(ran.summary.failed.is_empty(), "at effect {number}: {}", ran.text());
        says(&ran.text(), &["\"event\":\"finished\""]);
        let made = sim.with_mac(|mac| mac.state.meter.effects);
        sim.revive();
        if made < all {
            assert!(!plan(&sim, &spine()).is_empty() || !ran.summary.skipped.is_empty());
        }
        healed(&sim, &spine());
    }
}

/// Twice: at once.
#[test]
fn two_interrupts_at_any_effect_end_the_run_and_are_healed() {
    let whole = sim(fresh(&spine()));
    let all = count(|sim| drop(apply_well(sim, &spine())), &whole);
    for number in 1..=all {
        let mut mac = fresh(&spine());
        mac.state.faults.interrupts = vec![number, number];
        let sim = sim(mac);
        let ran = told(&sim, &spine());
        assert_ne!(ran.summary.interrupted, ran.summary.ok(), "{number}: {}", ran.text());
        assert!(ran.summary.failed.is_empty(), "{number}: {}", ran.text());
        sim.revive();
        healed(&sim, &spine());
    }
}

#[test]
fn an_interrupt_at_any_effect_of_destroy_is_gone_on_with() {
    let whole = applied();
    let all = count(|sim| drop(destroy_well(sim, &spine())), &whole);
    for number in 1..=all {
        let sim = applied();
        sim.with_mac(|mac| {
            mac.state.meter.effects = 0;
            mac.state.faults.interrupts = vec![number];
        });
        let ran = destroyed(&sim, &spine());
        assert!(ran.summary.failed.is_empty(), "at effect {number}: {}", ran.text());
        assert!(ran.summary.interrupted || number == all, "at effect {number} of {all}");
        sim.revive();
        destroy_well(&sim, &spine());
        same("destroyed", &fresh(&spine()), &still(&sim));
    }
}
