//! The Ollama server: who it is, where it listens, what its proof loads.

use forgectl::sim::Spec;

use super::*;
use crate::support::own_spec;

/// `ps` spells out what is no ASCII, and quotes nothing.
#[test]
fn a_user_with_a_name_beyond_ascii_gets_a_server_that_is_seen_to_be_as_declared() {
    let sim = sim(Mac::new(&Spec { user: "Zoë Lab".into(), ..own_spec(&spine()) }, 0));
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
}
