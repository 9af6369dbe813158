use std::{collections::BTreeMap, net::SocketAddr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::{KeepAlive, Listen, Proxy};
use crate::catalog::variables;

/// The Ollama server (docs/mac-facts.md#ollama-host, docs/mac-facts.md#ollama-context-length,
/// docs/mac-facts.md#ollama-keep-alive, docs/mac-facts.md#ollama-known-environment).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ollama {
    /// Who can reach the server: `loopback`, this Mac alone; `lan`, every network that it is in; or one of its
    /// own addresses, IPv4 or IPv6. The server asks nobody for a password.
    pub listen: Listen,
    /// The TCP port that it listens on.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Tokens of context for a model, unless the model or a request says otherwise. More takes more memory;
    /// a model's trained length bounds it.
    #[schemars(range(min = 4, max = 16_777_216))]
    pub num_ctx: u32,
    /// How long a model stays in memory after a request: a duration such as `30m` or `24h`, or whole seconds.
    /// Negative is for ever, `0` unloads at once.
    pub keep_alive: KeepAlive,
    /// How many models may be in memory at a time. Without it Ollama decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 64))]
    pub max_loaded_models: Option<u32>,
    /// The proxy by which the server itself reaches registries, as `HTTPS_PROXY` of its job: what launchd starts has none of
    /// your shell's variables. Without a password: the job's file can be read by everybody on this Mac.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Proxy")]
    pub proxy: Option<Proxy>,
    /// When the server starts.
    pub start: Start,
    /// Further `OLLAMA_*` variables of the server. No secrets: the job's file can be read by everybody on this
    /// Mac.
    #[serde(deserialize_with = "texts")]
    #[schemars(schema_with = "environment_schema")]
    pub environment: BTreeMap<String, String>,
}

/// When a server starts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// When the user logs in at the screen, as a LaunchAgent.
    #[default]
    Login,
    /// When the Mac starts, before anybody logs in, as a LaunchDaemon that runs as the user. Needs sudo.
    Boot,
}

impl Ollama {
    /// Address and port that the server is given.
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.listen.address(), self.port)
    }
}

impl Default for Ollama {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            port: 11434,
            num_ctx: 32768,
            keep_alive: KeepAlive::default(),
            max_loaded_models: None,
            proxy: None,
            start: Start::default(),
            environment: BTreeMap::new(),
        }
    }
}

/// An environment holds texts; YAML's numbers and booleans become what they look like.
pub(super) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
    Ok(values
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect())
}

/// Every variable that is known, so that editors offer it, and any other.
fn environment_schema(_: &mut SchemaGenerator) -> Schema {
    let value = json!(["string", "number", "boolean"]);
    let known: Map<String, Value> = variables::all()
        .iter()
        .filter(|variable| variable.key.is_none())
        .map(|variable| (variable.name.clone(), json!({ "description": variable.what, "type": value })))
        .collect();
    json_schema!({
        "type": "object",
        "properties": known,
        "additionalProperties": { "type": value },
        "examples": [{ "OLLAMA_NUM_PARALLEL": 2 }],
    })
}
