//! The files of a machine, by the paths that it knows them under.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs, io,
    io::{Read, Seek, SeekFrom},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    sync::Arc,
};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    judge::{self, Use},
    owners::{Marks, Owners, Table, USER},
    root::{Last, Root},
};
use crate::{
    machine::{Kind, Space, Stat},
    value::hex,
};

/// The largest file that is read whole, in bytes.
const LARGEST_READ: u64 = 16 * 1024 * 1024;

/// The files of this machine, or of a Mac that lies in a folder. There, owners are those noted beside the root, and
/// what the kernel of that Mac would not let the acting user do is refused with `PermissionDenied`.
#[derive(Clone, Debug)]
pub struct Files {
    root: Root,
    owners: Option<Arc<Owners>>,
    uid: u32,
}

impl Files {
    /// Those of this machine; its own kernel judges.
    pub fn here() -> Self {
        Self { root: Root::new(Utf8Path::new("/")), owners: None, uid: USER }
    }

    /// Those of the Mac whose `/` is `folder`, used by its ordinary user.
    pub fn under(folder: &Utf8Path) -> Self {
        Self { root: Root::new(folder), owners: Some(Arc::new(Owners::beside(folder))), uid: USER }
    }

    /// The same, used by `uid`; on this machine it is whoever runs forgectl.
    #[must_use]
    pub fn by(&self, uid: u32) -> Self {
        Self { uid, ..self.clone() }
    }

    /// Who acts in a Mac in a folder.
    pub fn user(&self) -> u32 {
        self.uid
    }

    /// What is noted beside the root; `None` on this machine.
    pub fn owners(&self) -> Option<&Owners> {
        self.owners.as_deref()
    }

    /// The folder of this machine that stands for `/`.
    pub fn folder(&self) -> &Utf8Path {
        self.root.folder()
    }

    /// Where a path that [`Files::locate`] answered lies on this machine.
    pub fn host(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.root.host(path)
    }

    /// `path` without links and dots; its last name need not be there.
    pub fn locate(&self, path: &Utf8Path, last: Last) -> io::Result<Utf8PathBuf> {
        let table = self.table()?;
        self.root.resolve(path, last, &|folder| {
            let Some(table) = &table else { return Ok(()) };
            match self.raw(folder, table)? {
                Some((_, _, false)) => Err(io::ErrorKind::NotADirectory.into()),
                Some((mode, marks, true)) if !judge::may(table, self.uid, &marks, mode, Use::Search) => {
                    Err(judge::denied("search", folder))
                }
                _ => Ok(()),
            }
        })
    }

    /// `path` after all links, if something is there.
    pub fn resolve(&self, path: &Utf8Path) -> io::Result<Option<Utf8PathBuf>> {
        let Some(at) = absent_is_none(self.locate(path, Last::Followed))? else { return Ok(None) };
        Ok(absent_is_none(fs::symlink_metadata(self.host(&at)))?.map(|_| at))
    }

    /// What is at `path`, its last link kept.
    pub fn stat(&self, path: &Utf8Path) -> io::Result<Option<Stat>> {
        let Some(at) = absent_is_none(self.locate(path, Last::Kept))? else { return Ok(None) };
        let host = self.host(&at);
        let Some(data) = absent_is_none(fs::symlink_metadata(&host))? else { return Ok(None) };
        let mut stat = Stat {
            kind: kind(&data),
            mode: data.mode() & 0o7777,
            uid: data.uid(),
            gid: data.gid(),
            size: data.size(),
            modified: Timestamp::new(data.mtime(), i32::try_from(data.mtime_nsec()).unwrap_or(0))
                .map_err(io::Error::other)?,
            born: data.created().ok().and_then(|born| Timestamp::try_from(born).ok()),
            target: None,
        };
        if stat.kind == Kind::Link {
            let target = fs::read_link(&host)?;
            stat.target =
                Some(Utf8PathBuf::try_from(target).map_err(camino::FromPathBufError::into_io_error)?);
        }
        if let Some(table) = self.table()? {
            let marks = table.get(&at);
            (stat.uid, stat.gid) = (marks.uid, marks.gid);
            stat.mode = marks.mode.unwrap_or(stat.mode);
            stat.kind = marks.kind.unwrap_or(stat.kind);
            stat.size = marks.made.map_or(stat.size, |(size, _)| size);
        }
        Ok(Some(stat))
    }

    /// The sorted names in a folder.
    pub fn list(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        let at = self.locate(path, Last::Followed)?;
        if !fs::symlink_metadata(self.host(&at))?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        self.demand(&at, Use::Read, "read")?;
        let mut names = fs::read_dir(self.host(&at))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// The content of a file of at most 16 MiB.
    pub fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let at = self.locate(path, Last::Followed)?;
        self.demand(&at, Use::Read, "read")?;
        let size = self.stat(&at)?.map_or(0, |stat| stat.size);
        if size > LARGEST_READ {
            let text = format!("it holds {size} bytes, more than the {LARGEST_READ} that are read whole");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        let mut content = vec![];
        self.open(&at)?.take(LARGEST_READ).read_to_end(&mut content)?;
        Ok(content)
    }

    /// At most `most` bytes of a file of any size from `from` on, and never more than 16 MiB.
    pub fn read_part(&self, path: &Utf8Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let at = self.locate(path, Last::Followed)?;
        self.demand(&at, Use::Read, "read")?;
        let mut file = self.open(&at)?;
        file.seek(SeekFrom::Start(from))?;
        let mut content = vec![];
        file.take(most.min(LARGEST_READ)).read_to_end(&mut content)?;
        Ok(content)
    }

    /// The content of a file of any size.
    pub fn read_all(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let at = self.locate(path, Last::Followed)?;
        self.demand(&at, Use::Read, "read")?;
        let mut content = vec![];
        self.open(&at)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// SHA-256 of a file in lower-case hex.
    pub fn digest(&self, path: &Utf8Path) -> io::Result<String> {
        let at = self.locate(path, Last::Followed)?;
        self.demand(&at, Use::Read, "read")?;
        let mut file = self.open(&at)?;
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut HashWriter(&mut hash))?;
        Ok(hex(&hash.finalize()))
    }

    /// Opens a regular file; whatever else is there could keep us waiting for ever.
    fn open(&self, at: &Utf8Path) -> io::Result<fs::File> {
        let file = fs::File::options()
            .read(true)
            .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
            .open(self.host(at))?;
        let kind = file.metadata()?.file_type();
        if kind.is_file() {
            return Ok(file);
        }
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let what = if kind.is_fifo() { "a named pipe" } else { "a device" };
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is no regular file but {what}")))
    }

    /// Room on the volume that holds `path`, or would.
    pub fn space(&self, path: &Utf8Path) -> io::Result<Space> {
        if let Some(space) = self.table()?.and_then(|table| table.space()) {
            return Ok(space);
        }
        let there = path.ancestors().find_map(|above| self.resolve(above).transpose()).transpose()?;
        let host = self.host(there.as_deref().unwrap_or(Utf8Path::new("/")));
        let found = nix::sys::statvfs::statvfs(host.as_std_path())?;
        let (block, free, all) =
            (wide(found.fragment_size()), wide(found.blocks_available()), wide(found.blocks()));
        Ok(Space { free: block * free, total: block * all })
    }

    /// Refuses what the acting user may not do with what is at `at`; nothing there is left to the caller.
    pub(super) fn demand(&self, at: &Utf8Path, how: Use, what: &str) -> io::Result<()> {
        let Some(table) = self.table()? else { return Ok(()) };
        match self.raw(at, &table)? {
            Some((mode, marks, _)) if !judge::may(&table, self.uid, &marks, mode, how) => {
                Err(judge::denied(what, at))
            }
            _ => Ok(()),
        }
    }

    /// Refuses unless the acting user may put another file at `at`, or take away what is there.
    pub(super) fn demand_folder(&self, at: &Utf8Path, what: &str) -> io::Result<()> {
        let (Some(table), Some(parent)) = (self.table()?, at.parent()) else { return Ok(()) };
        let Some((mode, marks, _)) = self.raw(parent, &table)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if judge::is_sealed(parent) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let allowed = judge::may(&table, self.uid, &marks, mode, Use::Write)
            && judge::may(&table, self.uid, &marks, mode, Use::Search)
            && !marks.immutable
            && (self.raw(at, &table)?.is_none()
                || judge::may_replace(self.uid, (&marks, mode), &table.get(at)));
        if allowed { Ok(()) } else { Err(judge::denied(what, at)) }
    }

    /// Mode and notes of what is at a path without links, and whether it is a folder.
    fn raw(&self, at: &Utf8Path, table: &Table) -> io::Result<Option<(u32, Marks, bool)>> {
        let Some(data) = absent_is_none(fs::symlink_metadata(self.host(at)))? else { return Ok(None) };
        let marks = table.get(at);
        Ok(Some((marks.mode.unwrap_or(data.mode() & 0o7777), marks, data.is_dir())))
    }

    pub(super) fn table(&self) -> io::Result<Option<Arc<Table>>> {
        self.owners.as_deref().map(Owners::table).transpose()
    }
}

/// What is not there, and what would lie in something that is no folder, as `None`.
pub(super) fn absent_is_none<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The width of the numbers of `statvfs` differs between systems.
fn wide(number: impl Into<u64>) -> u64 {
    number.into()
}

fn kind(data: &fs::Metadata) -> Kind {
    match data.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    }
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
