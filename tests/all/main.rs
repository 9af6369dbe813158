//! The integration tests, one binary.
#![cfg(test)]

mod first;
mod local_files;
mod local_processes;
mod manifest;
mod support;
