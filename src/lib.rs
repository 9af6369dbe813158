//! forgectl brings an Apple-Silicon Mac to a declared state for local AI, and proves it.

pub mod desk;
pub mod engine;
pub mod machine;
pub mod report;
pub mod resource;
pub mod step;
pub mod value;
