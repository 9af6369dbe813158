//! The integration tests, one binary.
#![cfg(test)]

mod cli;
mod facts;
mod faults;
mod fetching;
mod folder_end;
mod folder_mac;
mod giving_back;
mod local_files;
mod local_processes;
mod manifest;
mod processes;
mod promises;
mod readme;
mod scenarios;
mod secrets;
mod status;
mod support;
mod terminal;
mod told;
mod usage;
