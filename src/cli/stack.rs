use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{context::Context, only};
use crate::{
    desk,
    engine::saved::SavedPlan,
    machine::Command,
    manifest::{self, Stack},
    value::{Problem, Problems, Source},
};

/// The manifest that a command is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Manifest {
    /// The manifest; `-` for standard input
    #[arg(value_name = "STACK")]
    path: Utf8PathBuf,
}

impl Manifest {
    /// The one at `path`.
    pub(super) fn at(path: &Utf8Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Reads and judges it.
    pub(super) fn read(&self) -> Result<Stack> {
        read(&self.path)
    }

    /// The same, for the command that the others name for checking again.
    pub(super) fn judge(&self) -> Result<Stack> {
        Ok(manifest::read(&open(&self.path)?)?)
    }

    /// The same where it may be a saved plan instead, of which the manifest is read that it was made of.
    pub(super) fn read_or_plan(&self, context: &Context) -> Result<(Stack, Option<SavedPlan>)> {
        let source = desk::read_manifest_or(&self.path, SavedPlan::begins)?;
        if !SavedPlan::begins(source.text().as_bytes()) {
            return Ok((of(&self.path, &source)?, None));
        }
        let out = self.path().map_or("plan.json", Utf8Path::as_str);
        let again = context.typed(&["plan", "STACK"], &["--out", out]);
        let mut plan = SavedPlan::read(source.name(), source.text(), &again)?;
        let made_of = Self::at(plan.manifest());
        let flags: Vec<&str> = only::words(plan.only()).into_iter().chain(["--out", out]).collect();
        plan.again = made_of.command("plan", &flags, context);
        let manifest = desk::read_manifest(&made_of.path)
            .with_context(|| format!("the plan in `{}` was made of this manifest", source.name()))?;
        plan.judge_manifest(manifest.text())?;
        Ok((of(&made_of.path, &manifest)?, Some(plan)))
    }

    /// Its path, where it is one that can be read again.
    pub(super) fn path(&self) -> Option<&Utf8Path> {
        (self.path != "-").then_some(&*self.path)
    }

    /// `forgectl COMMAND STACK`, the target and `flags`, as it would be typed.
    pub(super) fn command(&self, command: &str, flags: &[&str], context: &Context) -> String {
        context.typed(&[command, self.path.as_str()], flags)
    }
}

/// Reads and judges the manifest at `path`. The last fault carries the command to check again, unless the manifest has
/// gone by on standard input.
pub(super) fn read(path: &Utf8Path) -> Result<Stack> {
    of(path, &open(path)?)
}

/// What `source` says, which the manifest at `path` holds.
fn of(path: &Utf8Path, source: &Arc<Source>) -> Result<Stack> {
    Ok(manifest::read(source).map_err(|Problems(mut faults)| {
        if let Some(last) = faults.pop_if(|_| path != "-") {
            let again = Command::new(&["forgectl", "validate", path.as_str()]);
            faults.push(last.remedy(again.to_string()));
        }
        Problems(faults)
    })?)
}

/// The text of the manifest at `path`.
fn open(path: &Utf8Path) -> Result<Arc<Source>> {
    let source = desk::read_manifest_or(path, SavedPlan::begins)?;
    if SavedPlan::begins(source.text().as_bytes()) {
        let problem = Problem::usage(format!("this is a saved plan, and no manifest: `{}`", source.name()));
        // Of one that cannot be read nobody knows its manifest.
        let manifest =
            SavedPlan::read(source.name(), source.text(), "").ok().map(|plan| plan.manifest().to_string());
        let takes = manifest.map_or("a manifest".to_owned(), |manifest| format!("`{manifest}`"));
        bail!(problem.hint(format!("`apply` alone takes it; every other command takes {takes}")));
    }
    Ok(source)
}
