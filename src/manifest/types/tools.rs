use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Package, Tap};

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
    /// Formulae, which bring Homebrew with them: a name, or a name with the versions that will do. One that
    /// is there already and will do stays as it is.
    pub formulae: Vec<Package>,
    /// Casks, which bring Homebrew with them: apps, as a name or a name with the versions that will do. One that is there already
    /// and will do stays as it is; one that updates itself counts as what it has become.
    pub casks: Vec<Package>,
    /// Taps of others than Homebrew, for what is named `user/repository/name` in `formulae` and `casks`.
    pub taps: Vec<Tap>,
}

impl Tools {
    /// Whether Homebrew is wanted, by itself or for what it installs.
    pub fn wants_homebrew(&self) -> bool {
        self.homebrew || !(self.formulae.is_empty() && self.casks.is_empty() && self.taps.is_empty())
    }
}
