//! What is known in advance: data files, read into types.

mod chips;
pub mod variables;

pub use chips::{Body, Chip, chip, chips, most_memory};
