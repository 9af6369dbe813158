//! What `status` says beyond "as declared", and how a run that is refused ends its events.

use std::time::Duration;

use forgectl::{
    desk::Nobody,
    engine::{self, How},
    machine::{Looking, Patience, Wait},
    sim::Sim,
};

use crate::support::{Ears, SPINE, apply_well, fresh, sim, spine, spine_with, stack};

fn applied() -> Sim {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    sim
}

#[test]
fn a_mac_that_is_not_the_declared_node_is_not_well() {
    let sim = applied();
    assert!(engine::status(&sim, &spine()).unwrap().ok());
    let status = engine::status(&sim, &spine_with("memory: 16GB", "memory: 64GB")).unwrap();
    assert!(!status.ok());
    assert!(status.refusals.iter().any(|refusal| refusal.what.contains("`memory`")), "{:?}", status.refusals);
}

#[test]
fn what_has_left_the_manifest_and_is_still_there_is_not_well() {
    let sim = applied();
    let status =
        engine::status(&sim, &stack(&SPINE.replace("  never_sleep: true ", "  never_sleep: false ")))
            .unwrap();
    assert!(!status.ok());
    assert_eq!(status.leaving.iter().map(ToString::to_string).collect::<Vec<_>>(), ["power/ac"]);
}

#[test]
fn a_program_that_is_gone_is_said_to_be() {
    let sim = applied();
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.remove(501, "/opt/homebrew/opt/ollama".into(), now).unwrap();
    });
    let status = engine::status(&sim, &spine()).unwrap();
    let row = status.rows.iter().find(|row| row.id.kind() == "launchd-job").unwrap();
    assert!(row.reason.contains("its program is gone"), "{row:?}");
    assert!(row.problem.is_some(), "{row:?}");
}

#[test]
fn what_is_looked_at_once_is_told_in_a_sentence() {
    let patience = |limit| Patience { every: Duration::from_secs(1), limit, how: Wait::Poll };
    let sim = sim(fresh(&spine()));
    let told = |limit| {
        let never = || Ok(Err::<(), _>("connection refused"));
        sim.until("`dev.forge.ollama` to answer", patience(limit), never).unwrap_err().to_string()
    };
    assert_eq!(told(Duration::ZERO), "`dev.forge.ollama` does not answer: connection refused");
    let waited = "waited 2 s for `dev.forge.ollama` to answer; the last answer: connection refused";
    assert_eq!(told(Duration::from_secs(2)), waited);
}

#[test]
fn the_events_of_a_refused_run_end_with_why() {
    let stack = spine_with("memory: 16GB", "memory: 64GB");
    let sim = sim(fresh(&spine()));
    let ears = Ears::default();
    engine::apply(&sim, &stack, &How { yes: true, ..How::default() }, &Nobody, &ears).unwrap_err();
    let last = ears.told().pop().unwrap();
    assert!(last.contains(r#""event":"refused""#) && last.contains("`memory`"), "{last}");
    let ears = Ears::default();
    engine::apply(&sim, &spine(), &How::default(), &Nobody, &ears).unwrap_err();
    let last = ears.told().pop().unwrap();
    assert!(last.contains(r#""event":"refused""#) && last.contains("agree"), "{last}");
}
