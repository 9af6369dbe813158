//! What is known in advance: data files, read into types.

mod chips;

pub use chips::{Body, Chip, chip, chips};
