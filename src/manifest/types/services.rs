use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Listen;

/// Services in containers, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Services {
    /// Open WebUI, wired to the Ollama server of this stack.
    #[serde(rename = "open-webui", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OpenWebUi")]
    pub open_webui: Option<OpenWebUi>,
    /// Langfuse: web, worker, and what they keep their data in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Langfuse")]
    pub langfuse: Option<Langfuse>,
    /// Services of your own, in Compose's format.
    #[serde(flatten)]
    pub own: BTreeMap<String, OwnService>,
}

/// Open WebUI.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpenWebUi {
    /// The TCP port on this Mac.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Who can reach it.
    pub listen: Listen,
}

impl Default for OpenWebUi {
    fn default() -> Self {
        Self { port: 3000, listen: Listen::default() }
    }
}

/// Langfuse.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Langfuse {
    /// The TCP port on this Mac.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Who can reach it.
    pub listen: Listen,
}

impl Default for Langfuse {
    fn default() -> Self {
        Self { port: 3001, listen: Listen::default() }
    }
}

/// A service of the user's own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnService {
    /// Its Compose file, beside the manifest.
    pub compose: String,
}
