use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A running process of the simulated Mac.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// When it started.
    pub started: Timestamp,
    /// What it is.
    pub program: Program,
}

/// What a process does, as far as anybody can see.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// Sits there.
    Idle,
    /// Listens at `address:port` and answers nothing that HTTP knows.
    Listener {
        /// Such as `127.0.0.1`, or `*`.
        address: String,
        /// TCP port.
        port: u16,
    },
    /// `colima start --foreground`, which keeps the machine of this profile up.
    Colima(String),
    /// An Ollama server; what it does follows from its environment.
    Ollama(Box<super::tool::ollama::Server>),
}

impl Program {
    /// Where it accepts connections: an address, `*` for all, and a TCP port.
    pub fn listens(&self) -> Option<(String, u16)> {
        match self {
            Self::Idle | Self::Colima(_) => None,
            Self::Listener { address, port } => Some((address.clone(), *port)),
            Self::Ollama(server) => Some(server.listens()),
        }
    }
}

impl Process {
    /// The name of its program, without folders.
    pub fn command(&self) -> &str {
        let program = self.argv.first().map_or("", String::as_str);
        program.rsplit('/').next().unwrap_or(program)
    }
}
