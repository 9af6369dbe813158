//! The integration tests, one binary.
#![cfg(test)]

mod cli;
mod completions;
mod docker;
mod drafts;
mod facts;
mod faults;
mod fetching;
mod first_forms;
mod folder_end;
mod folder_mac;
mod giving_back;
mod lines;
mod local_files;
mod local_processes;
mod lock;
mod manifest;
mod only;
mod output;
mod plans;
mod processes;
mod promises;
mod pulled;
mod pulling;
mod random;
mod readme;
mod real_uv;
mod registry;
mod saved_plan;
mod scenarios;
mod secrets;
mod status;
mod support;
mod terminal;
mod told;
mod usage;
