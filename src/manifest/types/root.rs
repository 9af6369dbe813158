use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Containers, Environments, Model, Node, Ollama, Power, Services, StackName, Tools};

/// The format of manifest that this forgectl reads and writes.
pub const FORMAT: u32 = 1;

/// The keys that concern every resource; all others are sections of what is wanted.
pub const OF_ALL: [&str; 3] = ["forge", "stack", "node"];

/// What one Mac is to be. A section that is left out is not managed; a section brings what it needs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "forgectl stack")]
pub struct Manifest {
    /// The format of this file.
    #[schemars(extend("const" = FORMAT))]
    pub forge: u32,
    /// The name of the stack: 1 to 40 lower-case letters, digits and hyphens. Keep it: by this name forgectl
    /// knows on a Mac what it has brought.
    pub stack: StackName,
    /// What this Mac must be. A mismatch refuses before any change.
    pub node: Node,
    /// How this Mac behaves as a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Power")]
    pub power: Option<Power>,
    /// Tools that much else stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Tools")]
    pub tools: Option<Tools>,
    /// Python environments by name, made and filled by `uv`, which comes with Homebrew unless this Mac has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Environments")]
    pub python: Option<Environments>,
    /// The Ollama server, as a launchd job of forgectl's own. `ollama: {}` takes every default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Ollama")]
    pub ollama: Option<Ollama>,
    /// The container engine that services run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Containers")]
    pub containers: Option<Containers>,
    /// Services in containers, by name; they bring a container engine along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Services")]
    pub services: Option<Services>,
    /// Models that are to be here, each pulled and proved by use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
}

impl Manifest {
    /// The Ollama server that it wants: its section's, or one with every default for models without that section.
    pub fn server(&self) -> Option<Cow<'_, Ollama>> {
        let asked = self.ollama.as_ref().map(Cow::Borrowed);
        asked.or_else(|| (!self.models.is_empty()).then(|| Cow::Owned(Ollama::default())))
    }

    /// Whether it wants an Ollama that it does not bring.
    pub fn expects_ollama(&self) -> bool {
        self.server().is_some() && !self.tools.as_ref().is_some_and(Tools::wants_homebrew)
    }
}
