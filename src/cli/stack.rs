use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{context::Context, target::Target};
use crate::{
    desk,
    machine::Command,
    manifest::{self, Stack},
    value::Problems,
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

    /// The same, for the command that the others name for checking again.
    pub(super) fn judge(&self) -> Result<Stack> {
        Ok(manifest::read(&desk::read_manifest(&self.path)?)?)
    }

    /// `forgectl COMMAND STACK` and the target, as it would be typed.
    pub(super) fn command(&self, command: &str, context: &Context) -> String {
        let mut words = vec!["forgectl", command, self.path.as_str()];
        let target = context.named_target().map(Target::to_string);
        words.extend(target.iter().flat_map(|target| ["--on", target]));
        Command::new(&words).to_string()
    }
}

/// Reads and judges the manifest at `path`. The last fault carries the command to check again, unless the manifest has
/// gone by on standard input.
pub(super) fn read(path: &Utf8Path) -> Result<Stack> {
    let source = desk::read_manifest(path)?;
    Ok(manifest::read(&source).map_err(|Problems(mut faults)| {
        if let Some(last) = faults.pop_if(|_| path != "-") {
            let again = Command::new(&["forgectl", "validate", path.as_str()]);
            faults.push(last.remedy(again.to_string()));
        }
        Problems(faults)
    })?)
}
