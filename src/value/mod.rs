//! Plain data that every room speaks in. Nothing here looks at or changes a machine.

mod count;
mod hex;
mod id;
mod lock;
mod model_name;
mod place;
mod problem;
mod requirement;
mod secret;
mod shell;
mod size;
mod source;
mod specifiers;
mod state;
mod typed;
mod upgrade;
mod version;
mod want;

pub use count::count;
pub use hex::hex;
pub use id::Id;
pub use lock::{Lock, Pin};
pub use model_name::ModelName;
pub use place::{Domain, Place, PowerSource};
pub use problem::{Problem, Problems, Sort};
pub use requirement::{Requirement, package_name};
pub use secret::{HIDDEN, looks_secret, masked, without_credentials};
pub use shell::shell_word;
pub use size::{DiskSize, MemorySize, human_bytes};
pub use source::{Excerpt, Source, Span};
pub use specifiers::Specifiers;
pub use state::{Field, State, Value};
pub use typed::Typed;
pub use upgrade::Upgrade;
pub use version::{RangeFault, VersionRange, order_of_versions};
pub use want::{Delta, Deltas, Want, Wanted, differences};
