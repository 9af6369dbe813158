//! The manifest: the types of stack.yaml, reading with line and column, semantic checks, JSON Schema.
//!
//! The text is read once into a tree that knows its places. The tree is judged by the JSON Schema that is
//! derived from the types, and every fault is told with its place. Only a clean tree becomes the typed
//! manifest, which is then checked for what a schema cannot say, again all at once.

mod checks;
pub mod compose;
mod lock;
mod own;
mod reading;
mod schema;
mod stack;
mod types;
mod words;

pub use lock::{LockPlace, lock_text, read_lock};
pub use schema::schema;
pub use stack::{Stack, read};
pub use types::{
    Admin, Chips, Containers, EngineKind, Environment, Environments, FORMAT, KeepAlive, Langfuse, Listen,
    MacosRange, Manifest, Model, Node, OF_ALL, Ollama, OpenWebUi, OwnService, Package, Power, Proxy,
    PythonVersion, Services, StackName, Start, Tap, Tools, Wrong,
};
