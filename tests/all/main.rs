//! The integration tests, one binary.
#![cfg(test)]

mod local_files;
mod local_processes;
mod manifest;
mod promises;
mod support;
