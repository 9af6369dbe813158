use std::{collections::BTreeMap, fmt, time::Duration};

use camino::Utf8PathBuf;

use super::{
    Output, Reply,
    engine::{EngineChange, EngineFault},
};
use crate::value::{SecretShape, Text, shell_word};

/// One change to a machine. Closed; its variant says its [`Class`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Puts `content` at `path`, whole or not at all, and synced. Follows a link to its target, keeps owner, mode
    /// and xattrs of what it replaces; `mode` is for a new file. A file with an ACL or an immutable flag is refused by name.
    Write {
        /// Where.
        path: Utf8PathBuf,
        /// What.
        content: Vec<u8>,
        /// Permission bits of a new file, whatever the umask.
        mode: u32,
    },
    /// The same with a text into which the values of secrets are put behind the door; only the user can read the file, whatever
    /// the mode of the one was that it replaces.
    Render {
        /// Where.
        path: Utf8PathBuf,
        /// What.
        content: Text,
        /// The folder in which forgectl keeps secrets, a file each.
        secrets: Utf8PathBuf,
    },
    /// Makes one folder whose parent is there; one that is already there is left as it is.
    MakeDir {
        /// Where.
        path: Utf8PathBuf,
        /// Permission bits, whatever the umask.
        mode: u32,
    },
    /// Removes a file, a link or an empty folder; nothing there is fine.
    Remove {
        /// What.
        path: Utf8PathBuf,
    },
    /// Removes a folder with all that is in it, following no link; nothing there is fine.
    RemoveTree {
        /// What.
        path: Utf8PathBuf,
    },
    /// Moves a file, with owner, mode, times and xattrs, to where nothing is, on the same volume. Missing folders
    /// above `to` are made as forgectl's own (0700). Nothing at `from` is fine when `to` is there.
    Move {
        /// From where.
        from: Utf8PathBuf,
        /// To where.
        to: Utf8PathBuf,
    },
    /// Runs a command.
    Run(Command),
    /// Runs a command that proves something by use.
    Try(Command),
    /// Sends a request that changes what a server keeps.
    Send(Request),
    /// Sends a request that proves a server by use.
    Use(Request),
    /// A change on the container engine that listens on a socket.
    Engine(Utf8PathBuf, EngineChange),
    /// Adds a line to a file of forgectl's own and syncs it; makes its folders (0700) and the file (0600). A last
    /// line that a kill tore is ended first.
    Append {
        /// Which file.
        path: Utf8PathBuf,
        /// The line, without its end.
        line: String,
    },
    /// Puts a file of forgectl's own (0600) in place, whole; makes its folders (0700).
    Keep {
        /// Which file.
        path: Utf8PathBuf,
        /// What.
        content: Vec<u8>,
    },
    /// Makes a secret from the machine's randomness: a file of forgectl's own (0600), whole; one that is there already is left
    /// as it is.
    MakeSecret {
        /// Which file.
        path: Utf8PathBuf,
        /// What it is to look like.
        shape: SecretShape,
    },
    /// Puts a file of forgectl's own into the place of another, whole. Nothing at `from` is fine.
    Supersede {
        /// The new one.
        from: Utf8PathBuf,
        /// The one that goes.
        to: Utf8PathBuf,
    },
    /// Fetches a file of forgectl's own (0600) and makes its folders (0700). It is put in place only when its SHA-256 is
    /// the one wanted; the bytes are told while they come. Nothing is sent but the request.
    Fetch {
        /// From where: `https`, redirects not followed.
        url: String,
        /// Lower-case hex.
        sha256: String,
        /// Where to.
        path: Utf8PathBuf,
    },
    /// Removes a file of forgectl's own; nothing there is fine.
    Forget {
        /// Which file.
        path: Utf8PathBuf,
    },
    /// Takes the lock at `path`, which is gone when its process ends, however that ends; never waits.
    Lock {
        /// The lock file.
        path: Utf8PathBuf,
        /// Who takes it, for the one who finds it taken.
        note: String,
    },
    /// Gets or gives back leave to run commands as root.
    Sudo(Sudo),
    /// Keeps the machine awake until forgectl ends (docs/mac-facts.md#caffeinate).
    Awake,
}

/// What sort of change it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// Forgectl's own state folder, lock and sudo ticket.
    Bookkeeping,
    /// Proving by use.
    Use,
    /// All else: what the person sees changed.
    Effect,
}

impl Change {
    /// Its class.
    pub fn class(&self) -> Class {
        match self {
            Self::Append { .. }
            | Self::Keep { .. }
            | Self::MakeSecret { .. }
            | Self::Supersede { .. }
            | Self::Forget { .. }
            | Self::Lock { .. }
            | Self::Sudo(_)
            | Self::Awake => Class::Bookkeeping,
            Self::Use(_) | Self::Try(_) | Self::Engine(_, EngineChange::Exec { .. }) => Class::Use,
            Self::Write { .. }
            | Self::Render { .. }
            | Self::MakeDir { .. }
            | Self::Remove { .. }
            | Self::RemoveTree { .. }
            | Self::Move { .. }
            | Self::Fetch { .. }
            | Self::Run(_)
            | Self::Engine(..)
            | Self::Send(_) => Class::Effect,
        }
    }
}

/// A command to run. Its environment is rebuilt by the adapter; it has no standard input and a process group of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// Program (absolute) and arguments.
    pub argv: Vec<String>,
    /// What its environment has besides, or otherwise; a command of root's gets none of it.
    pub environment: BTreeMap<&'static str, String>,
    /// Whether it runs as root, through `sudo -n`.
    pub root: bool,
    /// How long it may take; then its group gets SIGTERM, and SIGKILL five seconds later.
    pub limit: Duration,
    /// Text in a line of its output after which it has done its work; should it not end within a minute of
    /// that, it is ended and counts as ended with 0 (docs/mac-facts.md#softwareupdate-hang).
    pub done_mark: Option<&'static str>,
}

impl Command {
    /// A command of the user's own that may take a minute.
    pub fn new(argv: &[&str]) -> Self {
        Self {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::new(),
            root: false,
            limit: Duration::from_mins(1),
            done_mark: None,
        }
    }

    /// The same as root.
    #[must_use]
    pub fn as_root(mut self) -> Self {
        self.root = true;
        self
    }

    /// The same with more variables in its environment.
    #[must_use]
    pub fn with(mut self, environment: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        self.environment.extend(environment.into_iter().map(|(name, value)| (name, value.to_owned())));
        self
    }

    /// The same with another limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// What is executed in the end, with sudo in front when it runs as root.
    pub fn full_argv(&self) -> Vec<String> {
        let sudo = if self.root { &["/usr/bin/sudo", "-n"][..] } else { &[] };
        sudo.iter().map(|&word| word.to_owned()).chain(self.argv.iter().cloned()).collect()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.root {
            f.write_str("sudo ")?;
        }
        for (name, value) in &self.environment {
            write!(f, "{name}={value} ")?;
        }
        for (nth, word) in self.argv.iter().enumerate() {
            let space = if nth == 0 { "" } else { " " };
            write!(f, "{space}{}", shell_word(word))?;
        }
        Ok(())
    }
}

/// A request with a JSON body.
#[derive(Clone, Eq, PartialEq)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Its `Authorization` header, a secret.
    pub authorization: Option<String>,
    /// The body.
    pub body: String,
    /// How long the answer may take; of one that comes in lines, how long it may say nothing new: the same line once more is
    /// silence too.
    pub limit: Duration,
    /// Whether the answer comes in lines while the server works: each is told as it comes, and the reply's body is the last.
    /// The first interruption ends the connection, and with it what the server does for it. An answer that breaks off is none:
    /// what was told of it tells how far it came.
    pub lines: bool,
}

impl Request {
    /// A POST request that is answered at once.
    pub fn post(url: impl Into<String>, body: impl Into<String>, limit: Duration) -> Self {
        let (url, body) = (url.into(), body.into());
        Self { method: Method::Post, url, authorization: None, body, limit, lines: false }
    }

    /// A GET request that is answered at once.
    pub fn get(url: impl Into<String>, limit: Duration) -> Self {
        Self { method: Method::Get, ..Self::post(url, "", limit) }
    }

    /// The same with an `Authorization` header.
    #[must_use]
    pub fn authorized(mut self, by: impl Into<String>) -> Self {
        self.authorization = Some(by.into());
        self
    }
}

/// As it may be shown: header and body may hold secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method.name(), self.url, self.body.len())
    }
}

/// The methods of HTTP that a request can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What is wanted of sudo (docs/mac-facts.md#sudo-ticket).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sudo {
    /// Asks the person once, saying what for, and from then on renews the ticket each minute. The outcome is what `sudo -v` left.
    Ask {
        /// What it is for, a few words each.
        reasons: Vec<String>,
    },
    /// Renews each minute the ticket that is there already.
    Keep,
    /// Stops renewing.
    Release,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, content, mode } => {
                write!(f, "write {path} ({} bytes, mode {mode:04o})", content.len())
            }
            Self::Render { path, .. } => write!(f, "render {path} (mode 0600)"),
            Self::MakeDir { path, mode } => write!(f, "make folder {path} (mode {mode:04o})"),
            Self::Remove { path } => write!(f, "remove {path}"),
            Self::RemoveTree { path } => write!(f, "remove {path} and all in it"),
            Self::Move { from, to } => write!(f, "move {from} to {to}"),
            Self::Run(command) | Self::Try(command) => write!(f, "run {command}"),
            Self::Send(request) | Self::Use(request) => {
                write!(f, "{} {} ({} bytes)", request.method.name(), request.url, request.body.len())
            }
            Self::Engine(socket, change) => write!(f, "unix:{socket} {change}"),
            Self::Append { path, line } => write!(f, "append {} bytes to {path}", line.len()),
            Self::Keep { path, content } => write!(f, "keep {path} ({} bytes)", content.len()),
            Self::MakeSecret { path, shape } => write!(f, "make the secret {path} ({shape})"),
            Self::Supersede { from, to } => write!(f, "put {from} in the place of {to}"),
            Self::Fetch { url, sha256, path } => write!(f, "fetch {url} (SHA-256 {sha256}) to {path}"),
            Self::Forget { path } => write!(f, "forget {path}"),
            Self::Lock { path, .. } => write!(f, "lock {path}"),
            Self::Sudo(Sudo::Ask { reasons }) => write!(f, "ask for sudo ({})", reasons.join(", ")),
            Self::Sudo(Sudo::Keep) => f.write_str("keep the sudo ticket"),
            Self::Sudo(Sudo::Release) => f.write_str("let the sudo ticket go"),
            Self::Awake => f.write_str("keep the Mac awake"),
        }
    }
}

/// What came of a change.
pub enum Outcome {
    /// It is done.
    Done,
    /// A command ended.
    Ran(Output),
    /// A server answered; `Err` when none could be reached, with the reason.
    Reply(Result<Reply, String>),
    /// A container engine did it, or did not; what a command left that ran in a container.
    Engine(Result<Option<Output>, EngineFault>),
    /// The lock is held until this is dropped.
    Locked(Hold),
    /// Somebody else holds the lock; what they noted.
    Busy(String),
}

/// A lock held; let go when dropped.
pub struct Hold(#[expect(dead_code, reason = "held for its drop")] Box<dyn std::any::Any + Send + Sync>);

impl Hold {
    /// Holds `what` until dropped.
    pub fn new(what: impl std::any::Any + Send + Sync) -> Self {
        Self(Box::new(what))
    }
}
