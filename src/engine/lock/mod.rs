//! The lock of a stack: read before a blueprint is built, written as soon as something was resolved.

mod book;
mod kept;
mod remedy;
mod shown;
mod update;

pub(super) use book::Book;
pub(super) use kept::{Kept, filled, forget};
pub(super) use remedy::naming;
pub use shown::{Locked, locked, locked_beside};
pub use update::{LockUpdate, Moved, Moving, update_lock};
