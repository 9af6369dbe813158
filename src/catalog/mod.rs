//! What is known in advance: data files, read into types.

mod chips;
pub mod homebrew;
mod models;
pub mod variables;

pub use chips::{Body, Chip, chip, chips, most_memory};
pub use models::{Model, did_you_mean, model, models};
