use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::registry::Release;
use crate::sim::{Content, Disk};

/// What marks a folder as one that no backup needs.
pub(super) const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55";

/// Puts a file in place with all folders above it.
pub(super) fn put(
    disk: &mut dyn Disk,
    uid: u32,
    path: &Utf8Path,
    content: Content,
    mode: u32,
    now: Timestamp,
) -> io::Result<()> {
    disk.make_dirs(uid, path.parent().unwrap_or(path), 0o755, now)?;
    disk.write(uid, path, content, mode, now)
}

pub(super) fn text(text: impl Into<Vec<u8>>) -> Content {
    Content::Bytes(text.into())
}

/// What every call leaves in `~/.cache/uv`.
pub(super) fn begin(disk: &mut dyn Disk, uid: u32, home: &Utf8Path, now: Timestamp) -> io::Result<()> {
    let cache = folder(home);
    for (name, content, mode) in [
        ("CACHEDIR.TAG", TAG, 0o644),
        (".gitignore", "*", 0o644),
        (".lock", "", 0o666),
        ("sdists-v10/.git", "", 0o644),
    ] {
        if disk.node(&cache.join(name)).is_none() {
            put(disk, uid, &cache.join(name), text(content), mode, now)?;
        }
    }
    Ok(())
}

/// What it notes beside interpreters when it has asked a registry (docs/mac-facts.md#uv-python-folder).
pub(super) fn note_credentials(
    disk: &mut dyn Disk,
    uid: u32,
    home: &Utf8Path,
    now: Timestamp,
) -> io::Result<()> {
    let folder = home.join(".local/share/uv/credentials");
    if disk.node(&folder).is_none() {
        disk.make_dirs(uid, folder.parent().unwrap_or(&folder), 0o755, now)?;
        disk.make_dir(uid, &folder, 0o700, now)?;
        disk.write(uid, &folder.join("credentials.toml.lock"), text(""), 0o600, now)?;
    }
    Ok(())
}

fn folder(home: &Utf8Path) -> Utf8PathBuf {
    home.join(".cache/uv")
}

/// Where a wheel that was fetched is noted. Its files are no second copy: environments share their blocks with it.
fn wheel(home: &Utf8Path, release: &Release) -> Utf8PathBuf {
    let Release { project, version } = release;
    folder(home).join(format!("wheels-v7/pypi/{}/{version}.msgpack", project.name))
}

pub(super) fn has(disk: &dyn Disk, home: &Utf8Path, release: &Release) -> bool {
    disk.node(&wheel(home, release)).is_some()
}

pub(super) fn keep(
    disk: &mut dyn Disk,
    uid: u32,
    home: &Utf8Path,
    release: &Release,
    now: Timestamp,
) -> io::Result<()> {
    put(disk, uid, &wheel(home, release), text(release.sha256()), 0o644, now)
}
