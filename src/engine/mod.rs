//! Order, consent, lanes, and what happens on failure.

pub mod event;
pub mod plan;
pub mod rehearsal;
pub mod status;
