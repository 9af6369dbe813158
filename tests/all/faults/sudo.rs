//! sudo: who is asked, when, what for, and what happens without.

use std::sync::{Arc, Mutex};

use forgectl::{
    machine::Change,
    sim::{Options, Person, Session, Spec, SudoMode},
};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, spine_with};

fn mac(sudo: SudoMode) -> Mac {
    Mac::new(&Spec { sudo, ..own_spec(&spine()) }, 0)
}

/// Somebody who hears what the password is for, and knows it or does not.
struct Sitting {
    knows: bool,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Person for Sitting {
    fn password(&mut self, reasons: &[String]) -> bool {
        self.heard.lock().unwrap().extend_from_slice(reasons);
        self.knows
    }
}

fn sat_at(mac: Mac, knows: bool) -> (Sim, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::default();
    let person = Box::new(Sitting { knows, heard: Arc::clone(&heard) });
    (Sim::new(mac, Options { person, ..Options::default() }), heard)
}

/// The download takes longer than a ticket lasts: it is kept, and nobody is asked twice.
#[test]
fn a_person_is_asked_once_and_told_what_for() {
    let (sim, heard) = sat_at(mac(SudoMode::Asks), true);
    sim.with_mac(|mac| mac.state.bandwidth = 10_000_000);
    assert!(plan(&sim, &spine()).sudo_asks);
    let before = sim.with_mac(|mac| mac.state.now);
    apply_well(&sim, &spine());
    assert!(sim.with_mac(|mac| mac.state.now).duration_since(before).as_mins() > 10);
    assert_eq!(*heard.lock().unwrap(), ["power", "CLT"]);
    assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), 1);
}

#[test]
fn a_person_who_does_not_know_the_password_ends_it_before_any_change() {
    let (sim, _) = sat_at(mac(SudoMode::Asks), false);
    let text = refused_on(&sim, &spine());
    says(
        &text,
        &[
            "sudo asks for a password, and got none",
            "root is needed for: power, CLT",
            "3 incorrect password attempts",
        ],
    );
    let (sim, _) = sat_at(sim.into_mac(), true);
    apply_well(&sim, &spine());
}

#[test]
fn without_a_password_rule_nobody_is_asked() {
    let (sim, heard) = sat_at(mac(SudoMode::Nopasswd), false);
    assert!(!plan(&sim, &spine()).sudo_asks);
    apply_well(&sim, &spine());
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn somebody_who_is_no_administrator_is_refused_before_any_change() {
    let (sim, heard) = sat_at(mac(SudoMode::Denied), true);
    let text = refused_on(&sim, &spine());
    says(
        &text,
        &["`lab` is not an administrator of this Mac", "root is needed for: power, CLT", "administrator"],
    );
    assert!(heard.lock().unwrap().is_empty(), "nobody is asked for a password that is good for nothing");
}

/// What needs no root can be had all the same.
#[test]
fn somebody_who_is_no_administrator_may_have_what_needs_no_root() {
    let stack = crate::support::stack(
        "forge: 1\nstack: small\nnode: {chip: any, memory: 16GB, macos: \">=15\"}\nollama:\n  start: login\n",
    );
    let sim = sim(mac(SudoMode::Denied));
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
}

#[test]
fn without_a_terminal_and_an_askpass_program_it_is_refused() {
    let nobody = Options { can_ask: false, ..Options::default() };
    let sim = Sim::new(mac(SudoMode::Asks), nobody);
    let text = refused_on(&sim, &spine());
    says(
        &text,
        &[
            "sudo asks for a password, and got none",
            "root is needed for: power, CLT",
            "no terminal, and SUDO_ASKPASS names no executable",
            "export SUDO_ASKPASS=",
        ],
    );
}

#[test]
fn without_a_terminal_a_password_rule_is_enough() {
    let sim = Sim::new(mac(SudoMode::Nopasswd), Options { can_ask: false, ..Options::default() });
    apply_well(&sim, &spine());
}

/// Somebody drops the ticket (`sudo -k`, as brew does) just before a privileged command.
#[test]
fn a_ticket_that_is_lost_on_the_way_is_told_and_the_next_apply_heals() {
    for lost_before in ["softwareupdate", "pmset"] {
        let (sim, _) = sat_at(mac(SudoMode::Asks), true);
        let meddler = Meddler::new(&sim, |sim, change| {
            if matches!(change, Change::Run(command) if command.root && command.argv[0].ends_with(lost_before))
            {
                sim.with_mac(|mac| mac.state.faults.arm(Fault::SudoTicketLost, 1));
            }
        });
        let ran = told(&meddler, &spine());
        assert!(!ran.summary.ok(), "{lost_before}");
        let id = if lost_before == "pmset" { "power/ac" } else { CLT };
        says(&ran.failure(id), &["sudo", lost_before, "a password is required", "stack.yaml:"]);
        let before = sim.with_mac(|mac| mac.state.meter.sudo_questions);
        apply_well(&sim, &spine());
        assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), before + 1, "{lost_before}");
        nothing_to_do(&sim, &spine());
        let undisturbed = crate::support::sim(mac(SudoMode::Asks));
        apply_well(&undisturbed, &spine());
        same(lost_before, &undisturbed.into_mac(), &still(&sim));
        destroy_well(&sim, &spine());
        same(lost_before, &mac(SudoMode::Asks), &still(&sim));
    }
}

/// Headless, over SSH, with a password: `start: boot` asks for it once.
#[test]
fn start_boot_over_ssh_asks_once() {
    let stack = spine_with("start: login", "start: boot");
    let spec = Spec { sudo: SudoMode::Asks, session: Session::Ssh, ..own_spec(&stack) };
    let (sim, heard) = sat_at(Mac::new(&spec, 0), true);
    apply_well(&sim, &stack);
    assert_eq!(*heard.lock().unwrap(), ["power", "CLT", "launch daemon"]);
    assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), 1);
    nothing_to_do(&sim, &stack);
}

/// An apply with nothing to do asks nobody for anything.
#[test]
fn nothing_to_do_needs_no_password() {
    let (sim, _) = sat_at(mac(SudoMode::Asks), true);
    apply_well(&sim, &spine());
    let (sim, heard) = sat_at(sim.into_mac(), false);
    wait(&sim, 3600);
    assert_eq!(apply_well(&sim, &spine()).changed, []);
    assert!(heard.lock().unwrap().is_empty());
}
