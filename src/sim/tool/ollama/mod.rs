//! Ollama's server: which environment it obeys, which files it makes, what it answers, and how long that takes
//! (docs/mac-facts.md#ollama-context-length and the sections after it).

mod answer;
mod chat;
pub mod desktop;
mod duration;
mod fit;
mod generate;
mod guard;
mod host;
mod image;
mod launch;
mod library;
mod loaded;
mod model;
pub(in crate::sim) mod name;
mod prune;
pub(in crate::sim) mod pull;
pub(in crate::sim) mod registry;
mod request;
mod said;
mod server;
mod settings;
mod store;
#[cfg(test)]
mod tests;

pub use answer::HttpRequest;
pub use launch::{Binary, Launch, launch};
pub use loaded::Loaded;
pub use registry::Registry;
pub use request::request;

pub(in crate::sim) use request::{Begun, ask_at, begin};
pub(in crate::sim) use said::said;
pub use server::Server;
pub use settings::{KeepAlive, Settings};
pub use store::{Weights, store_embedder, store_model, store_remote};
