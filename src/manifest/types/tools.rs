use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Formula;

/// Tools that much else stands on.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
pub struct Tools {
    /// Apple's Command Line Tools: `git`, compilers and headers. With `false` they are left as they are.
    pub command_line_tools: bool,
    /// Homebrew in `/opt/homebrew`, with the Command Line Tools that it needs and its line in `~/.zprofile`. The section
    /// `ollama` then brings Homebrew's `ollama` itself. With `false` it is left as it is.
    pub homebrew: bool,
    /// Formulae of Homebrew's own, which bring Homebrew with them: a name, or a name with the versions that will do. One that
    /// is there already and will do stays as it is.
    pub formulae: Vec<Formula>,
}

impl Tools {
    /// Whether Homebrew is wanted, by itself or for a formula.
    pub fn wants_homebrew(&self) -> bool {
        self.homebrew || !self.formulae.is_empty()
    }
}
