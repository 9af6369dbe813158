//! Files of forgectl's own: folders 0700, files 0600, synced, and nobody else's to write.

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
};

use anyhow::{Context, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{files::Files, replace, root::Last};
use crate::{
    machine::{Identity, Kind, not_own},
    value::{SecretName, SecretShape, Text},
};

/// Adds a line, and syncs it. A line that a killed process left without its end gets one first, so that no two lines run together.
pub(super) fn append(files: &Files, who: &Identity, path: &Utf8Path, line: &str) -> Result<()> {
    let host = ready(files, who, path)?;
    let new = files.stat(path)?.is_none();
    let add = || {
        let mut file = fs::File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(&host)?;
        if new {
            // Whatever the umask took away.
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        let mut text = format!("{line}\n");
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                text.insert(0, '\n');
            }
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if new { replace::sync_folder_of(&host) } else { Ok(()) }
    };
    add().with_context(|| format!("adding a line to `{path}`"))
}

/// Puts a file in place, whole.
pub(super) fn keep(files: &Files, who: &Identity, path: &Utf8Path, content: &[u8]) -> Result<()> {
    let host = ready(files, who, path)?;
    replace::file(&host, content, 0o600, false).with_context(|| format!("keeping `{path}`"))
}

/// Makes a secret from this machine's randomness, unless there is one.
pub(super) fn make_secret(files: &Files, who: &Identity, path: &Utf8Path, shape: &SecretShape) -> Result<()> {
    let host = ready(files, who, path)?;
    if files.stat(path).with_context(|| format!("looking at `{path}`"))?.is_some() {
        return Ok(());
    }
    let value = shape.make(getrandom::fill).context("asking this machine for randomness")?;
    replace::file(&host, value.as_bytes(), 0o600, false).with_context(|| format!("keeping `{path}`"))
}

/// Puts one file into the place of another, whole. One that is gone already was put there before.
pub(super) fn supersede(files: &Files, who: &Identity, from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    let (old, new) = (ready(files, who, from)?, ready(files, who, to)?);
    if files.stat(from).with_context(|| format!("looking at `{from}`"))?.is_none() {
        return Ok(());
    }
    let replace = || {
        fs::rename(&old, &new)?;
        replace::sync_folder_of(&old)?;
        replace::sync_folder_of(&new)
    };
    replace().with_context(|| format!("putting `{from}` in the place of `{to}`"))
}

/// `text` with the values of the secrets that lie in `folder`.
pub(super) fn filled(files: &Files, who: &Identity, text: &Text, folder: &Utf8Path) -> Result<String> {
    text.fill(|name| secret(files, who, folder, name))
}

fn secret(files: &Files, who: &Identity, folder: &Utf8Path, name: &SecretName) -> Result<String> {
    let path = folder.join(name.as_str());
    judge(files, who, &path, Kind::File)?;
    let value = files.read(&path).with_context(|| format!("reading the secret `{path}`"))?;
    String::from_utf8(value).map_err(|_| anyhow!("the secret `{path}` is no text"))
}

/// Makes the folders of `path` and answers where it lies, after judging what is there already.
pub(super) fn ready(files: &Files, who: &Identity, path: &Utf8Path) -> Result<Utf8PathBuf> {
    let folder = path.parent().with_context(|| format!("`{path}` lies in no folder"))?;
    files.make_own_folders(path).with_context(|| format!("making the folder `{folder}`"))?;
    // All folders from the state folder down are ours; of one that lies elsewhere, only that one.
    let own = folder.ancestors().take_while(|above| *above == folder || above.starts_with(&who.state));
    for above in own {
        judge(files, who, above, Kind::Folder)?;
    }
    judge(files, who, path, Kind::File)?;
    let at = files.locate(path, Last::Kept).with_context(|| format!("looking for `{path}`"))?;
    Ok(files.host(&at))
}

fn judge(files: &Files, who: &Identity, path: &Utf8Path, kind: Kind) -> Result<()> {
    let Some(stat) = files.stat(path).with_context(|| format!("looking at `{path}`"))? else { return Ok(()) };
    if stat.kind != kind {
        match kind {
            Kind::Folder => bail!("`{path}` is no folder, and forgectl keeps its own files there"),
            _ => bail!("`{path}` is no regular file, and forgectl keeps one of its own there"),
        }
    }
    not_own(path, stat.uid, who.uid, stat.mode).map_or(Ok(()), |problem| Err(problem.into()))
}
