use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use tempfile::NamedTempFile;

use crate::value::Problem;

/// The most that is read of such a file, in bytes: 256 MiB.
const LIMIT: u64 = 256 << 20;

/// The files of the locks that this process holds, for [`let_go`].
static HELD: Mutex<BTreeSet<Utf8PathBuf>> = Mutex::new(BTreeSet::new());

/// Takes the lock files of this process away, just before it ends without a further word. The locks end with it.
pub fn let_go() {
    for path in &*HELD.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = fs::remove_file(path);
    }
}

/// A file that keeps a simulated Mac between calls, held by one run at a time.
#[derive(Debug)]
pub struct SimFile {
    path: Utf8PathBuf,
    lock: Lock,
}

impl SimFile {
    /// Takes the file at `path`, which need not be there yet, for a run that `note` describes; fails when another
    /// run has it, saying which.
    pub fn take(path: &Utf8Path, note: &str) -> Result<Self> {
        let lock = Lock::take(&sibling(path), note).map_err(|refused| match refused {
            Refused::Held(by) => Problem::mac(format!("the simulated Mac is in use: `{path}`"))
                .why(format!("held by {by}"))
                .hint("wait for that run to end, or copy the file and use the copy"),
            Refused::Failed(error) => {
                Problem::manifest(format!("the simulated Mac cannot be locked: `{path}`"))
                    .why(error.to_string())
                    .hint("it has to lie in a folder that you can write to")
            }
        })?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Whether something is at its path.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Reads it.
    pub fn read(&self) -> Result<String> {
        Self::peek(&self.path)
    }

    /// Reads the file at `path` as it was last saved, whoever holds it.
    pub fn peek(path: &Utf8Path) -> Result<String> {
        let mut text = String::new();
        File::open(path).and_then(|file| file.take(LIMIT).read_to_string(&mut text)).map_err(|error| {
            match error.kind() {
                ErrorKind::NotFound => Problem::manifest(format!("there is no simulated Mac: `{path}`")),
                ErrorKind::InvalidData | ErrorKind::IsADirectory => {
                    Problem::manifest(format!("this is not a simulated Mac: `{path}`")).why(error.to_string())
                }
                _ => Problem::manifest(format!("the simulated Mac cannot be read: `{path}`"))
                    .why(error.to_string()),
            }
        })?;
        Ok(text)
    }

    /// Puts `text` into it: whole or not at all, and synced.
    pub fn save(&self, text: &str) -> Result<()> {
        Ok(self.put(text).map_err(|error| {
            Problem::mac(format!("the simulated Mac cannot be saved: `{}`", self.path)).why(error.to_string())
        })?)
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder(&self.path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        File::open(folder(&self.path))?.sync_all()
    }

    /// Who holds it: this run, as others are told.
    pub fn note(&self) -> &str {
        &self.lock.note
    }
}

fn folder(path: &Utf8Path) -> &Utf8Path {
    path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."))
}

fn sibling(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}.lock"))
}

/// A lock that ends with its process, in a file that is there only while it is held.
#[derive(Debug)]
struct Lock {
    path: Utf8PathBuf,
    #[expect(dead_code, reason = "held for its lock")]
    file: File,
    note: String,
}

enum Refused {
    Held(String),
    Failed(io::Error),
}

impl Lock {
    fn take(path: &Utf8Path, note: &str) -> Result<Self, Refused> {
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)
                .map_err(Refused::Failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let holder = holder.trim();
                    let holder = if holder.is_empty() { "another run of forgectl" } else { holder };
                    return Err(Refused::Held(holder.to_owned()));
                }
                Err(TryLockError::Error(error)) => return Err(Refused::Failed(error)),
            }
            // The former holder may have removed the file between our opening and our locking it.
            let same = |there: fs::Metadata| file.metadata().is_ok_and(|ours| ours.ino() == there.ino());
            if !fs::symlink_metadata(path).is_ok_and(same) {
                continue;
            }
            let note = format!("process {} ({note})", std::process::id());
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(note.as_bytes()))
                .map_err(Refused::Failed)?;
            HELD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
            return Ok(Self { path: path.to_owned(), file, note });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        HELD.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn place() -> (TempDir, Utf8PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("mac.json")).unwrap();
        (folder, path)
    }

    #[test]
    fn what_was_saved_is_there_at_the_next_call_and_nothing_else_is_left() {
        let (folder, path) = place();
        let file = SimFile::take(&path, "sim new").unwrap();
        assert!(!file.exists());
        file.save("a Mac").unwrap();
        drop(file);
        assert_eq!(SimFile::take(&path, "plan").unwrap().read().unwrap(), "a Mac");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mac.json"]);
    }

    #[test]
    fn the_second_run_is_told_who_has_it() {
        let (_folder, path) = place();
        let first = SimFile::take(&path, "apply").unwrap();
        let problem = Problem::from_error(&SimFile::take(&path, "destroy").unwrap_err());
        assert_eq!(problem.why, [format!("held by {}", first.note())]);
        assert!(first.note().ends_with("(apply)"), "{}", first.note());
        drop(first);
        SimFile::take(&path, "destroy").unwrap();
    }

    #[test]
    fn a_lock_file_without_a_holder_stops_nobody() {
        let (_folder, path) = place();
        fs::write(sibling(&path), "process 1 (apply)").unwrap();
        SimFile::take(&path, "apply").unwrap();
    }

    #[test]
    fn what_is_no_text_file_is_refused_by_name() {
        let (folder, path) = place();
        let said = |path: &Utf8Path| SimFile::peek(path).unwrap_err().to_string();
        assert_eq!(said(&path), format!("there is no simulated Mac: `{path}`"));
        fs::write(&path, b"\xff\xfe").unwrap();
        assert_eq!(said(&path), format!("this is not a simulated Mac: `{path}`"));
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        assert_eq!(said(folder), format!("this is not a simulated Mac: `{folder}`"));
    }
}
