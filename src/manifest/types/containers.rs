use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The container engine that services run on.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Containers {
    /// Which engine.
    pub engine: EngineKind,
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
