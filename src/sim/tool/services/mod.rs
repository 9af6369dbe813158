//! What runs in the containers of the services: what each needs, keeps and answers, and how long that takes
//! (docs/service-facts.md). Pure: time, files and other servers come in through [`Around`], so that the same programs run
//! on an engine in memory and as real ones in real containers.

mod around;
mod clickhouse;
mod commands;
mod kind;
mod langfuse;
mod minio;
mod open_webui;
mod postgres;
mod redis;
mod reply;
mod service;
mod shell;
#[cfg(test)]
mod tests;

pub use around::{Around, Asked};
pub use commands::run as command;
pub use kind::Kind;
pub use service::{Life, Service};
pub use shell::run as shell;
