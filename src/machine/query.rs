use std::{fmt, net::SocketAddr};

use camino::Utf8PathBuf;

use super::engine::EngineQuery;
use crate::value::Domain;

/// One question to a machine. Closed; none of them changes anything.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Query {
    /// The content of a file of at most 16 MiB.
    Read(Utf8PathBuf),
    /// A part of a file, of any size itself; at most 16 MiB are answered.
    Part {
        /// Which.
        path: Utf8PathBuf,
        /// From which byte on.
        from: u64,
        /// How many bytes at the most.
        most: u64,
    },
    /// What is at a path, links not followed.
    Stat(Utf8PathBuf),
    /// The names in a folder.
    List(Utf8PathBuf),
    /// A path after all links.
    Resolve(Utf8PathBuf),
    /// SHA-256 of a file.
    Digest(Utf8PathBuf),
    /// Room on the volume that holds a path.
    Space(Utf8PathBuf),
    /// Who stands in the way of a server that is to listen there, itself if it does so already. One address is tried with a
    /// connection first, and `lsof` is asked only when that was accepted; for all addresses it is asked in any case.
    Listeners(SocketAddr),
    /// Who forgectl is there.
    Identity,
    /// A read-only command.
    Tool(Tool),
    /// A question to the container engine that listens on a socket.
    Engine(Utf8PathBuf, EngineQuery),
    /// A GET request to a server of this Mac or of another, answered within seconds or not at all.
    Get(String),
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path) => write!(f, "read {path}"),
            Self::Part { path, from, most } => write!(f, "read {path} ({most} bytes from {from})"),
            Self::Stat(path) => write!(f, "stat {path}"),
            Self::List(path) => write!(f, "list {path}"),
            Self::Resolve(path) => write!(f, "resolve {path}"),
            Self::Digest(path) => write!(f, "digest {path}"),
            Self::Space(path) => write!(f, "space {path}"),
            Self::Listeners(socket) => write!(f, "listeners {socket}"),
            Self::Identity => f.write_str("identity"),
            Self::Tool(tool) => write!(f, "run {}", tool.argv().join(" ")),
            Self::Engine(socket, query) => write!(f, "unix:{socket} {query}"),
            Self::Get(url) => write!(f, "GET {url}"),
        }
    }
}

/// The commands that are known to change nothing, one constructor each.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Tool {
    /// `sysctl -i NAME…`: `name: value` lines, unknown names left out (docs/mac-facts.md#sysctl-names).
    Sysctl(Vec<&'static str>),
    /// `ioreg -rc AGXAccelerator -d 1`: the registry entry of the GPU (docs/mac-facts.md#ioreg-gpu-cores).
    Gpu,
    /// `pmset -g custom`: the settings of every power source (docs/mac-facts.md#pmset-custom).
    PowerSettings,
    /// `xcode-select -p`: the active developer folder, exit 2 without one (docs/mac-facts.md#xcode-select-print).
    DeveloperFolder,
    /// `softwareupdate -l`: what Apple offers (docs/mac-facts.md#softwareupdate-list).
    Updates,
    /// `launchctl list`: the jobs of the caller's own domain (docs/mac-facts.md#launchd-list).
    Jobs,
    /// `launchctl print DOMAIN/LABEL`: one job (docs/mac-facts.md#launchd-print).
    Job(Domain, String),
    /// `launchctl print-disabled DOMAIN`: overrides (docs/mac-facts.md#launchd-override, #launchd-print-disabled).
    Overrides(Domain),
    /// `ps -E -ww -o command= -p PID`: command line and environment of an own process (docs/mac-facts.md#ps-environment).
    ProcessEnvironment(u32),
    /// `ps -axww -o pid=,command=`: all processes with their command lines (docs/mac-facts.md#ps-vis).
    Processes,
    /// `fdesetup status`: whether FileVault is on (docs/mac-facts.md#fdesetup-status).
    FileVault,
    /// `brew --version`: answered without Ruby, so that sudo's ticket stays (docs/mac-facts.md#brew-times).
    HomebrewVersion,
    /// `sudo -k -n true`: whether sudo would go through without a password and without a ticket; tickets are left as they are
    /// (docs/mac-facts.md#sudo-nopasswd).
    SudoUnasked,
    /// `uv pip compile`, printed and not kept: what the registry has now of the packages that a file asks for, with the hashes of
    /// their files (docs/mac-facts.md#uv-compile-preferences).
    Packages {
        /// `uv`.
        uv: Utf8PathBuf,
        /// The interpreter that they are for.
        python: Utf8PathBuf,
        /// The file.
        asked: Utf8PathBuf,
    },
    /// `sudo -n true`: whether sudo would go through without asking (docs/mac-facts.md#sudo-ticket).
    SudoReady,
}

impl Tool {
    /// The command line, its program absolute.
    pub fn argv(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Sysctl(names) => ["/usr/sbin/sysctl", "-i"].iter().chain(names).copied().collect(),
            Self::Gpu => vec!["/usr/sbin/ioreg", "-rc", "AGXAccelerator", "-d", "1"],
            Self::PowerSettings => vec!["/usr/bin/pmset", "-g", "custom"],
            Self::DeveloperFolder => vec!["/usr/bin/xcode-select", "-p"],
            Self::Updates => vec!["/usr/sbin/softwareupdate", "-l"],
            Self::Jobs => vec!["/bin/launchctl", "list"],
            Self::Job(domain, label) => {
                return vec!["/bin/launchctl".to_owned(), "print".to_owned(), format!("{domain}/{label}")];
            }
            Self::Overrides(domain) => {
                return vec!["/bin/launchctl".to_owned(), "print-disabled".to_owned(), domain.to_string()];
            }
            Self::ProcessEnvironment(pid) => {
                return ["/bin/ps", "-E", "-ww", "-o", "command=", "-p", &pid.to_string()]
                    .map(str::to_owned)
                    .to_vec();
            }
            Self::Processes => vec!["/bin/ps", "-axww", "-o", "pid=,command="],
            Self::FileVault => vec!["/usr/bin/fdesetup", "status"],
            Self::HomebrewVersion => vec!["/opt/homebrew/bin/brew", "--version"],
            Self::SudoUnasked => vec!["/usr/bin/sudo", "-k", "-n", "/usr/bin/true"],
            Self::Packages { uv, python, asked } => {
                let words = ["pip", "compile", "-q", "--no-cache", "--system-certs", "--generate-hashes"];
                let files = ["--no-header", "--no-annotate", "-p", python.as_str(), asked.as_str()];
                [uv.as_str()].into_iter().chain(words).chain(files).collect()
            }
            Self::SudoReady => vec!["/usr/bin/sudo", "-n", "/usr/bin/true"],
        };
        words.into_iter().map(str::to_owned).collect()
    }
}
