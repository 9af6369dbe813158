//! The types of a manifest. The JSON Schema is derived from them.

mod chips;
mod containers;
mod grammar;
mod keep_alive;
mod listen;
mod macos;
mod memory;
mod model;
mod name;
mod node;
mod ollama;
mod own_service;
mod package;
mod power;
mod proxy;
mod python;
mod root;
mod services;
mod tap;
mod tools;

pub use chips::Chips;
pub use containers::{Containers, EngineKind};
pub use grammar::Wrong;
pub use keep_alive::KeepAlive;
pub use listen::Listen;
pub use macos::MacosRange;
pub use model::Model;
pub use name::StackName;
pub use node::Node;
pub use ollama::{Ollama, Start};
pub use own_service::OwnService;
pub use package::Package;
pub use power::Power;
pub use proxy::Proxy;
pub use python::{Environment, Environments, PythonVersion};
pub use root::{FORMAT, Manifest, OF_ALL};
pub use services::{Admin, Langfuse, OpenWebUi, Services};
pub use tap::Tap;
pub use tools::Tools;

pub(super) use grammar::{GRAMMARS, Grammar};
