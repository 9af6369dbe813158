use anyhow::Result;
use jiff::Timestamp;

use crate::{
    engine::output::chosen,
    journal::{Journal, Receipt, Receipts},
    machine::{Look, Looking},
    resource::declared_secret,
    step::SecretFiles,
    value::{Declared, Id, Place, fingerprint},
};

/// The secrets that a stack has on a Mac.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The stack's name.
    pub stack: String,
    /// They, by name.
    pub secrets: Vec<KeptSecret>,
}

/// One of them, without its value.
#[derive(Clone, Debug)]
pub struct KeptSecret {
    /// Where it lies.
    pub files: SecretFiles,
    /// What is known of it; `None` when the note of that is gone.
    pub declared: Option<Declared>,
    /// What tells its value from others; `None` when its file is gone.
    pub fingerprint: Option<String>,
    /// Since when it has that value.
    pub since: Option<Timestamp>,
    /// Whether a change of it was begun and not finished.
    pub changing: bool,
    /// What has it, or was made with it.
    pub held_by: Vec<Id>,
}

/// The secrets that the stack called `stack` has on the Mac behind `look`, as the journal there says; without a name, those of the
/// one stack that it knows. Fails where it has nothing, with `apply` as the command to type first, and with a fault of usage where
/// the journal knows several.
pub fn secrets(look: &dyn Look, stack: Option<&str>, apply: &str) -> Result<Secrets> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = chosen(&journal, stack, apply)?;
    let secrets = of(look, &journal.receipts(), &stack)?;
    Ok(Secrets { stack, secrets })
}

pub(in crate::engine) fn of(look: &dyn Look, receipts: &Receipts, stack: &str) -> Result<Vec<KeptSecret>> {
    let there =
        receipts.iter().filter(|(_, receipt)| receipt.claims.contains(stack) && receipt.left.is_some());
    there.filter_map(|(id, receipt)| kept(look, id, receipt, receipts).transpose()).collect()
}

fn kept(look: &dyn Look, id: &Id, receipt: &Receipt, receipts: &Receipts) -> Result<Option<KeptSecret>> {
    let Place::Secret { path } = &receipt.place else { return Ok(None) };
    let Some(files) = SecretFiles::at(path) else { return Ok(None) };
    let held_by =
        receipts.iter().filter(|(_, other)| other.needs.contains(id)).map(|(other, _)| other.clone());
    Ok(Some(KeptSecret {
        declared: declared_secret(look, &files)?,
        fingerprint: look.read_text(path)?.map(|value| fingerprint(&value)),
        since: look.stat(path)?.map(|stat| stat.modified),
        changing: look.stat(&files.next())?.is_some(),
        held_by: held_by.collect(),
        files,
    }))
}
