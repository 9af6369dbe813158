use serde::{Deserialize, Serialize};

/// What a fresh simulated Mac is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// `M4 Pro`.
    pub chip: String,
    /// Bytes of memory.
    pub memory: u64,
    /// `15.5`.
    pub macos: String,
    /// Free bytes of the data volume.
    pub disk_free: u64,
    /// How sudo behaves.
    pub sudo: SudoMode,
    /// Whether the user is at the screen.
    pub session: Session,
    /// Whether Homebrew's `ollama` is installed (never started).
    pub ollama: bool,
    /// Short name and home folder name of the user (uid 501): `lab` lives in `/Users/lab`.
    pub user: String,
}

/// How sudo behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SudoMode {
    /// It asks for a password, then keeps a ticket for five minutes.
    Asks,
    /// A rule lets the user pass without a password.
    Nopasswd,
    /// The user is no administrator.
    Denied,
}

/// Where the user sits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Session {
    /// At the screen: the domain `gui/501` is there.
    Gui,
    /// Over SSH, with nobody logged in at the screen: only `user/501` is there.
    Ssh,
}
