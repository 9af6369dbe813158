use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    ops::Bound,
};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Content, Disk, Node,
    permission::{self, Access, allows, groups, is_sealed},
};
use crate::machine::{Kind, Space};

/// How many links a path may go through (`MAXSYMLINKS`).
const MAX_LINKS: usize = 32;

/// Bytes of the longest path, without the zero behind it (`PATH_MAX`), and of the longest name in one (`NAME_MAX`).
const LONGEST_PATH: usize = 1023;
const LONGEST_NAME: usize = 255;

/// Files are stored in blocks of so many bytes.
const BLOCK: u64 = 4096;

/// The files of a simulated Mac, in memory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct MemoryDisk {
    nodes: BTreeMap<Utf8PathBuf, Node>,
    /// Whether the ordinary user is an administrator.
    admin: bool,
    free: u64,
    total: u64,
}

impl MemoryDisk {
    /// A disk with nothing but the root folder on it. `admin` says whether the ordinary user is an administrator.
    pub fn new(admin: bool, free: u64, total: u64, now: Timestamp) -> Self {
        let root = Node::folder(0o755, 0, 0, now);
        Self { nodes: BTreeMap::from([("/".into(), root)]), admin, free, total: total.max(free) }
    }

    /// Puts `node` at `path` as it is, whatever the permissions; links in the parents are followed, and no
    /// room is used up: for what is there from the start, and for tests.
    pub fn put(&mut self, path: impl AsRef<Utf8Path>, node: Node) {
        let path = self.real_parent(path.as_ref()).unwrap_or_else(|_| path.as_ref().to_owned());
        self.nodes.insert(path, node);
    }

    /// What is at `path`, to be changed whatever the permissions.
    pub fn node_mut(&mut self, path: impl AsRef<Utf8Path>) -> Option<&mut Node> {
        let path = self.real_parent(path.as_ref()).ok()?;
        self.nodes.get_mut(&path)
    }

    /// Sets the room that is left.
    pub fn set_free(&mut self, bytes: u64) {
        self.free = bytes.min(self.total);
    }

    /// All that is there, sorted.
    pub fn all(&self) -> impl Iterator<Item = (&Utf8Path, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// `path` with the links of its parents followed, whether or not its last name is there.
    fn real_parent(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        self.walk(0, path, false)
    }

    /// Goes along `path` as `uid`; follows the last name's link too when `last` says so. The last name need
    /// not be there.
    fn walk(&self, uid: u32, path: &Utf8Path, last: bool) -> io::Result<Utf8PathBuf> {
        if !path.is_absolute() {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("`{path}` is not absolute")));
        }
        if path.as_str().len() > LONGEST_PATH || names(path).any(|name| name.len() > LONGEST_NAME) {
            return Err(ErrorKind::InvalidFilename.into());
        }
        let groups = groups(uid, self.admin);
        let mut todo: Vec<String> = names(path).rev().collect();
        let mut here = Utf8PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = todo.pop() {
            let folder = self.nodes.get(&here).ok_or(ErrorKind::NotFound)?;
            if folder.kind != Kind::Folder {
                return Err(ErrorKind::NotADirectory.into());
            }
            if !allows(folder, uid, &groups, Access::Execute) {
                return Err(ErrorKind::PermissionDenied.into());
            }
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            match self.nodes.get(&next) {
                Some(Node { kind: Kind::Link, target: Some(target), .. }) if last || !todo.is_empty() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("too many levels of symbolic links"));
                    }
                    todo.extend(names(target).rev());
                    if target.is_absolute() {
                        here = "/".into();
                    }
                }
                Some(_) => here = next,
                None if todo.is_empty() => here = next,
                None => return Err(ErrorKind::NotFound.into()),
            }
        }
        Ok(here)
    }

    /// Judges whether `uid` may add, replace or remove names in the folder of `path`.
    fn may_change_names(&self, uid: u32, path: &Utf8Path) -> io::Result<&Node> {
        let folder = path.parent().and_then(|parent| self.nodes.get(parent)).ok_or(ErrorKind::NotFound)?;
        if is_sealed(path.parent().unwrap_or(path)) {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        let allowed = allows(folder, uid, &groups(uid, self.admin), Access::Write);
        let foreign = self.nodes.get(path).is_some_and(|node| node.uid != uid && folder.uid != uid);
        if !allowed || folder.immutable || (folder.mode & 0o1000 != 0 && foreign && uid != 0) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(folder)
    }

    /// Judges whether `uid` may change owner, mode or times of what is at `path`; answers with its real path.
    fn may_change_node(&self, uid: u32, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let path = self.walk(uid, path, true)?;
        let node = self.nodes.get(&path).ok_or(ErrorKind::NotFound)?;
        if is_sealed(&path) {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        if (uid != 0 && node.uid != uid) || node.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(path)
    }

    /// Puts a node that is not there yet.
    fn make(&mut self, uid: u32, path: &Utf8Path, mut node: Node, now: Timestamp) -> io::Result<()> {
        if self.nodes.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        node.gid = self.may_change_names(uid, path)?.gid;
        self.take_room(0, node.content.as_ref().map_or(0, Content::held))?;
        self.nodes.insert(path.to_owned(), node);
        self.folder_changed(path, now);
        Ok(())
    }

    fn take_room(&mut self, before: u64, after: u64) -> io::Result<()> {
        let [before, after] = [before, after].map(|bytes| bytes.div_ceil(BLOCK) * BLOCK);
        let room = self.free.saturating_add(before);
        self.free = room.checked_sub(after).ok_or(ErrorKind::StorageFull)?.min(self.total);
        Ok(())
    }

    fn folder_changed(&mut self, path: &Utf8Path, now: Timestamp) {
        if let Some(folder) = path.parent().and_then(|parent| self.nodes.get_mut(parent)) {
            folder.modified = now;
        }
    }

    fn below<'d>(&'d self, path: &'d Utf8Path) -> impl Iterator<Item = &'d Utf8Path> {
        self.nodes
            .range::<Utf8Path, _>((Bound::Excluded(path), Bound::Unbounded))
            .map(|(below, _)| below.as_path())
            .take_while(move |below| below.starts_with(path))
    }

    fn readable(&self, uid: u32, path: &Utf8Path) -> io::Result<&Content> {
        let path = self.walk(uid, path, true)?;
        let node = self.nodes.get(&path).ok_or(ErrorKind::NotFound)?;
        if !allows(node, uid, &groups(uid, self.admin), Access::Read) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        match (node.kind, &node.content) {
            (Kind::File, Some(content)) => Ok(content),
            (Kind::Folder, _) => Err(ErrorKind::IsADirectory.into()),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }
}

fn names(path: &Utf8Path) -> impl DoubleEndedIterator<Item = String> {
    path.components().filter_map(|component| match component {
        Utf8Component::Normal(name) => Some(name.to_owned()),
        Utf8Component::ParentDir => Some("..".to_owned()),
        _ => None,
    })
}

impl Disk for MemoryDisk {
    fn node(&self, path: &Utf8Path) -> Option<Node> {
        self.nodes.get(&self.walk(0, path, false).ok()?).cloned()
    }

    fn resolve(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let path = self.walk(0, path, true).ok()?;
        self.nodes.contains_key(&path).then_some(path)
    }

    fn list(&self, uid: u32, path: &Utf8Path) -> io::Result<Vec<String>> {
        let path = self.walk(uid, path, true)?;
        let node = self.nodes.get(&path).ok_or(ErrorKind::NotFound)?;
        if node.kind != Kind::Folder {
            return Err(ErrorKind::NotADirectory.into());
        }
        if !allows(node, uid, &groups(uid, self.admin), Access::Read) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let mut names: Vec<String> = self
            .below(&path)
            .filter(|below| below.parent() == Some(&path))
            .filter_map(Utf8Path::file_name)
            .map(str::to_owned)
            .collect();
        names.sort();
        Ok(names)
    }

    fn read(&self, uid: u32, path: &Utf8Path) -> io::Result<Content> {
        self.readable(uid, path).cloned()
    }

    fn digest(&self, uid: u32, path: &Utf8Path) -> io::Result<String> {
        self.readable(uid, path).map(Content::digest)
    }

    fn write(
        &mut self,
        uid: u32,
        path: &Utf8Path,
        content: Content,
        mode: u32,
        now: Timestamp,
    ) -> io::Result<()> {
        let path = self.walk(uid, path, true)?;
        let Some(old) = self.nodes.get(&path) else {
            let node = Node::file(content, mode, uid, permission::STAFF, now);
            return self.make(uid, &path, node, now);
        };
        match old.kind {
            Kind::File => {}
            Kind::Folder => return Err(ErrorKind::IsADirectory.into()),
            Kind::Link | Kind::Other => return Err(ErrorKind::InvalidInput.into()),
        }
        let folder = self.may_change_names(uid, &path)?;
        // The new inode has the folder's group. Only root can hand it to another owner, or to a group that the caller is not in.
        let groups = groups(uid, self.admin);
        let kept = old.uid == uid && (old.gid == folder.gid || groups.contains(&old.gid));
        if old.immutable || (uid != 0 && !kept) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        self.take_room(old.content.as_ref().map_or(0, Content::held), content.held())?;
        if let Some(node) = self.nodes.get_mut(&path) {
            node.content = Some(content);
            node.modified = now;
        }
        self.folder_changed(&path, now);
        Ok(())
    }

    fn append(&mut self, uid: u32, path: &Utf8Path, bytes: &[u8], now: Timestamp) -> io::Result<()> {
        let path = self.walk(uid, path, true)?;
        let Some(old) = self.nodes.get(&path) else {
            let content = Content::Bytes(bytes.to_owned());
            return self.make(uid, &path, Node::file(content, 0o644, uid, permission::STAFF, now), now);
        };
        let before = match (&old.kind, &old.content) {
            (Kind::File, _) if is_sealed(&path) => return Err(ErrorKind::ReadOnlyFilesystem.into()),
            (Kind::Folder, _) => return Err(ErrorKind::IsADirectory.into()),
            // A device takes what is written to it and keeps nothing.
            (Kind::Other, _) => return Ok(()),
            (Kind::File, Some(Content::Bytes(before))) => Some(before.len() as u64),
            _ => None,
        };
        if !allows(old, uid, &groups(uid, self.admin), Access::Write) || old.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let before = before.ok_or(ErrorKind::InvalidInput)?;
        self.take_room(before, before + bytes.len() as u64)?;
        if let Some(node) = self.nodes.get_mut(&path) {
            if let Some(Content::Bytes(content)) = &mut node.content {
                content.extend_from_slice(bytes);
            }
            node.modified = now;
        }
        Ok(())
    }

    fn make_dir(&mut self, uid: u32, path: &Utf8Path, mode: u32, now: Timestamp) -> io::Result<()> {
        let path = self.walk(uid, path, false)?;
        self.make(uid, &path, Node::folder(mode, uid, permission::STAFF, now), now)
    }

    fn link(&mut self, uid: u32, path: &Utf8Path, target: &Utf8Path, now: Timestamp) -> io::Result<()> {
        let path = self.walk(uid, path, false)?;
        self.make(uid, &path, Node::link(target, uid, permission::STAFF, now), now)
    }

    fn rename(&mut self, uid: u32, from: &Utf8Path, to: &Utf8Path, now: Timestamp) -> io::Result<()> {
        let (from, to) = (self.walk(uid, from, false)?, self.walk(uid, to, false)?);
        let node = self.nodes.get(&from).ok_or(ErrorKind::NotFound)?;
        if node.kind == Kind::Folder {
            return Err(ErrorKind::IsADirectory.into());
        }
        if self.nodes.contains_key(&to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if node.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        self.may_change_names(uid, &from)?;
        self.may_change_names(uid, &to)?;
        if let Some(node) = self.nodes.remove(&from) {
            self.nodes.insert(to.clone(), node);
        }
        self.folder_changed(&from, now);
        self.folder_changed(&to, now);
        Ok(())
    }

    fn remove(&mut self, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
        let path = self.walk(uid, path, false)?;
        let node = self.nodes.get(&path).ok_or(ErrorKind::NotFound)?;
        if path == "/" {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.may_change_names(uid, &path)?;
        if node.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        if node.kind == Kind::Folder && self.below(&path).next().is_some() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        let size = node.content.as_ref().map_or(0, Content::held);
        self.nodes.remove(&path);
        self.take_room(size, 0)?;
        self.folder_changed(&path, now);
        Ok(())
    }

    fn chown(&mut self, uid: u32, path: &Utf8Path, owner: u32, group: u32) -> io::Result<()> {
        let path = self.may_change_node(uid, path)?;
        let own = groups(uid, self.admin);
        if let Some(node) = self.nodes.get_mut(&path) {
            if uid != 0 && (owner != node.uid || (group != node.gid && !own.contains(&group))) {
                return Err(ErrorKind::PermissionDenied.into());
            }
            (node.uid, node.gid) = (owner, group);
        }
        Ok(())
    }

    fn chmod(&mut self, uid: u32, path: &Utf8Path, mode: u32) -> io::Result<()> {
        let path = self.may_change_node(uid, path)?;
        if let Some(node) = self.nodes.get_mut(&path) {
            node.mode = mode & 0o7777;
        }
        Ok(())
    }

    fn touch(&mut self, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
        let path = self.may_change_node(uid, path)?;
        if let Some(node) = self.nodes.get_mut(&path) {
            node.modified = now;
        }
        Ok(())
    }

    fn space(&self) -> Space {
        Space { free: self.free, total: self.total }
    }

    fn memory(&self) -> Option<&MemoryDisk> {
        Some(self)
    }

    fn memory_mut(&mut self) -> Option<&mut MemoryDisk> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
