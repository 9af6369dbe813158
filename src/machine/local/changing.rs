//! Changing the files of a machine.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
};

use camino::Utf8Path;

use super::{Files, Last, Marks, judge, replace};
use crate::machine::Kind;

impl Files {
    /// Puts a file in place as a new inode: see [`crate::machine::Change::Write`].
    pub fn write(&self, path: &Utf8Path, content: &[u8], mode: u32) -> io::Result<()> {
        self.put(path, content, |former| former.unwrap_or(mode))
    }

    /// The same with a file that only its owner can read, whatever was there before.
    pub fn write_closed(&self, path: &Utf8Path, content: &[u8]) -> io::Result<()> {
        self.put(path, content, |_| 0o600)
    }

    fn put(&self, path: &Utf8Path, content: &[u8], mode: impl Fn(Option<u32>) -> u32) -> io::Result<()> {
        let at = self.locate(path, Last::Followed)?;
        let former = self.stat(&at)?;
        match former.as_ref().map(|former| former.kind) {
            None | Some(Kind::File) => {}
            Some(Kind::Folder) => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
        }
        self.demand_folder(&at, "write")?;
        if former.is_some() {
            self.refuse_held(&at)?;
        }
        let folder_gid = at.parent().and_then(|folder| self.stat(folder).ok()?).map(|folder| folder.gid);
        if let (Some(table), Some(former)) = (self.table()?, &former)
            && !judge::may_give(&table, self.user(), former, folder_gid)
        {
            return Err(judge::denied("replace", &at));
        }
        let mode = mode(former.as_ref().map(|former| former.mode));
        replace::file(&self.host(&at), content, self.real_mode(mode, false), former.is_some())?;
        self.no_placeholder(&at)?;
        self.note(&at, mode, former.is_none())
    }

    /// Makes one folder; `AlreadyExists` when anything is there.
    pub fn make_dir(&self, path: &Utf8Path, mode: u32) -> io::Result<()> {
        let at = self.locate(path, Last::Kept)?;
        let host = self.host(&at);
        if fs::symlink_metadata(&host).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.demand_folder(&at, "write")?;
        // Narrow at first: whatever the umask takes away or leaves, nobody else gets in before the mode is set.
        fs::DirBuilder::new().mode(0o700).create(&host)?;
        fs::set_permissions(&host, fs::Permissions::from_mode(self.real_mode(mode, true)))?;
        replace::sync_folder_of(&host)?;
        self.note(&at, mode, true)
    }

    /// Makes the folders above `path` that are missing, for the user alone.
    pub fn make_own_folders(&self, path: &Utf8Path) -> io::Result<()> {
        let mut missing = vec![];
        for above in path.ancestors().skip(1) {
            if self.stat(above)?.is_some() {
                break;
            }
            missing.push(above);
        }
        missing.into_iter().rev().try_for_each(|folder| match self.make_dir(folder, 0o700) {
            // Another forgectl that has just begun made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        })
    }

    /// Moves a file or a link, with all that is known of it, to where nothing is.
    pub fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let (from, to) = (self.locate(from, Last::Kept)?, self.locate(to, Last::Kept)?);
        let (old, new) = (self.host(&from), self.host(&to));
        if fs::symlink_metadata(&old)?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if fs::symlink_metadata(&new).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.demand_folder(&from, "move")?;
        if self.table()?.is_some_and(|table| table.get(&from).immutable) {
            return Err(judge::denied("move: it is immutable", &from));
        }
        self.demand_folder(&to, "write")?;
        fs::rename(&old, &new)?;
        replace::sync_folder_of(&old)?;
        replace::sync_folder_of(&new)?;
        match self.owners() {
            Some(owners) => owners.update(|table| {
                if let Some(marks) = table.nodes.remove(&from) {
                    table.nodes.insert(to, marks);
                }
            }),
            None => Ok(()),
        }
    }

    /// Removes a file, a link or an empty folder; `NotFound` when nothing is there.
    pub fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        let at = self.locate(path, Last::Kept)?;
        if at == "/" {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is the root folder"));
        }
        let host = self.host(&at);
        let data = fs::symlink_metadata(&host)?;
        self.demand_folder(&at, "remove")?;
        if self.table()?.is_some_and(|table| table.get(&at).immutable) {
            return Err(judge::denied("remove: it is immutable", &at));
        }
        if data.is_dir() {
            fs::remove_dir(&host)?;
        } else {
            fs::remove_file(&host)?;
        }
        replace::sync_folder_of(&host)?;
        match self.owners() {
            Some(owners) if owners.table()?.nodes.contains_key(&at) => {
                owners.update(|table| drop(table.nodes.remove(&at)))
            }
            _ => Ok(()),
        }
    }

    /// Removes a folder with all in it and follows no link; `NotFound` when nothing is there.
    pub fn remove_tree(&self, path: &Utf8Path) -> io::Result<()> {
        let at = self.locate(path, Last::Kept)?;
        let host = self.host(&at);
        let data = fs::symlink_metadata(&host)?;
        if !data.is_dir() || at == "/" {
            return self.remove(&at);
        }
        if self.owners().is_none() {
            fs::remove_dir_all(&host)?;
            return replace::sync_folder_of(&host);
        }
        for name in self.list(&at)? {
            self.remove_tree(&at.join(name))?;
        }
        self.remove(&at)
    }

    /// Notes that what is at `at` stands for nothing but itself.
    fn no_placeholder(&self, at: &Utf8Path) -> io::Result<()> {
        match self.owners() {
            Some(owners) if owners.table()?.get(at).made.is_some() => {
                owners.update(|table| table.set(at, Marks { made: None, ..table.get(at) }))
            }
            _ => Ok(()),
        }
    }

    /// Notes owner and mode of what the acting user has just put at `at`; a new one gets the group of its folder.
    pub(super) fn note(&self, at: &Utf8Path, mode: u32, new: bool) -> io::Result<()> {
        let Some(owners) = self.owners() else { return Ok(()) };
        let table = owners.table()?;
        let former = table.get(at);
        let mut marks = if new {
            let gid = at.parent().map_or(former.gid, |folder| table.get(folder).gid);
            Marks { uid: self.user(), gid, ..Marks::default() }
        } else {
            former.clone()
        };
        let real = fs::symlink_metadata(self.host(at))?;
        marks.mode =
            (real.is_file() || real.is_dir()).then_some(mode).filter(|mode| *mode != real.mode() & 0o7777);
        if marks == former { Ok(()) } else { owners.update(|table| table.set(at, marks)) }
    }

    /// The permission bits that a file of a Mac in a folder really gets: its real owner must get at it, and no
    /// real program may change its user.
    pub fn real_mode(&self, mode: u32, folder: bool) -> u32 {
        match (self.owners(), folder) {
            (None, _) => mode,
            (Some(_), true) => mode & 0o1777 | 0o700,
            (Some(_), false) => mode & 0o777 | 0o600,
        }
    }

    /// Refuses a file whose place in the file system says more than forgectl can put back.
    fn refuse_held(&self, at: &Utf8Path) -> io::Result<()> {
        let marks = self.table()?.map(|table| table.get(at)).unwrap_or_default();
        let held = match (marks.acl, marks.immutable) {
            (true, _) => Some(replace::Held::Acl),
            (_, true) => Some(replace::Held::Immutable),
            _ => replace::held(&self.host(at))?,
        };
        held.map_or(Ok(()), |held| Err(held.refusal()))
    }
}
