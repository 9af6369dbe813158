//! A simulated Mac: in memory, deterministic, with a virtual clock, true to docs/mac-facts.md. The same model
//! stands behind a Mac in a folder, whose tools are real executables.

mod caller;
mod disk;
mod host;
mod mac;
mod process;
mod running;
mod spec;
pub mod tool;

pub use caller::Caller;
pub use disk::{Content, Disk, Node};
pub use host::Host;
pub use mac::{Mac, State};
pub use process::{Process, Program};
pub use running::{Running, Stage};
pub use spec::{Session, Spec, SudoMode};
