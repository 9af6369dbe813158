//! forgectl brings an Apple-Silicon Mac to a declared state for local AI, and proves it.

pub mod machine;
pub mod value;
