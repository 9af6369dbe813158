//! What forgectl has done on a node, and what it was about to do: append-only, on the node itself, in the state
//! folder of the user who owns the stack. Never a secret, never a content.

mod receipt;
mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::{Changing, Halt, Look, Looking, Machine},
    value::{Id, Problem, shell_word},
};

pub use receipt::{Receipt, Receipts};
pub use record::{Entry, Record, VERSION};

/// The version of a line, whatever else it says.
#[derive(serde::Deserialize)]
struct Versioned {
    v: u32,
}

/// The journal of one node, folded into receipts.
pub struct Journal {
    folder: Utf8PathBuf,
    receipts: Mutex<Receipts>,
}

/// The journal is there, and this user may not read it.
fn unreadable(folder: &Utf8Path, path: &Utf8Path, error: anyhow::Error) -> anyhow::Error {
    if Halt::of(&error).is_some() {
        return error;
    }
    Problem::mac("the journal cannot be read")
        .why(format!("{error:#}"))
        .hint("what forgectl brought to this Mac is written there; it has to be yours to read, as its folder has:")
        .remedy(format!("ls -ld {} {}", shell_word(folder.as_str()), shell_word(path.as_str())))
        .into()
}

/// The line after `number` others says what cannot be.
fn damaged(path: &Utf8Path, number: usize, why: &dyn fmt::Display) -> anyhow::Error {
    Problem::mac("the journal cannot be read")
        .why(format!("{path}:{}: {why}", number + 1))
        .hint("what forgectl brought to this Mac is written there; put the file back from a backup")
        .into()
}

impl Journal {
    /// Reads the journal in `folder`, forgectl's state folder on the node. A last line that a kill tore is left
    /// out: what it would have said did not happen.
    pub fn open(look: &dyn Look, folder: &Utf8Path) -> Result<Self> {
        let mut receipts = BTreeMap::new();
        let path = folder.join("journal.jsonl");
        let text =
            look.read_text(&path).map_err(|error| unreadable(folder, &path, error))?.unwrap_or_default();
        let mut lines = text.split_inclusive('\n').enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            // What else a newer version writes cannot be told from here.
            if let Ok(Versioned { v }) = serde_json::from_str(line)
                && v > VERSION
            {
                return Err(Problem::mac(format!(
                    "the journal was written by a newer forgectl: version {v}"
                ))
                .why(format!("{path}:{}", number + 1))
                .hint("use that forgectl, or a newer one, on this Mac")
                .into());
            }
            match serde_json::from_str::<Entry>(line.trim_end()) {
                Ok(Entry { record: Record::Done { id, .. }, .. }) if !receipts.contains_key(&id) => {
                    // Somebody else than a kill cut off what tells how it was before.
                    return Err(damaged(&path, number, &format!("`{id}` is done, and was never begun")));
                }
                Ok(entry) => receipt::fold(&mut receipts, entry.record),
                Err(_) if !line.ends_with('\n') && lines.peek().is_none() => {}
                Err(_) if line.trim().is_empty() => {}
                // A torn line that a later run has ended is a line of its own, and no JSON.
                Err(error) if error.is_eof() => {}
                Err(error) => return Err(damaged(&path, number, &error)),
            }
        }
        Ok(Self { folder: folder.to_owned(), receipts: Mutex::new(receipts) })
    }

    /// Writes `record` down and syncs it, then holds it true.
    pub fn write(&self, machine: &dyn Machine, run: &str, record: Record) -> Result<()> {
        let entry = Entry { v: VERSION, at: machine.now(), run: run.to_owned(), record };
        machine.append(&self.folder.join("journal.jsonl"), serde_json::to_string(&entry)?)?;
        receipt::fold(&mut self.receipts.lock().unwrap_or_else(PoisonError::into_inner), entry.record);
        Ok(())
    }

    /// The receipt of one resource.
    pub fn receipt(&self, id: &Id) -> Option<Receipt> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All receipts.
    pub fn receipts(&self) -> Receipts {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The stacks that have something on this node, by name.
    pub fn stacks(&self) -> BTreeSet<String> {
        self.receipts().into_values().flat_map(|receipt| receipt.claims).collect()
    }

    /// Forgectl's state folder on the node.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }
}
