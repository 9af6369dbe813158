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
    /// Listens for the published ports of an engine's containers, and hands over to them.
    Forwarder {
        /// The engine's socket.
        engine: camino::Utf8PathBuf,
        /// Addresses, `*` for all, and TCP ports.
        listens: Vec<(String, u16)>,
    },
    /// `colima start --foreground`, which keeps the machine of this profile up.
    Colima(String),
    /// An Ollama server; what it does follows from its environment.
    Ollama(Box<super::tool::ollama::Server>),
}

impl Program {
    /// Where it accepts connections: addresses, `*` for all, and TCP ports.
    pub fn listens(&self) -> Vec<(String, u16)> {
        match self {
            Self::Idle | Self::Colima(_) => vec![],
            Self::Listener { address, port } => vec![(address.clone(), *port)],
            Self::Forwarder { listens, .. } => listens.clone(),
            Self::Ollama(server) => vec![server.listens()],
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
