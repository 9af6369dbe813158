use std::time::Duration;

use jiff::Timestamp;

use crate::machine::Reply;

/// What a program in a container has around it.
pub trait Around {
    /// The time.
    fn now(&self) -> Timestamp;

    /// A variable of the container's: its own, else one of its image.
    fn variable(&self, name: &str) -> Option<String>;

    /// What the container runs: entry point and command.
    fn argv(&self) -> Vec<String>;

    /// A file in the container, its volumes included.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// Whether a file or a folder is there.
    fn has(&self, path: &str) -> bool;

    /// Writes such a file, and the folders above it; `Err` is what the system said.
    fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), String>;

    /// Asks a server, as seen from inside the container: by a name of its networks, or of its hosts file. `Err` is why there is
    /// no answer. Says how long it took, too.
    fn ask(&mut self, asked: &Asked<'_>) -> (Result<Reply, String>, Duration);
}

/// A request to a server. What has a wire of its own (Postgres, Redis) is asked by it too, with statements as the body.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// `http://postgres:5432/`.
    pub url: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// A GET request.
    pub fn get(url: &'a str) -> Self {
        Self { method: "GET", url, authorization: None, body: b"" }
    }

    /// Path and query.
    pub fn path(&self) -> &'a str {
        let rest = self.url.split_once("://").map_or(self.url, |(_, rest)| rest);
        rest.find('/').map_or("/", |at| rest.get(at..).unwrap_or("/"))
    }

    /// The path alone.
    pub fn route(&self) -> &'a str {
        self.path().split('?').next().unwrap_or("/")
    }

    /// The value of a parameter of the query, as it stands there.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let (_, query) = self.path().split_once('?')?;
        query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, v)| v)
    }
}
