use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Disk, Host, Process, Spec, tool};
use crate::value::PowerSource;

/// A simulated Mac: its state, its files, and where its processes run when they are real.
pub struct Mac {
    /// All that is kept between calls, but the files.
    pub state: State,
    /// Its files.
    pub disk: Box<dyn Disk>,
    /// Where launchd's processes run; `None`: in [`State::processes`].
    pub host: Option<Box<dyn Host>>,
}

/// All that a simulated Mac keeps between calls, but its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// What it was made as.
    pub spec: Spec,
    /// Its virtual clock.
    pub now: Timestamp,
    /// The seed of all that is left to chance.
    pub seed: u64,
    /// Bits per second of its line to the Internet.
    pub bandwidth: u64,
    /// Power settings a source, in the order that `pmset` prints them.
    pub power: BTreeMap<PowerSource, Vec<(String, String)>>,
    /// Running processes by id; of a Mac in a folder, only those that are not real.
    pub processes: BTreeMap<u32, Process>,
    /// The next process id.
    pub next_pid: u32,
    /// launchd: domains, jobs, overrides.
    pub launchd: tool::launchd::Launchd,
    /// What Apple's update server offers, and how it behaves.
    pub updates: tool::softwareupdate::Updates,
    /// sudo's tickets.
    pub sudo: tool::sudo::Tickets,
    /// Dialogs that popped up on the screen: nobody is there to click.
    pub dialogs: Vec<String>,
    /// Whether FileVault is on.
    pub filevault: bool,
    /// What is to go wrong.
    pub faults: super::Faults,
    /// What was counted.
    pub meter: super::Meter,
}
