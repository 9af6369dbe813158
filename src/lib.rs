//! forgectl brings an Apple-Silicon Mac to a declared state for local AI, and proves it.

pub mod catalog;
pub mod machine;
pub mod sim;
pub mod value;
