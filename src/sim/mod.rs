//! A simulated Mac: in memory, deterministic, with a virtual clock, true to docs/mac-facts.md. The same model
//! stands behind a Mac in a folder, whose tools are real executables.

mod answering;
mod caller;
mod changing;
mod clock;
mod converse;
mod diff;
mod disk;
mod exec;
mod faults;
pub mod folder;
mod fresh;
mod guarded;
mod host;
mod internet;
mod locks;
mod mac;
mod machine;
mod memory;
mod meter;
mod orphans;
mod permission;
mod person;
mod process;
mod running;
mod schedule;
mod secrets;
mod spec;
#[cfg(test)]
mod testing;
pub mod tool;

pub use caller::{Caller, USER};
pub use diff::{ABSENT, Difference, LEFT_OUT, differences};
pub use disk::{Content, Disk, Node};
pub use faults::{Fault, Faults, Kill};
pub use fresh::BANDWIDTH;
pub use host::{Host, Spawn};
pub use internet::{Internet, Page, Script, Served};
pub use mac::{Mac, Socket, State};
pub use machine::{Options, Sim};
pub use memory::MemoryDisk;
pub use meter::Meter;
pub use person::{Person, Simulated};
pub use process::{Process, Program};
pub use running::{Running, Stage};
pub use spec::{Session, Spec, SudoMode};
