use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{context::Context, only, target::Target};
use crate::{
    desk,
    engine::saved::SavedPlan,
    machine::Command,
    manifest::{self, LockPlace, Stack, compose::Beside},
    value::{Problem, Problems, Source, Typed, shell_word},
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
    pub(super) fn read(&self, context: &Context) -> Result<Stack> {
        read(&self.path, context)
    }

    /// The same, for the command that the others name for checking again.
    pub(super) fn judge(&self) -> Result<Stack> {
        Ok(judged(&self.path, &open(&self.path)?)?)
    }

    /// The same where it may be a saved plan instead, of which the manifest is read that it was made of.
    pub(super) fn read_or_plan(&self, context: &Context) -> Result<(Stack, Option<SavedPlan>)> {
        let source = desk::read_manifest_or(&self.path, SavedPlan::begins)?;
        if !SavedPlan::begins(source.text().as_bytes()) {
            return Ok((of(&self.path, &source, context)?, None));
        }
        let out = self.path().map_or("plan.json", Utf8Path::as_str);
        let again = context.typed(&["plan", "STACK"], &["--out", out]);
        let mut plan = SavedPlan::read(source.name(), source.text(), &again)?;
        let made_of = Self::at(plan.manifest());
        let newest = plan.upgrade().flags();
        let newest = newest.iter().map(String::as_str);
        let flags: Vec<&str> =
            only::words(plan.only()).into_iter().chain(newest).chain(["--out", out]).collect();
        plan.again = made_of.command("plan", &flags, context);
        let manifest = desk::read_manifest(&made_of.path)
            .with_context(|| format!("the plan in `{}` was made of this manifest", source.name()))?;
        plan.judge_manifest(manifest.text())?;
        Ok((of(&made_of.path, &manifest, context)?, Some(plan)))
    }

    /// Its path, where it is one that can be read again.
    pub(super) fn path(&self) -> Option<&Utf8Path> {
        (self.path != "-").then_some(&*self.path)
    }

    /// The lock that lies beside it, if one does.
    pub(super) fn lock_beside(&self) -> Option<Utf8PathBuf> {
        match LockPlace::beside(self.path()?)? {
            LockPlace::File(lock) if desk::is_there(&lock) => Some(lock),
            _ => None,
        }
    }

    /// `forgectl COMMAND STACK`, the target and `flags`, as it would be typed.
    pub(super) fn command(&self, command: &str, flags: &[&str], context: &Context) -> String {
        context.typed(&[command, self.path.as_str()], flags)
    }
}

/// Reads and judges the manifest at `path`. The last fault carries the command to check again, unless the manifest has
/// gone by on standard input.
pub(super) fn read(path: &Utf8Path, context: &Context) -> Result<Stack> {
    of(path, &open(path)?, context)
}

/// What `source` says, which the manifest at `path` holds, with the files that it names beside that, or in the working folder.
fn judged(path: &Utf8Path, source: &Arc<Source>) -> Result<Stack, Problems> {
    let stack = manifest::read(source)?;
    let typed = if path == "-" { None } else { path.parent() }.unwrap_or(Utf8Path::new(""));
    let unknown = |error: anyhow::Error| Problems(Problem::all_of(&error));
    let folder = desk::absolute(if typed == "" { Utf8Path::new(".") } else { typed }).map_err(unknown)?;
    stack.with_services(&Beside { folder: &folder, typed, open: &desk::read_beside })
}

/// What `source` says, which the manifest at `path` holds.
fn of(path: &Utf8Path, source: &Arc<Source>, context: &Context) -> Result<Stack> {
    let stack = judged(path, source).map_err(|Problems(mut faults)| {
        if let Some(last) = faults.pop_if(|_| path != "-") {
            let again = Command::new(&["forgectl", "validate", path.as_str()]);
            faults.push(last.remedy(again.to_string()));
        }
        Problems(faults)
    })?;
    let mut stack = stack.kept_in(lock_place(path, context)?);
    let is_file = path != "-" && desk::is_file(path);
    let manifest = if is_file { shell_word(path.as_str()) } else { "FILE".into() }.into_owned();
    let target = context.named_target().map(|target| shell_word(&target.to_string()).into_owned());
    stack.typed = Typed { manifest, target };
    if is_file {
        stack.file = Some(desk::absolute(path)?);
    }
    Ok(stack)
}

/// Where the lock of the manifest at `path` is kept: beside it for this Mac. Other Macs have their own, since what the
/// Internet of a simulated one has is nothing that a real one could bring, and the other way round.
fn lock_place(path: &Utf8Path, context: &Context) -> Result<LockPlace> {
    if *context.target() != Target::ThisMac {
        return Ok(LockPlace::Mac);
    }
    if path == "-" || !desk::is_file(path) {
        return Ok(LockPlace::Nowhere);
    }
    LockPlace::beside(path).ok_or_else(|| {
        Problem::manifest(format!("a manifest cannot be called as its own lock would be: `{path}`"))
            .hint("give it a name that ends in `.yaml`")
            .into()
    })
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
