use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Chips, MacosRange};
use crate::value::{DiskSize, MemorySize};

/// What the Mac must be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Which chips will do: `any`, a name such as `M4 Pro`, or a list of names. Without it, any.
    #[serde(default)]
    pub chip: Chips,
    /// How much memory the Mac must have at least, as Apple sells it: `16GB` is 16 × 2³⁰ bytes. `GiB` and
    /// `MiB` say the same.
    pub memory: MemorySize,
    /// Which versions of macOS will do: comparators (`>=`, `>`, `<=`, `<`, `=`) over dotted numbers, in
    /// quotes, with commas between several. Without it, `>=15`.
    #[serde(default)]
    pub macos: MacosRange,
    /// How much of the disk must be free, as disks are sold: `120GB` is 120 × 10⁹ bytes. What this stack already holds on the
    /// disk counts as free, and it is judged only when something is to be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DiskSize")]
    pub free_disk: Option<DiskSize>,
}
