use std::collections::{BTreeMap, BTreeSet};

use crate::value::{ContainerSpec, Span};

/// A Compose file that was read and found good, its values filled in.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its services by name.
    pub services: BTreeMap<String, Service>,
    /// Its networks by name; `default` is among them when a service names none.
    pub networks: BTreeSet<String>,
    /// Its volumes by name.
    pub volumes: BTreeSet<String>,
}

/// A service of a Compose file: one container.
#[derive(Clone, Debug)]
pub struct Service {
    /// What its container is. Networks and volumes go by their names in the file; bind mounts are absolute.
    pub spec: ContainerSpec,
    /// Services that have to be there before it, and how far.
    pub depends_on: BTreeMap<String, Condition>,
    /// Where it is in the file.
    pub origin: Span,
}

/// How far a service has to be before another is started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Condition {
    /// It runs.
    Started,
    /// It is healthy.
    Healthy,
    /// It has ended with 0.
    CompletedSuccessfully,
}
