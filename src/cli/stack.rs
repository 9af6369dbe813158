use std::sync::Arc;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{context::Context, target::Target};
use crate::{
    desk,
    machine::Command,
    manifest::{self, Stack},
};

/// The manifest that a command is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Manifest {
    /// The manifest; `-` for standard input
    #[arg(value_name = "STACK")]
    path: Utf8PathBuf,
}

impl Manifest {
    /// Reads and judges it.
    pub(super) fn read(&self) -> Result<Stack> {
        read(&self.path)
    }

    /// `forgectl COMMAND STACK`, the target and `flags`, as it would be typed.
    pub(super) fn command(&self, command: &str, flags: &[&str], context: &Context) -> String {
        let mut words = vec!["forgectl", command, self.path.as_str()];
        let target = context.named_target().map(Target::to_string);
        words.extend(target.iter().flat_map(|target| ["--on", target]));
        words.extend(flags);
        Command::new(&words).to_string()
    }
}

/// Reads and judges the manifest at `path`.
pub(super) fn read(path: &Utf8Path) -> Result<Stack> {
    let source = desk::read_manifest(path)?;
    Ok(manifest::read(&Arc::clone(&source))?)
}
