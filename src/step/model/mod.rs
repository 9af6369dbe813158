//! Models of an Ollama server: pulled by it, deleted by it, and never cut off by a restart of it.

mod delete;
mod failure;
mod progress;
mod pull;
mod quiet;

pub use delete::{DeleteModel, OwnServer};
pub use pull::PullModel;
pub(super) use quiet::await_pulls;
