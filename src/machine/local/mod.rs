//! The real adapter: this Mac, or a folder that stands for one.
