use std::{fmt, time::Duration};

use anyhow::Result;

use crate::{
    machine::{Look, Machine},
    resource::Evidence,
};

/// How a service in a container is known to work, beyond the container's own health.
pub trait Proof: fmt::Debug + Send + Sync {
    /// What can be opened when it is there: names and URLs; never with a secret in them.
    fn urls(&self) -> Vec<(String, String)>;

    /// Whether it works, by looking. Waits up to `patience`.
    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence>;

    /// Whether it works, by using it; whatever that changes is undone, as far as the service has a way for it.
    fn prove(&self, machine: &dyn Machine) -> Result<Evidence>;
}
