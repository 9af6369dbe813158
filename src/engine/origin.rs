//! Which file the manifest of a stack was read from when it was last applied: for commands that are given none.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::output::chosen;
use crate::{
    journal::Journal,
    machine::{Changing, Identity, Look, Looking, Machine},
    manifest::Stack,
    value::Problem,
};

/// Where that is written down; `state` is forgectl's folder on the Mac.
fn path(state: &Utf8Path, stack: &str) -> Utf8PathBuf {
    state.join("manifests").join(stack)
}

/// Writes down where `stack` was read from, if it is a file and not written down yet.
pub(super) fn remember(machine: &dyn Machine, stack: &Stack, identity: &Identity) -> Result<()> {
    let Some(file) = &stack.file else { return Ok(()) };
    let path = path(&identity.state, stack.manifest.stack.as_str());
    if machine.read(&path)?.as_deref() != Some(file.as_str().as_bytes()) {
        machine.keep(&path, file.as_str().as_bytes())?;
    }
    Ok(())
}

/// Forgets it.
pub(super) fn forget(machine: &dyn Machine, stack: &Stack, identity: &Identity) -> Result<()> {
    let path = path(&identity.state, stack.manifest.stack.as_str());
    if machine.stat(&path)?.is_some() {
        machine.forget(&path)?;
    }
    Ok(())
}

/// Where the manifest of `stack` was, if that is written down.
pub(super) fn file(look: &dyn Look, identity: &Identity, stack: &str) -> Result<Option<Utf8PathBuf>> {
    Ok(look.read_text(&path(&identity.state, stack))?.map(Utf8PathBuf::from))
}

/// The manifest of the one stack that the Mac behind `look` has, by the journal there. Fails where there is none, with `apply` as
/// the command to type first, and with a fault of usage where there are several, or where that manifest was no file.
pub fn manifest_of(look: &dyn Look, apply: &str) -> Result<Utf8PathBuf> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    if journal.stacks().is_empty() {
        let problem = Problem::mac("no stack has anything on this Mac");
        return Err(problem
            .hint("name its manifest: `--stack FILE`")
            .hint("or apply it first:")
            .remedy(apply)
            .into());
    }
    let stack = chosen(&journal, None, apply)?;
    file(look, &identity, &stack)?.ok_or_else(|| {
        Problem::usage(format!("it is not known where the manifest of the stack `{stack}` is"))
            .hint("name it: `--stack FILE`")
            .into()
    })
}
