//! The integration tests, one binary.

#[cfg(test)]
mod local_files;
#[cfg(test)]
mod local_processes;
