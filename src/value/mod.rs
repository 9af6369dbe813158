//! Plain data that every room speaks in. Nothing here looks at or changes a machine.

mod basic;
mod container;
mod count;
mod hex;
mod id;
mod image_name;
mod lock;
mod model_name;
mod place;
mod problem;
mod requirement;
mod rotation;
mod secret;
mod secret_shape;
mod shell;
mod size;
mod source;
mod specifiers;
mod state;
mod text;
mod typed;
mod upgrade;
mod version;
mod want;

pub use basic::{basic_authorization, basic_credentials};
pub use container::{
    ContainerSpec, Healthcheck, Mount, MountSource, Protocol, PublishedPort, Restart, cleaned,
};
pub use count::count;
pub use hex::hex;
pub use id::Id;
pub use image_name::{full_image_name, image_repository};
pub use lock::{Lock, Pin};
pub use model_name::ModelName;
pub use place::{Domain, Place, PowerSource};
pub use problem::{Problem, Problems, Sort};
pub use requirement::{Requirement, package_name};
pub use rotation::{Credential, DatabaseUser, Declared, Rotation};
pub use secret::{HIDDEN, looks_secret, masked, without_credentials};
pub use secret_shape::{Alphabet, SecretShape};
pub use shell::shell_word;
pub use size::{DiskSize, MemorySize, human_bytes};
pub use source::{Excerpt, Source, Span};
pub use specifiers::Specifiers;
pub use state::{Field, State, Value};
pub use text::{Piece, SecretName, Text, fingerprint, seal};
pub use typed::Typed;
pub use upgrade::Upgrade;
pub use version::{RangeFault, VersionRange, order_of_versions};
pub use want::{Delta, Deltas, Want, Wanted, differences};
