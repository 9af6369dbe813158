use std::{collections::BTreeMap, io};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// What launchd is to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spawn {
    /// The job's label.
    pub label: String,
    /// Program and arguments, the program absolute and a path of the Mac.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// The folder that it starts in.
    pub directory: Option<Utf8PathBuf>,
    /// Where its standard output goes.
    pub stdout: Option<Utf8PathBuf>,
    /// Where its standard error goes.
    pub stderr: Option<Utf8PathBuf>,
}

/// Where launchd's processes run when they are real ones (a Mac in a folder). In memory there is no host, and
/// processes are entries of the process table.
pub trait Host: Send {
    /// Starts a process and answers with its real id.
    fn spawn(&mut self, spawn: &Spawn) -> io::Result<u32>;

    /// How the process ended: `None` while it runs, else its exit code, or minus the signal.
    fn ended(&mut self, pid: u32) -> Option<i32>;

    /// Sends a signal to the process and its children.
    fn signal(&mut self, pid: u32, signal: i32) -> io::Result<()>;
}
