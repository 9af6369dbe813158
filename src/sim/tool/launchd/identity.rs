use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sim::Disk;

/// Which program it was: for one signed ad hoc, in effect the exact file (docs/mac-facts.md#launchd-code-identity).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Where it is after all links.
    pub path: Utf8PathBuf,
    /// When it last changed.
    pub modified: Timestamp,
    /// SHA-256 of its content.
    pub digest: String,
}

impl Identity {
    /// The program at `path` now; `None` when there is none.
    pub fn of(disk: &dyn Disk, path: &str) -> Option<Self> {
        let real = disk.resolve(Utf8Path::new(path))?;
        let modified = disk.node(&real)?.modified;
        Some(Self { digest: disk.digest(0, &real).ok()?, path: real, modified })
    }

    /// Whether what is at `path` now still passes for it: the code counts, not when or where it was copied.
    pub fn holds(&self, disk: &dyn Disk, path: &str) -> bool {
        let Some(real) = disk.resolve(Utf8Path::new(path)) else { return false };
        let untouched =
            real == self.path && disk.node(&real).is_some_and(|node| node.modified == self.modified);
        untouched || disk.digest(0, &real).is_ok_and(|digest| digest == self.digest)
    }
}
