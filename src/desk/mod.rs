//! The door to the operator: files beside the manifest, the environment, the terminal, and files that a command is asked
//! to write.

#![expect(
    clippy::disallowed_methods,
    reason = "the operator's own files, terminal and environment are reached here"
)]

mod beside_file;
mod clock;
mod env;
mod event_file;
mod lock_file;
mod manifest_file;
mod own_file;
mod person;
mod printer;
mod screen;
mod sim_file;
mod ticker;

pub use beside_file::read_beside;
pub use clock::Stopwatch;
pub use env::{environment, is_empty, is_folder, is_mac, is_there, own_executable};
pub use event_file::EventFile;
pub use lock_file::{is_file, put_lock_file, read_lock_file};
pub use manifest_file::{read_manifest, read_manifest_or};
pub use own_file::{absolute, put_file};
pub use person::{Aside, AtTerminal, GoOn, Nobody, Person, ask_simulated_password, somebody_answers};
pub use printer::{Pipe, Printer, Stream};
pub use screen::{ColorChoice, Screen};
pub use sim_file::{SimFile, let_go};
pub use ticker::Ticker;
