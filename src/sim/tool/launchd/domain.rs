use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A domain of launchd (docs/mac-facts.md#launchd-domains).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DomainTarget {
    /// `system`: always there, changed by root alone.
    System,
    /// `user/UID`: from the first login of any kind.
    User(u32),
    /// `gui/UID`: while that user has a graphical session.
    Gui(u32),
}

impl DomainTarget {
    /// Whose overrides hold in it: `gui` and `user` share theirs (docs/mac-facts.md#launchd-override).
    pub fn owner(self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::User(uid) | Self::Gui(uid) => uid.to_string(),
        }
    }

    /// The user that its jobs run as.
    pub fn uid(self) -> u32 {
        match self {
            Self::System => 0,
            Self::User(uid) | Self::Gui(uid) => uid,
        }
    }

    /// Whether `uid` may change it.
    pub fn changed_by(self, uid: u32) -> bool {
        uid == 0 || (self != Self::System && uid == self.uid())
    }

    /// As launchctl's error texts call it.
    pub fn described(self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::User(uid) => format!("uid: {uid}"),
            Self::Gui(uid) => format!("user gui: {uid}"),
        }
    }
}

impl fmt::Display for DomainTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::User(uid) => write!(f, "user/{uid}"),
            Self::Gui(uid) => write!(f, "gui/{uid}"),
        }
    }
}

impl FromStr for DomainTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no domain of launchd");
        match text.split_once('/') {
            None if text == "system" => Ok(Self::System),
            Some(("gui", uid)) => uid.parse().map(Self::Gui).map_err(|_| wrong()),
            Some(("user", uid)) => uid.parse().map(Self::User).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for DomainTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DomainTarget> for String {
    fn from(domain: DomainTarget) -> Self {
        domain.to_string()
    }
}
