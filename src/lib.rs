//! forgectl brings an Apple-Silicon Mac to a declared state for local AI, and proves it.

pub mod blueprint;
pub mod catalog;
pub mod cli;
pub mod desk;
pub mod engine;
pub mod journal;
pub mod machine;
pub mod manifest;
pub mod report;
pub mod resource;
pub mod sim;
pub mod step;
pub mod value;
