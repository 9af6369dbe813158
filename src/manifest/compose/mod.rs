//! Services in Compose's format: the part of it that forgectl reads, and nothing beyond.

mod project;

pub use project::{Condition, Project, Service};
