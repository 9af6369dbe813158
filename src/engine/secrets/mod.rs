//! The secrets that a stack has on a Mac: told by their fingerprints, and changed.

mod list;
mod rotate;

pub(super) use list::of;
pub use list::{KeptSecret, Secrets, secrets};
pub use rotate::rotate_secret;
