use std::net::IpAddr;

use camino::Utf8Path;

use super::{Server, server::Environment};
use crate::sim::Mac;

/// How a server is started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'e> {
    /// Its user.
    pub uid: u32,
    /// Its whole environment.
    pub environment: &'e Environment,
    /// Bytes of the Mac's memory.
    pub memory: u64,
    /// The release.
    pub version: &'e str,
    /// The Mac's addresses beside loopback.
    pub addresses: &'e [IpAddr],
    /// Whether launchd itself starts it, which is kept out of some folders (docs/mac-facts.md#tcc-folders).
    pub by_launchd: bool,
}

/// An `ollama` on disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binary {
    /// Its release.
    pub version: String,
}

/// The release inside the desktop app.
const DESKTOP_VERSION: &str = "0.33.0";

impl Binary {
    /// What is at a path after all links, if that is an `ollama` of Homebrew's or of the desktop app
    /// (docs/mac-facts.md#brew-ollama-job).
    pub fn at(real: &Utf8Path) -> Option<Self> {
        if real.file_name() != Some("ollama") {
            return None;
        }
        if real.starts_with("/Applications/Ollama.app") {
            return Some(Self { version: DESKTOP_VERSION.to_owned() });
        }
        let keg = real.strip_prefix("/opt/homebrew/Cellar/ollama").ok()?;
        let version = keg.components().next()?.as_str();
        // Homebrew counts its own revisions of a release behind an underscore.
        let version = version.split('_').next().unwrap_or(version);
        Some(Self { version: version.to_owned() })
    }
}

/// Starts a server in the process table's world: its port is busy when any process there holds it.
pub fn launch(
    mac: &mut Mac,
    uid: u32,
    environment: &Environment,
    binary: &Binary,
    by_launchd: bool,
) -> Result<(Server, Vec<String>), (i32, String)> {
    let taken: Vec<(String, u16)> =
        mac.state.processes.values().flat_map(|process| process.program.listens()).collect();
    let busy = |address: &str, port: u16| {
        taken.iter().any(|(held, at)| *at == port && (held == address || held == "*" || address == "*"))
    };
    let memory = mac.state.spec.memory;
    let launch = Launch {
        uid,
        environment,
        memory,
        version: &binary.version,
        addresses: &mac.state.addresses,
        by_launchd,
    };
    Server::start(mac.disk.as_mut(), &launch, &busy, mac.state.now)
}
