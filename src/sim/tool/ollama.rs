//! The Ollama server, as a model.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{machine::Reply, sim::Mac};

/// An Ollama server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Server {}

impl Server {
    /// Where it listens.
    pub fn listens(&self) -> (String, u16) {
        ("127.0.0.1".to_owned(), 11434)
    }
}

/// Sends a request to whoever listens at `url`.
pub fn request(_: &mut Mac, _: &str, _: &str, _: &[u8]) -> (Result<Reply, String>, Duration) {
    (Err("connection refused".to_owned()), Duration::ZERO)
}
