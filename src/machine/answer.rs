use std::net::SocketAddr;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::engine::{EngineAnswer, EngineFault};

/// What a look found; callers use the methods of [`super::Looking`] and never open it.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A file's content; `None` when there is no such file.
    Bytes(Option<Vec<u8>>),
    /// What is at a path, links not followed; `None` when nothing is.
    Stat(Option<Stat>),
    /// The names in a folder, sorted; `None` when there is no such folder.
    Names(Option<Vec<String>>),
    /// A path after all links; `None` when nothing is there.
    Path(Option<Utf8PathBuf>),
    /// SHA-256 in lower-case hex; `None` when there is no such file.
    Digest(Option<String>),
    /// Room on a volume.
    Space(Space),
    /// Who listens.
    Listeners(Vec<Listener>),
    /// Who asks.
    Identity(Box<Identity>),
    /// What a command printed.
    Ran(Output),
    /// What a container engine answered.
    Engine(Result<EngineAnswer, EngineFault>),
    /// What a server answered; `Err` when none could be reached, with the reason.
    Reply(Result<Reply, String>),
}

/// What is at a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-id and sticky bits, as in `0o755`.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// When its content was last changed.
    pub modified: Timestamp,
    /// When it was made, where the file system knows; tells a thing from another of the same name.
    pub born: Option<Timestamp>,
    /// Where a link points to, as written in it.
    pub target: Option<Utf8PathBuf>,
}

/// The kinds of things at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, socket or pipe.
    Other,
}

/// Room on a volume, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Space {
    /// Free for an ordinary user.
    pub free: u64,
    /// In all.
    pub total: u64,
}

/// A process that accepts connections on a TCP port. What another user's process is can stay unknown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listener {
    /// Its process id, when it may be known.
    pub pid: Option<u32>,
    /// Its command, when it may be known.
    pub command: Option<String>,
    /// The address that it listens on, such as `127.0.0.1:11434` or `*:11434`.
    pub address: String,
}

impl Listener {
    /// Whether it takes connections that a server at `socket` would take. An address that cannot be read, such as `*:11434`,
    /// counts.
    pub fn overlaps(&self, socket: SocketAddr) -> bool {
        self.address.parse().map_or(true, |own| overlap(own, socket))
    }

    /// Who it is, as far as that may be known.
    pub fn who(&self) -> String {
        match (&self.command, self.pid) {
            (Some(command), Some(pid)) => format!("`{command}` (pid {pid})"),
            _ => "a process of another user".to_owned(),
        }
    }
}

/// Whether two servers take the same connections: at the same address, or where either listens on all.
pub fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let everywhere = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && (everywhere || a.ip() == b.ip())
}

/// Who forgectl is on the machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// User number.
    pub uid: u32,
    /// Primary group number.
    pub gid: u32,
    /// All groups, by number; 80 is `admin`.
    pub groups: Vec<u32>,
    /// Short name.
    pub user: String,
    /// Home folder.
    pub home: Utf8PathBuf,
    /// Where zsh looks for the user's profiles instead of the home folder.
    pub zdotdir: Option<Utf8PathBuf>,
    /// forgectl's own folder for journal, receipts, lock and run logs.
    pub state: Utf8PathBuf,
    /// What tells the docker CLI where its engine is.
    pub docker: DockerVariables,
    /// The process id of forgectl there.
    pub pid: u32,
    /// The proxy that forgectl itself asks for servers far away, without its password (docs/mac-facts.md#proxies).
    pub proxy: Option<String>,
    /// Whether sudo can ask somebody: a terminal, or `SUDO_ASKPASS` that names an executable.
    pub can_ask: bool,
}

/// The variables by which the docker CLI finds its engine; one that is empty counts as not set
/// (docs/service-facts.md#docker-endpoint).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct DockerVariables {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `DOCKER_CONFIG`, the folder of its configuration.
    pub config: Option<Utf8PathBuf>,
}

impl Identity {
    /// Whether the user is an administrator (group 80; docs/mac-facts.md#admin-group).
    pub fn is_admin(&self) -> bool {
        self.groups.contains(&80)
    }

    /// Whether the mode of a file or folder lets the user write; access control lists are not counted.
    pub fn may_write(&self, stat: &Stat) -> bool {
        let digit = if stat.uid == self.uid {
            stat.mode >> 6
        } else if self.groups.contains(&stat.gid) {
            stat.mode >> 3
        } else {
            stat.mode
        };
        digit & 0o2 != 0
    }
}

/// What a command left behind.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its exit code; 128 + n after signal n.
    pub code: i32,
    /// Its standard output, of which the last 4 MiB are kept.
    pub stdout: String,
    /// Its standard error, capped likewise.
    pub stderr: String,
}

impl Output {
    /// Whether it ended with 0.
    pub fn ok(&self) -> bool {
        self.code == 0
    }

    /// What it said, in one line: the last lines of standard error, else of standard output, and the code.
    pub fn said(&self) -> String {
        let said = [&self.stderr, &self.stdout]
            .into_iter()
            .map(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>())
            .find(|lines| !lines.is_empty())
            .map(|lines| lines[lines.len().saturating_sub(3)..].join(" / "));
        match said {
            Some(said) => format!("exit {}: {said}", self.code),
            None => format!("exit {}, no output", self.code),
        }
    }
}

/// What a server answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body, of 4 MiB at the most.
    pub body: Vec<u8>,
}
