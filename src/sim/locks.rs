use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};

use crate::machine::Hold;

/// The locks that forgectl's process holds.
#[derive(Clone, Default)]
pub(super) struct Locks(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    /// Who holds which, and what they noted.
    by: BTreeMap<Utf8PathBuf, (u64, String)>,
    last: u64,
}

/// Lets go of one lock when dropped, unless that is long gone.
struct Release {
    locks: Locks,
    path: Utf8PathBuf,
    number: u64,
}

impl Locks {
    /// Takes a lock, or answers with what its holder noted.
    pub(super) fn take(&self, path: &Utf8Path, note: &str) -> Result<Hold, String> {
        self.with(|held| {
            if let Some((_, holder)) = held.by.get(path) {
                return Err(holder.clone());
            }
            held.last += 1;
            held.by.insert(path.to_owned(), (held.last, note.to_owned()));
            Ok(Hold::new(Release { locks: self.clone(), path: path.to_owned(), number: held.last }))
        })
    }

    /// Lets go of all.
    pub(super) fn clear(&self) {
        self.with(|held| held.by.clear());
    }

    fn with<R>(&self, act: impl FnOnce(&mut Held) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.locks.with(|held| {
            if held.by.get(&self.path).is_some_and(|(number, _)| *number == self.number) {
                held.by.remove(&self.path);
            }
        });
    }
}
