use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::ModelName;

/// Where a thing is on a Mac. Closed and serialisable, so that what has left the manifest can still be
/// seen and removed; what a place does is in `resource/`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A folder that must be there; goes with us only when we made it and it is empty.
    Folder {
        /// Its absolute path.
        path: Utf8PathBuf,
    },
    /// A folder that a service of ours fills with data. When we brought it, it goes only with
    /// `--all-data`, and then whole.
    Data {
        /// Its absolute path.
        path: Utf8PathBuf,
    },
    /// A file that a service of ours appends to.
    Log {
        /// Its absolute path.
        path: Utf8PathBuf,
    },
    /// Apple's Command Line Tools.
    CommandLineTools,
    /// Homebrew itself, where it lies on Apple silicon.
    Homebrew,
    /// The line in a shell's profile that finds Homebrew.
    ProfileLine {
        /// The profile.
        path: Utf8PathBuf,
    },
    /// What came with formulae of ours without anybody asking for it.
    Dependencies,
    /// A formula of Homebrew's.
    Formula {
        /// Its name.
        name: String,
        /// Another name that it has or had, under which it lies there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known_as: Option<String>,
    },
    /// A tap of others than Homebrew.
    Tap {
        /// Its name, `user/repository`.
        name: String,
    },
    /// A cask of Homebrew's.
    Cask {
        /// Its name.
        token: String,
        /// Another name that it has or had, under which it lies there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known_as: Option<String>,
        /// Where its apps belong, as far as was known.
        #[serde(default)]
        apps: Vec<Utf8PathBuf>,
    },
    /// A Python environment. When we brought it, it goes only with `--all-data`.
    Environment {
        /// Its folder.
        path: Utf8PathBuf,
    },
    /// The interpreters of one version of Python that `uv` has fetched.
    Interpreters {
        /// Where `uv` keeps what is its own.
        folder: Utf8PathBuf,
        /// The first two numbers of their version.
        minor: String,
    },
    /// What `uv` notes beside the interpreters of all versions.
    UvNotes {
        /// Where it keeps what is its own.
        folder: Utf8PathBuf,
    },
    /// A model in a store of Ollama's. When we brought it, it goes only with `--all-data`.
    Model {
        /// The store, `$OLLAMA_MODELS`.
        store: Utf8PathBuf,
        /// Its name.
        name: ModelName,
    },
    /// The power settings of one source.
    Power {
        /// Which source.
        source: PowerSource,
    },
    /// A launchd job of ours.
    Job {
        /// The launchd domain that it is loaded into.
        domain: Domain,
        /// Its label.
        label: String,
        /// Its property list.
        plist: Utf8PathBuf,
        /// The program that it launches, before links are followed.
        program: Utf8PathBuf,
    },
    /// Another tool's launchd job that holds what a job of ours needs; it is to be stopped and its plist aside.
    Rival {
        /// The launchd domain that it is loaded into.
        domain: Domain,
        /// Its label.
        label: String,
        /// Its property list.
        plist: Utf8PathBuf,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path }
            | Self::Data { path }
            | Self::Log { path }
            | Self::ProfileLine { path }
            | Self::Environment { path } => f.write_str(path.as_str()),
            Self::Interpreters { folder, .. } => write!(f, "{folder}/python"),
            Self::UvNotes { folder } => f.write_str(folder.as_str()),
            Self::Homebrew => f.write_str("/opt/homebrew"),
            Self::Dependencies => f.write_str("/opt/homebrew/Cellar"),
            Self::Formula { name, .. } => write!(f, "/opt/homebrew/opt/{name}"),
            Self::Tap { name } => write!(f, "the tap {name}"),
            Self::Cask { token, .. } => write!(f, "/opt/homebrew/Caskroom/{token}"),
            Self::Model { store, name } => f.write_str(store.join(name.manifest()).as_str()),
            Self::CommandLineTools => f.write_str("this Mac"),
            Self::Power { source } => f.write_str(source.heading()),
            Self::Job { domain, label, .. } | Self::Rival { domain, label, .. } => {
                write!(f, "{domain}/{label}")
            }
        }
    }
}

/// A launchd domain that forgectl puts jobs into.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Domain {
    /// `gui/UID`, there only while that user has a graphical session.
    Gui(u32),
    /// `user/UID`, there from the first login of any kind.
    User(u32),
    /// `system`, changed by root alone.
    System,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gui(uid) => write!(f, "gui/{uid}"),
            Self::User(uid) => write!(f, "user/{uid}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// A source of power as `pmset` groups its settings.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerSource {
    /// Mains.
    Ac,
    /// The internal battery of a laptop.
    Battery,
    /// An uninterruptible power supply.
    Ups,
}

impl PowerSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ac, Self::Battery, Self::Ups];

    /// The heading of its block in `pmset -g custom`, without the colon.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Ac => "AC Power",
            Self::Battery => "Battery Power",
            Self::Ups => "UPS Power",
        }
    }

    /// The flag that makes `pmset` write to this source.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Ac => "-c",
            Self::Battery => "-b",
            Self::Ups => "-u",
        }
    }

    /// Its name in ids and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ac => "ac",
            Self::Battery => "battery",
            Self::Ups => "ups",
        }
    }
}
