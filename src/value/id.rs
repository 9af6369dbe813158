use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of one resource, `kind/name`: `launchd-job/dev.forge.ollama`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id {
    text: String,
    kind_len: usize,
}

impl Id {
    /// An id of `kind` (no `/` in it) and `name`.
    pub fn new(kind: &str, name: impl fmt::Display) -> Self {
        Self { text: format!("{kind}/{name}"), kind_len: kind.len() }
    }

    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What sort of thing it names.
    pub fn kind(&self) -> &str {
        &self.text[..self.kind_len]
    }

    /// Its name within its kind.
    pub fn name(&self) -> &str {
        &self.text[self.kind_len + 1..]
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => Ok(Self::new(kind, name)),
            _ => Err(format!("`{text}` is not an id of the form `kind/name`")),
        }
    }
}

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.text
    }
}
