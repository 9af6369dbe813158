//! The folders that the installer makes, and Homebrew's own repository in them.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{OWNER, PREFIX};
use crate::sim::{Content, Disk, permission::ADMIN};

/// Folders under the prefix (docs/mac-facts.md#homebrew-installer).
const FOLDERS: [&str; 17] = [
    "",
    "bin",
    "etc",
    "include",
    "lib",
    "sbin",
    "share",
    "var",
    "opt",
    "share/zsh",
    "share/zsh/site-functions",
    "var/homebrew",
    "var/homebrew/linked",
    "var/log",
    "Cellar",
    "Caskroom",
    "Frameworks",
];

/// What git puts there; of the sizes there is no public sample.
const REPOSITORY: [(&str, u64, u32); 5] = [
    (".git/objects/pack/pack-homebrew.pack", 68_000_000, 0o444),
    ("Library/Homebrew/brew.sh", 38_000, 0o755),
    ("Library/Homebrew/vendor/portable-ruby/current/bin/ruby", 37_000_000, 0o755),
    ("README.md", 5_000, 0o644),
    ("bin/brew", 9_000, 0o755),
];

/// Makes the folders, as root does it for the user.
pub(super) fn folders(disk: &mut dyn Disk, now: Timestamp) -> io::Result<()> {
    for name in FOLDERS {
        let path = Utf8Path::new(PREFIX).join(name);
        let path = Utf8Path::new(path.as_str().trim_end_matches('/'));
        if disk.node(path).is_some() {
            continue;
        }
        disk.make_dir(0, path, 0o775, now)?;
        disk.chown(0, path, OWNER, ADMIN)?;
        // Others must not be able to write what every shell reads.
        disk.chmod(0, path, if name.starts_with("share/zsh") { 0o755 } else { 0o775 })?;
    }
    Ok(())
}

/// Puts the repository in place, as the user.
pub(super) fn repository(disk: &mut dyn Disk, now: Timestamp) -> io::Result<()> {
    let head = "ref: refs/heads/stable\n";
    put(disk, ".git/HEAD", Content::Bytes(head.into()), 0o644, now)?;
    for (seed, (name, size, mode)) in (6018..).zip(REPOSITORY) {
        put(disk, name, Content::Made { size, seed }, mode, now)?;
    }
    Ok(())
}

/// Puts a file under the prefix in place, the folders above it too; what is there already is replaced.
pub(super) fn put(
    disk: &mut dyn Disk,
    name: &str,
    content: Content,
    mode: u32,
    now: Timestamp,
) -> io::Result<()> {
    let path = Utf8Path::new(PREFIX).join(name);
    make_above(disk, &path, now)?;
    disk.write(OWNER, &path, content, mode, now)
}

/// Puts a link under the prefix in place of what is there.
pub(super) fn link(disk: &mut dyn Disk, name: &str, target: &str, now: Timestamp) -> io::Result<()> {
    let path = Utf8Path::new(PREFIX).join(name);
    make_above(disk, &path, now)?;
    if disk.node(&path).is_some() {
        disk.remove(OWNER, &path, now)?;
    }
    disk.link(OWNER, &path, Utf8Path::new(target), now)
}

fn make_above(disk: &mut dyn Disk, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
    let missing: Vec<Utf8PathBuf> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| disk.resolve(folder).is_none())
        .map(Utf8Path::to_owned)
        .collect();
    missing.iter().rev().try_for_each(|folder| disk.make_dir(OWNER, folder, 0o755, now))
}
