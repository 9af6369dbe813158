use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tools that much else stands on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
pub struct Tools {
    /// Apple's Command Line Tools: `git`, compilers and headers. With `false` they are left as they are.
    pub command_line_tools: bool,
}
