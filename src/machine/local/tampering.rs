//! What only a simulated Mac does to the files of its folder: what its tools do as root, and laying out a new one.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{PermissionsExt, symlink},
    time::SystemTime,
};

use camino::Utf8Path;
use jiff::Timestamp;

use super::{
    Files, Last, Marks, is_sealed,
    judge::{self, Use},
};
use crate::machine::Kind;

/// What is laid out at a path.
#[derive(Clone, Copy, Debug)]
pub enum Laid<'l> {
    /// A folder.
    Folder,
    /// A file.
    File(&'l [u8]),
    /// A link to there.
    Link(&'l Utf8Path),
}

impl Files {
    /// Puts something at a path without links as it is, whatever the permissions, not synced and not noted.
    pub fn lay(&self, at: &Utf8Path, what: Laid<'_>, mode: u32, modified: Timestamp) -> io::Result<()> {
        let host = self.host(at);
        match what {
            Laid::Link(target) => return symlink(target, &host),
            Laid::Folder if host.is_dir() => {}
            Laid::Folder => fs::create_dir(&host)?,
            Laid::File(content) => fs::write(&host, content)?,
        }
        fs::set_permissions(&host, fs::Permissions::from_mode(self.real_mode(mode, host.is_dir())))?;
        set_time(&host, modified)
    }

    /// Sets the time of the last change of a path without links, whoever owns it.
    pub fn stamp(&self, at: &Utf8Path, modified: Timestamp) -> io::Result<()> {
        set_time(&self.host(at), modified)
    }

    /// Adds to the end of a file, which is made with mode 0644 if it is not there.
    pub fn add(&self, path: &Utf8Path, bytes: &[u8], now: Timestamp) -> io::Result<()> {
        let at = self.locate(path, Last::Followed)?;
        let Some(former) = self.stat(&at)? else {
            self.demand_folder(&at, "write")?;
            self.lay(&at, Laid::File(bytes), 0o644, now)?;
            return self.note(&at, 0o644, true);
        };
        let marks = self.marks(&at)?;
        match former.kind {
            Kind::File if is_sealed(&at) => return Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Kind::File => {}
            // A device takes what is written to it and keeps nothing.
            Kind::Other => return Ok(()),
            Kind::Folder => return Err(io::ErrorKind::IsADirectory.into()),
            Kind::Link => return Err(io::ErrorKind::InvalidInput.into()),
        }
        self.demand(&at, Use::Write, "write")?;
        if marks.immutable {
            return Err(judge::denied("write", &at));
        }
        if marks.made.is_some() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it only stands for its content"));
        }
        fs::File::options().append(true).open(self.host(&at))?.write_all(bytes)?;
        set_time(&self.host(&at), now)
    }

    /// Makes a symbolic link.
    pub fn link(&self, path: &Utf8Path, target: &Utf8Path) -> io::Result<()> {
        let at = self.locate(path, Last::Kept)?;
        if self.stat(&at)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.demand_folder(&at, "write")?;
        symlink(target, self.host(&at))?;
        self.note(&at, 0o755, true)
    }

    /// Sets permission bits; the owner and root may.
    pub fn set_mode(&self, path: &Utf8Path, mode: u32) -> io::Result<()> {
        let at = self.own(path)?;
        let host = self.host(&at);
        fs::set_permissions(&host, fs::Permissions::from_mode(self.real_mode(mode, host.is_dir())))?;
        self.note(&at, mode & 0o7777, false)
    }

    /// Sets the time of the last change; the owner and root may.
    pub fn set_modified(&self, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
        let at = self.own(path)?;
        set_time(&self.host(&at), now)
    }

    /// Sets owner and group; root alone may give a file away, or into a group that is not its owner's.
    pub fn set_owner(&self, path: &Utf8Path, uid: u32, gid: u32) -> io::Result<()> {
        let at = self.own(path)?;
        let Some(owners) = self.owners() else { return Err(io::ErrorKind::Unsupported.into()) };
        let table = owners.table()?;
        let former = table.get(&at);
        let in_group = former.gid == gid || table.groups.contains(&gid);
        if self.user() != 0 && (former.uid != uid || !in_group) {
            return Err(judge::denied("give away", &at));
        }
        owners.update(|table| table.set(&at, Marks { uid, gid, ..former }))
    }

    /// What is noted of a path without links.
    pub fn marks(&self, at: &Utf8Path) -> io::Result<Marks> {
        Ok(self
            .owners()
            .map(super::Owners::table)
            .transpose()?
            .map(|table| table.get(at))
            .unwrap_or_default())
    }

    /// Where `path` leads, when the acting user owns what is there and it can be changed.
    fn own(&self, path: &Utf8Path) -> io::Result<camino::Utf8PathBuf> {
        let at = self.locate(path, Last::Followed)?;
        let Some(stat) = self.stat(&at)? else { return Err(io::ErrorKind::NotFound.into()) };
        if is_sealed(&at) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        if (self.user() != 0 && stat.uid != self.user()) || self.marks(&at)?.immutable {
            return Err(judge::denied("change", &at));
        }
        Ok(at)
    }
}

fn set_time(host: &Utf8Path, modified: Timestamp) -> io::Result<()> {
    fs::File::open(host)?.set_modified(SystemTime::from(modified))
}
