//! A lock that is gone when its process ends, however that ends.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs::{File, Permissions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    thread,
    time::Duration,
};

use camino::Utf8Path;

use crate::machine::{Hold, Outcome};

/// How often the holder's note is looked for, who may have the lock but not have written yet.
const NOTE_LOOKS: u32 = 10;

/// Takes the lock at `path` and leaves `note` in it, or answers with the note of the one who has it.
pub(super) fn take(path: &Utf8Path, note: &str) -> io::Result<Outcome> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {
            let held = Held(file);
            held.note(note)?;
            Ok(Outcome::Locked(Hold::new(held)))
        }
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            for _ in 0..NOTE_LOOKS {
                file.rewind()?;
                file.read_to_string(&mut holder)?;
                if !holder.is_empty() {
                    break;
                }
                thread::sleep(Duration::from_millis(5));
            }
            Ok(Outcome::Busy(holder.trim_end().to_owned()))
        }
    }
}

struct Held(File);

impl Held {
    fn note(&self, note: &str) -> io::Result<()> {
        self.0.set_permissions(Permissions::from_mode(0o600))?;
        self.0.set_len(0)?;
        (&self.0).write_all(note.as_bytes())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever comes next must not read our name while the lock is theirs.
        let _ = self.0.set_len(0);
        // Closing alone lets it live on in a child that another thread has just begun, until that is another program.
        let _ = self.0.unlock();
    }
}
