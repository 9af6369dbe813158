//! The lock of a stack: read before a blueprint is built, written as soon as something was resolved.

mod book;
mod kept;

pub(super) use book::Book;
pub(super) use kept::{Kept, filled, forget};
