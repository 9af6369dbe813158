//! Putting a file in place of another, whole or not at all, and what stands in the way of that.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
};

use camino::{Utf8Path, Utf8PathBuf};

/// Extended attributes that are the kernel's own and come by themselves (docs/mac-facts.md#xattr-provenance).
const KERNELS_OWN: [&str; 2] = ["com.apple.provenance", "security."];

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
            if !KERNELS_OWN.iter().any(|own| text.starts_with(own))
                && let Some(value) = xattr::get(path, &name)?
            {
                xattr::set(beside, &name, &value)?;
            }
        }
    }
    // After the owner: a change of owner takes set-id bits away.
    new.set_permissions(fs::Permissions::from_mode(mode))?;
    new.sync_all()
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
    use std::{os::macos::fs::MetadataExt, process::Command};

    /// `UF_IMMUTABLE | UF_APPEND | SF_IMMUTABLE | SF_APPEND | SF_RESTRICTED`
    const IMMUTABLE: u32 = 0x0000_0002 | 0x0000_0004 | 0x0002_0000 | 0x0004_0000 | 0x0008_0000;

    if fs::symlink_metadata(path)?.st_flags() & IMMUTABLE != 0 {
        return Ok(Some(Held::Immutable));
    }
    // Entries of the list follow the file's own line, each with its number: ` 0: group:everyone deny delete`.
    let listed = Command::new("/bin/ls").arg("-lde").arg(path).env_clear().env("LC_ALL", "C").output()?;
    if !listed.status.success() {
        return Err(io::Error::other(format!(
            "`ls -lde`: {}",
            String::from_utf8_lossy(&listed.stderr).trim()
        )));
    }
    Ok(String::from_utf8_lossy(&listed.stdout).lines().skip(1).any(is_acl_entry).then_some(Held::Acl))
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
