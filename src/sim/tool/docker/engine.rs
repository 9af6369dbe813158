use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The engines of a Mac, by their sockets.
pub type Engines = BTreeMap<Utf8PathBuf, Engine>;

/// The machine that an engine runs on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name, `colima` or `docker-desktop`.
    pub name: String,
    /// Its system.
    pub system: String,
    /// Bytes of memory.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
}

/// A Docker Engine. What it keeps stays while it does not run, and goes with its machine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Engine {
    /// Its machine.
    pub machine: Machine,
    /// Since when it answers; `None`: it does not.
    pub up: Option<Timestamp>,
}

impl Engine {
    /// A new one that does not run.
    pub fn new(machine: Machine) -> Self {
        Self { machine, up: None }
    }

    /// Its machine has started: containers that are to be started with it are.
    pub fn start(&mut self, now: Timestamp) {
        self.up = Some(now);
    }

    /// Its machine has ended, and every container with it.
    pub fn stop(&mut self, _now: Timestamp) {
        self.up = None;
    }
}
