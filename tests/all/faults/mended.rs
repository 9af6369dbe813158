//! What once went unseen or was told wrongly.

use forgectl::{
    machine::{Answer, Looking, Query, Tool},
    sim::{Session, Spec},
    value::Domain,
};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, spine_with};

fn over_ssh() -> Mac {
    Mac::new(&Spec { session: Session::Ssh, ..own_spec(&spine()) }, 0)
}

/// `ps` spells out what is no ASCII, and quotes nothing.
#[test]
fn a_user_with_a_name_beyond_ascii_gets_a_server_that_is_seen_to_be_as_declared() {
    let sim = sim(Mac::new(&Spec { user: "Zoë Lab".into(), ..own_spec(&spine()) }, 0));
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
}

/// What a user switched off at the screen is switched off over SSH too: not to know it is not to say that it is on.
#[test]
fn what_is_switched_off_is_seen_without_a_graphical_session() {
    let sim = sim(over_ssh());
    well(&sim, &format!("launchctl disable user/501/{LABEL}"));
    assert_eq!(sim.disabled_labels(Domain::Gui(USER)).unwrap(), [LABEL]);
    assert!(sim.disabled_labels(Domain::Gui(777)).is_err(), "a domain that is not there tells nothing");
}

#[test]
fn a_file_vault_that_tells_nothing_is_not_taken_to_be_off() {
    let sim = sim(fresh(&spine()));
    let deaf = Meddler::answering(&sim, |query| match query {
        Query::Tool(Tool::FileVault) => {
            Some(Answer::Ran(Output { code: 1, stdout: String::new(), stderr: "Error: no daemon\n".into() }))
        }
        _ => None,
    });
    let stack = spine_with("start: login", "start: boot");
    let plan = engine::survey(&deaf, &stack).unwrap();
    let warnings: String = plan.warnings.iter().map(text).collect();
    says(
        &warnings,
        &["it is not known whether FileVault is on", "exit 1: Error: no daemon", "fdesetup status"],
    );
}
