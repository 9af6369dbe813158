//! Files that are filled here and there.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{fs::File, io, os::unix::fs::FileExt};

use camino::Utf8Path;

/// A file that has its length from the start, with holes where nothing was written yet.
#[derive(Debug)]
pub struct Sparse(File);

impl Sparse {
    /// Opens the file at `path` on this machine, which is there already, and gives it its length.
    pub fn open(path: &Utf8Path, length: u64) -> io::Result<Self> {
        let file = File::options().write(true).open(path)?;
        file.set_len(length)?;
        Ok(Self(file))
    }

    /// Fills in what begins at `offset`.
    pub fn fill(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}
