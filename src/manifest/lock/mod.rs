//! The lock of a stack as a text: YAML, its resources by id, so that two of them can be compared line by line.

mod place;
mod read;
mod write;

pub use place::LockPlace;
pub use read::read_lock;
pub use write::lock_text;

/// The format that this forgectl writes. It reads every earlier one.
const FORMAT: u64 = 1;

#[cfg(test)]
mod tests;
