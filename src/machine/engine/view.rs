use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::value::{ContainerSpec, Healthcheck, PublishedPort};

/// Which engine answers.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct EngineVersion {
    /// The engine's own version: `28.3.3`.
    pub version: String,
    /// The newest version of the API that it speaks: `1.51`.
    pub api: String,
    /// The oldest.
    pub oldest_api: String,
    /// `linux/arm64`.
    pub platform: String,
}

/// The machine that an engine runs on; on a Mac a virtual one.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// Its name: `colima`, `docker-desktop`.
    pub name: String,
    /// Its system: `Docker Desktop`, `Ubuntu 24.04.2 LTS`.
    pub system: String,
    /// Bytes of its memory.
    pub memory: u64,
    /// Its processors.
    pub cpus: u32,
}

/// A container as a listing shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ContainerLine {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image that it was made from, as it was named then.
    pub image: String,
    /// That image's id.
    pub image_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// The same in the engine's words: `Up 3 minutes (healthy)`.
    pub status: String,
    /// Its labels, those of the image too.
    pub labels: BTreeMap<String, String>,
    /// Its published ports; only of one that runs.
    pub ports: Vec<PublishedPort>,
    /// Its volumes by name.
    pub volumes: BTreeSet<String>,
    /// Its networks by name.
    pub networks: BTreeSet<String>,
}

impl ContainerLine {
    /// The exit code of one that has ended, which only the engine's words tell: `Exited (137) 3 minutes ago`.
    pub fn exit_code(&self) -> Option<i64> {
        self.status.strip_prefix("Exited (")?.split_once(')')?.0.parse().ok()
    }
}

/// A container as a close look shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ContainerView {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of the image that it was made from.
    pub image_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it was made as. What the image gives is in it too: variables, labels, entry point, command, user.
    pub spec: ContainerSpec,
    /// How far it is.
    pub stage: Stage,
    /// The exit code of what ran in it last.
    pub exit_code: i64,
    /// Why it could not be started, if so.
    pub error: String,
    /// Whether the kernel ended it for want of memory.
    pub out_of_memory: bool,
    /// How often the engine has started it anew.
    pub restarts: u64,
    /// When it was last started.
    pub started: Option<Timestamp>,
    /// Its health, where it has a test for it.
    pub health: Option<Health>,
}

/// How far a container is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Made and never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Ended, and about to be started anew.
    Restarting,
    /// About to go.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
}

/// The health of a container.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// How it stands.
    pub status: HealthStatus,
    /// How many tests have failed in a row.
    pub failing: u64,
    /// What the last test said, and its exit code.
    pub last: Option<(String, i64)>,
}

/// How the health of a container stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Not known yet.
    Starting,
    /// The last test passed.
    Healthy,
    /// As many tests as it takes have failed in a row.
    Unhealthy,
}

/// An image as a listing shows it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ImageLine {
    /// Its id, `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Its names with tags, as the engine writes them: short for those of Docker Hub.
    pub tags: BTreeSet<String>,
    /// Its names with digests, as registries have it.
    pub digests: BTreeSet<String>,
    /// Bytes.
    pub size: u64,
}

/// An image as a close look shows it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ImageView {
    /// The same as in a listing.
    pub line: ImageLine,
    /// `linux/arm64`.
    pub platform: String,
    /// Variables that it gives.
    pub environment: BTreeMap<String, String>,
    /// What it runs.
    pub entrypoint: Option<Vec<String>>,
    /// What it runs, or gives to the entry point.
    pub command: Option<Vec<String>>,
    /// Labels that it gives.
    pub labels: BTreeMap<String, String>,
    /// Who runs.
    pub user: Option<String>,
    /// Where.
    pub working_dir: Option<String>,
    /// How its health is told.
    pub healthcheck: Option<Healthcheck>,
    /// Folders for which a container gets a volume without a name.
    pub volumes: BTreeSet<String>,
}

/// A network.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NetworkView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `bridge`, mostly.
    pub driver: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct VolumeView {
    /// Its name.
    pub name: String,
    /// `local`, mostly.
    pub driver: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was made, if that is known.
    pub created: Option<Timestamp>,
}

/// What a registry has under a reference.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct UpstreamImage {
    /// `sha256:` and 64 hexadecimal digits: of the list of platforms where there is one, else of the one manifest.
    pub digest: String,
    /// The platforms that it has: `linux/arm64`, `linux/arm/v7`.
    pub platforms: BTreeSet<String>,
}
