//! The integration tests, one binary.
#![cfg(test)]

mod local_files;
mod local_processes;
mod promises;
mod support;
