use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{DiskSize, MemorySize};

/// The container engine that services run on.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Containers {
    /// Which engine.
    pub engine: EngineKind,
    /// Memory of Colima's virtual machine. It is taken from what models may have. Without it as much as the services of this
    /// stack need, on a Mac of this size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MemorySize")]
    pub memory: Option<MemorySize>,
    /// Processors of Colima's virtual machine, 4 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 128))]
    pub cpus: Option<u32>,
    /// Disk of Colima's virtual machine, for images and volumes; it takes room only as it fills. It grows when this does, and
    /// never shrinks. Without it 60 GiB, or what it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DiskSize")]
    pub disk: Option<DiskSize>,
    /// Registries of which images are fetched from elsewhere: `{ghcr.io: "mirror.lan:5000"}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mirrors: BTreeMap<String, String>,
}

/// The container engines that forgectl knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Colima, in a virtual machine of forgectl's own; no click, no licence.
    #[default]
    Colima,
    /// Docker Desktop.
    DockerDesktop,
    /// OrbStack.
    Orbstack,
    /// Whatever answers, found as the docker CLI finds it.
    Running,
}
