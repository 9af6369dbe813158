//! Putting a file in place of another, whole or not at all, and what stands in the way of that.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
};

use camino::{Utf8Path, Utf8PathBuf};

/// Extended attributes that are the system's own: they come by themselves, and it lets nobody else set them
/// (docs/mac-facts.md#xattr-provenance).
const SYSTEMS_OWN: [&str; 3] = ["com.apple.provenance", "com.apple.macl", "security."];

/// Puts `content` at `path` (no link) as a new inode: a synced file beside it, then a rename, then the folder is synced.
/// Takes over owner and extended attributes of the file that it replaces.
pub(super) fn file(path: &Utf8Path, content: &[u8], mode: u32, replaces: bool) -> io::Result<()> {
    let beside = beside(path);
    // A run that was killed may have left one.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let placed = fill(&beside, path, content, mode, replaces).and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed?;
    sync_folder_of(path)
}

fn fill(beside: &Utf8Path, path: &Utf8Path, content: &[u8], mode: u32, replaces: bool) -> io::Result<()> {
    let mut new = fs::File::options().write(true).create_new(true).mode(0o600).open(beside)?;
    new.write_all(content)?;
    if replaces {
        let (former, now) = (fs::symlink_metadata(path)?, new.metadata()?);
        if (former.uid(), former.gid()) != (now.uid(), now.gid()) {
            fchown(&new, Some(former.uid()), Some(former.gid()))?;
        }
        for name in xattr::list(path)? {
            let text = name.to_string_lossy();
            if is_systems_own(&text) {
                continue;
            }
            let copied = xattr::get(path, &name)
                .and_then(|value| value.map_or(Ok(()), |value| xattr::set(beside, &name, &value)));
            copied.map_err(|error| {
                let words = format!("its extended attribute `{text}` cannot be kept: {error}");
                io::Error::new(error.kind(), words)
            })?;
        }
    }
    // After the owner: a change of owner takes set-id bits away.
    new.set_permissions(fs::Permissions::from_mode(mode))?;
    new.sync_all()
}

fn is_systems_own(attribute: &str) -> bool {
    SYSTEMS_OWN.iter().any(|own| attribute.starts_with(own))
}

pub(super) fn beside(path: &Utf8Path) -> Utf8PathBuf {
    path.with_file_name(format!(".{}.forgectl", path.file_name().unwrap_or_default()))
}

/// Puts a file in place, whole for everybody who reads it, but not synced: a power cut may take it.
pub(super) fn quickly(path: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    fs::write(&beside, content)?;
    fs::rename(&beside, path)
}

/// Makes the entry of `path` in its folder last.
pub(super) fn sync_folder_of(path: &Utf8Path) -> io::Result<()> {
    fs::File::open(path.parent().unwrap_or(path))?.sync_all()
}

/// What keeps a file from being replaced (docs/mac-facts.md#file-acl, docs/mac-facts.md#file-flags).
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    Acl,
    Immutable,
}

impl Held {
    pub(super) fn refusal(self) -> io::Error {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            match self {
                Self::Acl => "it has an access control list, which replacing it would lose",
                Self::Immutable => "it is flagged immutable",
            },
        )
    }
}

#[cfg(target_os = "macos")]
pub(super) fn held(path: &Utf8Path) -> io::Result<Option<Held>> {
    use std::{os::macos::fs::MetadataExt, process::Command, time::Duration};

    use super::process::{Limits, run};
    use crate::machine::Quiet;

    const LS: Duration = Duration::from_secs(20);

    /// `UF_IMMUTABLE | UF_APPEND | SF_IMMUTABLE | SF_APPEND | SF_RESTRICTED`
    const IMMUTABLE: u32 = 0x0000_0002 | 0x0000_0004 | 0x0002_0000 | 0x0004_0000 | 0x0008_0000;

    if fs::symlink_metadata(path)?.st_flags() & IMMUTABLE != 0 {
        return Ok(Some(Held::Immutable));
    }
    // Entries of the list follow the file's own line, each with its number: ` 0: group:everyone deny delete`.
    let mut ls = Command::new("/bin/ls");
    ls.arg("-lde").arg(path).env_clear().env("LC_ALL", "C");
    let listed = run(ls, &Limits::of(LS), &Quiet)?;
    if !listed.ok() {
        return Err(io::Error::other(format!("`ls -lde`: {}", listed.stderr.trim())));
    }
    Ok(listed.stdout.lines().skip(1).any(is_acl_entry).then_some(Held::Acl))
}

#[cfg(target_os = "macos")]
fn is_acl_entry(line: &str) -> bool {
    line.trim_start().split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

#[cfg(not(target_os = "macos"))]
pub(super) fn held(path: &Utf8Path) -> io::Result<Option<Held>> {
    let listed = xattr::get(path, "system.posix_acl_access").or_else(|error| match error.kind() {
        // The file system knows no such lists.
        io::ErrorKind::Unsupported => Ok(None),
        _ => Err(error),
    })?;
    Ok(listed.map(|_| Held::Acl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_system_sets_is_not_copied() {
        for (attribute, own) in
            [("com.apple.macl", true), ("com.apple.provenance", true), ("user.note", false)]
        {
            assert_eq!(is_systems_own(attribute), own, "{attribute}");
        }
    }
}
