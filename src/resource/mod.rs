//! What a thing is: its wanted state, how it is seen, and which steps lead there and back. Never changes a machine.

use std::{fmt, time::Duration};

use anyhow::Result;
use serde::Serialize;

use crate::{
    machine::{Look, Machine},
    step::Step,
    value::{Deltas, Id, Place, State, Wanted},
};

/// One thing on a machine: what is wanted, and what leads there.
pub trait Resource: fmt::Debug + Send + Sync {
    /// Its name.
    fn id(&self) -> Id;

    /// Where it is.
    fn place(&self) -> Place;

    /// What its fields must hold.
    fn wanted(&self) -> Wanted;

    /// What bringing it costs; asked only for what will change.
    fn quote(&self, look: &dyn Look) -> Result<Quote>;

    /// The steps from `found` to what is wanted; pure.
    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>>;

    /// Whether it works, by looking: running, healthy, of the right version and environment. Waits up to `patience`.
    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence>;

    /// What proving it by use will do to the Mac, in words, if anything.
    fn use_loads(&self, look: &dyn Look) -> Result<Option<String>>;

    /// Whether it works, by using it; whatever that changes is undone.
    fn prove(&self, machine: &dyn Machine) -> Result<Evidence>;
}

/// What was seen, a sentence each.
pub type Evidence = Vec<String>;

/// What bringing a resource costs; what is not known is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Quote {
    /// Bytes to fetch.
    pub download: Option<u64>,
    /// Bytes on disk afterwards.
    pub disk: Option<u64>,
}
