use std::collections::BTreeMap;

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::{
    machine::{Changing, Machine, Tell, engine::EngineChange},
    step::{About, Step},
};

/// Makes a network.
#[derive(Debug)]
pub struct MakeNetwork {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Step for MakeNetwork {
    fn about(&self) -> About {
        About {
            words: format!("make the network {}", self.name),
            why: "the service's containers find each other in it".into(),
            commands: vec![format!("docker network create {}", self.name)],
            undo: "removed by destroy".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let (name, labels) = (self.name.clone(), self.labels.clone());
        machine.engine(&self.socket, EngineChange::CreateNetwork { name, labels }, tell)
    }
}

/// Removes a network.
#[derive(Debug)]
pub struct RemoveNetwork {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
}

impl Step for RemoveNetwork {
    fn about(&self) -> About {
        About {
            words: format!("remove the network {}", self.name),
            why: "forgectl made it".into(),
            commands: vec![format!("docker network rm {}", self.name)],
            undo: "the next apply makes it anew".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.engine(&self.socket, EngineChange::RemoveNetwork(self.name.clone()), tell)
    }
}

/// Makes a volume.
#[derive(Debug)]
pub struct MakeVolume {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Step for MakeVolume {
    fn about(&self) -> About {
        About {
            words: format!("make the volume {}", self.name),
            why: "the service keeps its data there".into(),
            commands: vec![format!("docker volume create {}", self.name)],
            undo: "removed by destroy --all-data, with the data in it".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let (name, labels) = (self.name.clone(), self.labels.clone());
        machine.engine(&self.socket, EngineChange::CreateVolume { name, labels }, tell)
    }
}

/// Removes a volume with the data in it.
#[derive(Debug)]
pub struct RemoveVolume {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
}

impl Step for RemoveVolume {
    fn about(&self) -> About {
        About {
            words: format!("remove the volume {} with the data in it", self.name),
            why: "all data is to go".into(),
            commands: vec![format!("docker volume rm {}", self.name)],
            undo: "nothing brings its data back".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.engine(&self.socket, EngineChange::RemoveVolume(self.name.clone()), tell)
    }
}
