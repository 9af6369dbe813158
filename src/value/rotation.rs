use std::fmt;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::SecretShape;

/// What is known of a secret beside its value. It lies beside it, so that it can be told without a manifest.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// What it is for, in a few words: `the password of Langfuse's database`.
    pub purpose: String,
    /// What it looks like.
    pub shape: SecretShape,
    /// How it changes.
    pub rotation: Rotation,
    /// What a person uses it as, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    /// Files and folders of the Mac's whose content may have been made with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Utf8PathBuf>,
}

/// What a person gives to a service to be let in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The password of an account.
    Password {
        /// The service, as its URL is called: `Open WebUI`.
        service: String,
        /// The account: `admin@forge.local`.
        account: String,
    },
    /// A key of an API.
    Key {
        /// The service, as its URL is called: `Langfuse`.
        service: String,
        /// The variable that its clients read it from: `LANGFUSE_SECRET_KEY`.
        variable: String,
    },
}

/// How a secret gets another value.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// Whoever has it is made anew with the new value.
    Restart,
    /// A database keeps it too, and is told the new one first.
    Statement(DatabaseUser),
    /// Not at all, and why.
    Fixed(String),
}

/// A user of a Postgres database in a container, whose password a secret is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct DatabaseUser {
    /// The socket of the container's engine.
    pub engine: Utf8PathBuf,
    /// The container.
    pub container: String,
    /// The user.
    pub user: String,
    /// A database that the user may connect to.
    pub database: String,
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restart => f.write_str("with a restart"),
            Self::Statement(user) => write!(f, "by a statement in {}", user.container),
            Self::Fixed(why) => write!(f, "never: {why}"),
        }
    }
}
