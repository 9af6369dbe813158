//! The door to the node. Whatever looks at a Mac holds a [`Look`]; whatever changes one holds a [`Machine`].

mod answer;
mod change;
mod changing;
pub mod engine;
pub mod facts;
mod halt;
pub mod local;
mod look;
mod looking;
mod once;
mod own;
mod query;
mod recorded;
pub mod tool;

pub use answer::{Answer, DockerVariables, Identity, Kind, Listener, Output, Reply, Space, Stat, overlap};
pub use change::{Change, Class, Command, Hold, Method, Outcome, Request, Sudo};
pub use changing::Changing;
pub use halt::Halt;
pub use look::{Look, Machine, Quiet, Task, Tell, Wait};
pub use looking::{Looking, Patience};
pub use once::Once;
pub(crate) use own::not_own;
pub use query::{Query, Tool};
pub use recorded::{Entry, Recorded};
