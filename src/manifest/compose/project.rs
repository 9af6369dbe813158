use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::value::{ContainerSpec, MountSource, Problem, Span};

/// A Compose file that was read and found good, its values filled in.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its services by name.
    pub services: BTreeMap<String, Service>,
    /// Its networks by name; `default` is among them when a service names none.
    pub networks: BTreeSet<String>,
    /// Its volumes by name.
    pub volumes: BTreeSet<String>,
    /// Names whose values it asks for.
    pub values: BTreeSet<String>,
    /// What is no fault, but probably not meant.
    pub warnings: Vec<Problem>,
}

impl Project {
    /// The same on a Mac where the user's home folder is `home`, which `~` stands for in bind mounts.
    #[must_use]
    pub fn at_home(mut self, home: &Utf8Path) -> Self {
        for mount in self.services.values_mut().flat_map(|service| &mut service.spec.mounts) {
            if let MountSource::Bind(path) = &mut mount.source
                && let Ok(rest) = path.strip_prefix("~")
            {
                *path = home.components().chain(rest.components()).collect();
            }
        }
        self
    }
}

/// A service of a Compose file: one container.
#[derive(Clone, Debug)]
pub struct Service {
    /// What its container is. Networks and volumes go by their names in the file; bind mounts are absolute,
    /// or below `~`, the user's home folder.
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
