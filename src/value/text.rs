use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{HIDDEN, hex};

/// The name of a secret that forgectl keeps on a Mac: `langfuse-salt`. Lower-case letters, digits and hyphens.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    /// Its text, which is also the name of its file in forgectl's own folder.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SecretName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !text.is_empty() && text.len() <= 80 && text.bytes().all(fits) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err("the name of a secret is 1 to 80 lower-case letters, digits and hyphens".to_owned())
        }
    }
}

impl TryFrom<String> for SecretName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

/// A part of a [`Text`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// What a secret holds.
    Secret(SecretName),
}

/// A text with holes, in which the values of secrets stand once it is filled. As it is, it can be shown and kept.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(Vec<Piece>);

impl Text {
    /// A text of these pieces.
    pub fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut text = Self::default();
        pieces.into_iter().for_each(|piece| text.push(piece));
        text
    }

    /// All that a secret holds.
    pub fn secret(name: SecretName) -> Self {
        Self(vec![Piece::Secret(name)])
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Piece) {
        match (self.0.last_mut(), piece) {
            (_, Piece::Plain(more)) if more.is_empty() => {}
            (Some(Piece::Plain(text)), Piece::Plain(more)) => text.push_str(&more),
            (_, piece) => self.0.push(piece),
        }
    }

    /// Its pieces; no two plain ones in a row.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The text, when no secret is in it.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// The secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Secret(name) => Some(name),
            Piece::Plain(_) => None,
        })
    }

    /// The whole text, each secret as `value` has it; fails with the first that it does not have.
    pub fn fill<E>(&self, mut value: impl FnMut(&SecretName) -> Result<String, E>) -> Result<String, E> {
        self.0.iter().try_fold(String::new(), |text, piece| {
            Ok(match piece {
                Piece::Plain(more) => text + more,
                Piece::Secret(name) => text + &value(name)?,
            })
        })
    }
}

/// What stands for a secret where a text is told from others by what is in it, whichever value the secret has.
pub fn seal(name: &SecretName) -> String {
    format!("[secret {name}]")
}

impl Text {
    /// The whole text, each secret as its [`seal`].
    pub fn sealed(&self) -> String {
        let Ok(text) = self.fill(|name| Ok::<_, std::convert::Infallible>(seal(name)));
        text
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new([Piece::Plain(text.to_owned())])
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new([Piece::Plain(text)])
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Plain(text) => f.write_str(text),
            Piece::Secret(_) => f.write_str(HIDDEN),
        })
    }
}

/// What tells whether a hidden value is the same as another: `fingerprint 3f1c2a9b04de`, the first six bytes of its SHA-256. Of a
/// secret that forgectl made it gives nothing away.
pub fn fingerprint(value: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(value.as_bytes());
    format!("fingerprint {}", hex(&digest[..6]))
}
