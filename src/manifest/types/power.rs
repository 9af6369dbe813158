use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the Mac behaves as a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
pub struct Power {
    /// The Mac never sleeps, on any source of power that it has, and starts again after a power cut where it
    /// can. With `false` its settings are left as they are.
    pub never_sleep: bool,
}
