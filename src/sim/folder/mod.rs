//! A Mac in a folder: real files, real executables that hand over to the simulated tools, real processes of launchd and a
//! real HTTP server in Ollama's place. Its state lies beside its files and has one user at a time.

mod create;
mod disk;
mod exec;
mod host;
mod kept;
mod layout;
mod programs;
mod serve;
mod supervise;

pub use create::create;
pub use exec::{Asker, exec};
pub use kept::Opened;
pub use supervise::{end_all, keep, supervise};
