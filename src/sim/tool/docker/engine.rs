use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Container, image::Image, reference::Reference};
use crate::{machine::engine::Stage, value::hex};

/// The engines of a Mac, by their sockets.
pub type Engines = BTreeMap<Utf8PathBuf, Engine>;

/// Bytes of the disk of an engine's machine, when nobody says otherwise: Colima's default.
const DISK: u64 = 100 << 30;

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
    /// Bytes of its machine's disk.
    #[serde(default = "disk")]
    pub disk: u64,
    /// Which version it is, and the newest of the API that it speaks.
    #[serde(default = "version")]
    pub version: (String, String),
    /// When the machine starts it anew, where it has broken down.
    #[serde(default)]
    pub(super) back: Option<Timestamp>,
    #[serde(default)]
    pub(super) images: BTreeMap<String, Image>,
    #[serde(default)]
    pub(super) networks: BTreeMap<String, Network>,
    #[serde(default)]
    pub(super) volumes: BTreeMap<String, Volume>,
    /// By id.
    #[serde(default)]
    pub(super) containers: BTreeMap<String, Container>,
    #[serde(default)]
    made: u64,
    /// How many pulls share its line.
    #[serde(skip)]
    pub(super) pulling: u32,
}

/// A network.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Network {
    pub(super) id: String,
    pub(super) driver: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// A volume.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Volume {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) created: Timestamp,
    /// Texts by path.
    pub(super) files: BTreeMap<String, String>,
}

/// Networks that every engine has.
pub(super) const PREDEFINED: [&str; 3] = ["bridge", "host", "none"];

fn disk() -> u64 {
    DISK
}

fn version() -> (String, String) {
    ("28.3.3".to_owned(), "1.51".to_owned())
}

impl Engine {
    /// A new one that does not run.
    pub fn new(machine: Machine) -> Self {
        let mut engine = Self {
            machine,
            up: None,
            disk: DISK,
            version: version(),
            back: None,
            images: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            containers: BTreeMap::new(),
            made: 0,
            pulling: 0,
        };
        for name in PREDEFINED {
            let driver = if name == "none" { "null" } else { name };
            engine.make_network(name, driver, BTreeMap::new());
        }
        engine
    }

    /// Its machine has started: containers that are to be started with it are (docs/service-facts.md#engine-restart).
    pub fn start(&mut self, now: Timestamp) {
        self.up = Some(now);
        self.back = None;
        for container in self.containers.values_mut() {
            container.engine_started(now);
        }
    }

    /// Its machine has ended, and every container with it.
    pub fn stop(&mut self, now: Timestamp) {
        self.up = None;
        self.back = None;
        for container in self.containers.values_mut() {
            container.engine_stopped(now);
        }
    }

    /// A container by name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.values().find(|container| container.name == name)
    }

    /// What a volume holds: texts by path.
    pub fn volume_files(&mut self, name: &str) -> Option<&mut BTreeMap<String, String>> {
        self.volumes.get_mut(name).map(|volume| &mut volume.files)
    }

    /// A container by its name, its id, or the beginning of its id.
    pub(super) fn find(&self, name: &str) -> Option<&Container> {
        let name = name.trim_start_matches('/');
        self.container(name).or_else(|| {
            let mut fitting = self.containers.values().filter(|container| container.id.starts_with(name));
            fitting.next().filter(|_| !name.is_empty() && fitting.next().is_none())
        })
    }

    /// An image by its name, its id, or the beginning of its id.
    pub(super) fn image(&self, name: &str) -> Option<&Image> {
        let reference = Reference::read(name);
        let bare = name.strip_prefix("sha256:").unwrap_or(name);
        let is_id = bare.len() >= 4 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.images.values().find(|image| image.is_called(&reference)).or_else(|| {
            let mut all = self.images.values();
            all.find(|image| is_id && image.id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(bare)))
        })
    }

    /// Makes a network.
    pub(super) fn make_network(&mut self, name: &str, driver: &str, labels: BTreeMap<String, String>) {
        let id = self.new_id(name);
        self.networks.insert(name.to_owned(), Network { id, driver: driver.to_owned(), labels });
    }

    /// An id that it has given to nothing else.
    pub(super) fn new_id(&mut self, what: &str) -> String {
        self.made += 1;
        let Self { machine, made, .. } = self;
        hex(&Sha256::digest(format!("{} {made} {what}", machine.name).as_bytes()))
    }

    /// Bytes of its disk that are taken: layers, which come unpacked, and what its own system takes.
    pub(super) fn used(&self) -> u64 {
        const SYSTEM: u64 = 2_000_000_000;
        let layers = self.images.values().flat_map(|image| &image.layers);
        let all: BTreeMap<&String, u64> = layers.map(|layer| (&layer.digest, layer.size)).collect();
        SYSTEM + all.values().map(|size| unpacked(*size)).sum::<u64>()
    }

    /// The layers that it has.
    pub(super) fn has_layers(&self) -> BTreeSet<&String> {
        self.images.values().flat_map(|image| &image.layers).map(|layer| &layer.digest).collect()
    }

    /// The containers that run.
    pub(super) fn running(&self) -> impl Iterator<Item = &Container> {
        self.containers.values().filter(|container| matches!(container.stage, Stage::Running | Stage::Paused))
    }
}

/// Bytes of a layer on the disk.
pub(super) fn unpacked(size: u64) -> u64 {
    size.saturating_mul(5) / 2
}
