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
        let groups = groups(uid, self.admin);
        let mut todo: Vec<String> = names(path).rev().collect();
        let mut here = Utf8PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                here.pop();
                continue;
            }
            let folder = self.nodes.get(&here).ok_or(ErrorKind::NotFound)?;
            if folder.kind != Kind::Folder {
                return Err(ErrorKind::NotADirectory.into());
            }
            if !allows(folder, uid, &groups, Access::Execute) {
                return Err(ErrorKind::PermissionDenied.into());
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
        self.take_room(0, node.content.as_ref().map_or(0, Content::size))?;
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
        self.take_room(old.content.as_ref().map_or(0, Content::size), content.size())?;
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
        if !allows(old, uid, &groups(uid, self.admin), Access::Write) || old.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let before = match (&old.kind, &old.content) {
            (Kind::File, Some(Content::Bytes(before))) => before.len() as u64,
            (Kind::Folder, _) => return Err(ErrorKind::IsADirectory.into()),
            // A device takes what is written to it and keeps nothing.
            (Kind::Other, _) => return Ok(()),
            _ => return Err(ErrorKind::InvalidInput.into()),
        };
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
        if node.kind == Kind::Folder && self.below(&path).next().is_some() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        self.may_change_names(uid, &path)?;
        if node.immutable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let size = node.content.as_ref().map_or(0, Content::size);
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
mod tests {
    use super::*;
    use crate::sim::{Mac, Spec, SudoMode, USER, testing};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn bytes(text: &str) -> Content {
        Content::Bytes(text.as_bytes().to_vec())
    }

    fn disk() -> MemoryDisk {
        testing::mac().disk.memory().unwrap().clone()
    }

    fn write(disk: &mut MemoryDisk, uid: u32, path: &str, text: &str) -> Result<(), ErrorKind> {
        disk.write(uid, path.into(), bytes(text), 0o640, NOW).map_err(|error| error.kind())
    }

    #[test]
    fn a_new_file_belongs_to_its_maker_with_the_group_of_its_folder() {
        let mut disk = disk();
        write(&mut disk, USER, "/Users/lab/x", "one").unwrap();
        let node = disk.node("/Users/lab/x".into()).unwrap();
        assert_eq!((node.uid, node.gid, node.mode), (USER, permission::STAFF, 0o640));
        write(&mut disk, USER, "/tmp/x", "one").unwrap();
        assert_eq!(disk.node("/private/tmp/x".into()).unwrap().gid, 0);
    }

    #[test]
    fn a_file_that_is_replaced_keeps_owner_mode_and_xattrs_and_its_link() {
        let mut disk = disk();
        let node = Node {
            xattrs: [("k".to_owned(), "v".to_owned())].into(),
            ..Node::file(bytes("old"), 0o600, USER, 80, NOW)
        };
        disk.put("/Users/lab/real", node.clone());
        disk.put("/Users/lab/link", Node::link("real", USER, 20, NOW));
        write(&mut disk, USER, "/Users/lab/link", "new").unwrap();
        assert_eq!(
            disk.node("/Users/lab/real".into()).unwrap(),
            Node { content: Some(bytes("new")), ..node }
        );
        assert_eq!(disk.node("/Users/lab/link".into()).unwrap().kind, Kind::Link);
    }

    #[test]
    fn what_is_not_ones_own_is_refused_and_root_passes() {
        let mut disk = disk();
        assert_eq!(write(&mut disk, USER, "/Library/LaunchDaemons/x", ""), Err(ErrorKind::PermissionDenied));
        write(&mut disk, 0, "/Library/LaunchDaemons/x", "root's").unwrap();
        disk.chmod(0, "/Library/LaunchDaemons/x".into(), 0o600).unwrap();
        assert_eq!(
            disk.read(USER, "/Library/LaunchDaemons/x".into()).unwrap_err().kind(),
            ErrorKind::PermissionDenied
        );
        assert_eq!(write(&mut disk, USER, "/Library/LaunchDaemons/x", ""), Err(ErrorKind::PermissionDenied));
        assert_eq!(
            disk.list(USER, "/var/db/sudo/ts".into()).unwrap_err().kind(),
            ErrorKind::PermissionDenied
        );
        assert_eq!(disk.read(77, "/Users/lab/x".into()).unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(write(&mut disk, 0, "/usr/bin/x", ""), Err(ErrorKind::ReadOnlyFilesystem), "sealed");
        write(&mut disk, 0, "/usr/local/x", "").unwrap();
    }

    #[test]
    fn administrators_may_write_where_their_group_may() {
        assert_eq!(write(&mut disk(), USER, "/Applications/x", ""), Ok(()));
        let other = Mac::new(&Spec { sudo: SudoMode::Denied, ..testing::spec() }, 1);
        let mut other = other.disk.memory().unwrap().clone();
        assert_eq!(write(&mut other, USER, "/Applications/x", ""), Err(ErrorKind::PermissionDenied));
    }

    #[test]
    fn in_a_sticky_folder_only_owners_remove() {
        let mut disk = disk();
        write(&mut disk, 0, "/tmp/roots", "").unwrap();
        let refused = disk.remove(USER, "/tmp/roots".into(), NOW).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        write(&mut disk, USER, "/tmp/own", "").unwrap();
        disk.remove(USER, "/tmp/own".into(), NOW).unwrap();
    }

    #[test]
    fn an_immutable_file_stays_even_for_root() {
        let mut disk = disk();
        write(&mut disk, USER, "/Users/lab/x", "old").unwrap();
        disk.node_mut("/Users/lab/x").unwrap().immutable = true;
        for uid in [USER, 0] {
            assert_eq!(write(&mut disk, uid, "/Users/lab/x", "new"), Err(ErrorKind::PermissionDenied));
            assert!(disk.remove(uid, "/Users/lab/x".into(), NOW).is_err());
            assert!(disk.append(uid, "/Users/lab/x".into(), b"more", NOW).is_err());
        }
        assert_eq!(disk.read(USER, "/Users/lab/x".into()).unwrap(), bytes("old"));
    }

    #[test]
    fn folders_are_removed_when_empty_and_links_are_not_followed() {
        let mut disk = disk();
        disk.make_dir(USER, "/Users/lab/d".into(), 0o700, NOW).unwrap();
        write(&mut disk, USER, "/Users/lab/d/x", "").unwrap();
        disk.link(USER, "/Users/lab/l".into(), "d".into(), NOW).unwrap();
        let again = disk.make_dir(USER, "/Users/lab/d".into(), 0o700, NOW).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            disk.remove(USER, "/Users/lab/d".into(), NOW).unwrap_err().kind(),
            ErrorKind::DirectoryNotEmpty
        );
        disk.remove(USER, "/Users/lab/l".into(), NOW).unwrap();
        assert!(disk.node("/Users/lab/d/x".into()).is_some());
    }

    #[test]
    fn links_are_followed_to_their_end_and_loops_have_none() {
        let mut disk = disk();
        disk.link(USER, "/Users/lab/a".into(), "b".into(), NOW).unwrap();
        disk.link(USER, "/Users/lab/b".into(), "a".into(), NOW).unwrap();
        assert_eq!(disk.resolve("/Users/lab/a".into()), None);
        assert_eq!(disk.resolve("/tmp/../tmp".into()).unwrap(), "/private/tmp");
        assert_eq!(
            disk.resolve("/opt/homebrew/opt/ollama/bin/ollama".into()).unwrap(),
            "/opt/homebrew/Cellar/ollama/0.32.3/libexec/ollama"
        );
        assert_eq!(
            disk.list(USER, "/opt/homebrew/opt/ollama/".into()).unwrap(),
            ["INSTALL_RECEIPT.json", "bin", "libexec"]
        );
        write(&mut disk, USER, "/Users/lab/f", "").unwrap();
        assert_eq!(write(&mut disk, USER, "/Users/lab/f/x", ""), Err(ErrorKind::NotADirectory));
    }

    #[test]
    fn room_is_taken_given_back_and_comes_to_an_end() {
        let mut disk = disk();
        let before = disk.space().free;
        let made = |size| Content::Made { size, seed: 7 };
        disk.write(USER, "/tmp/x".into(), made(10_000), 0o600, NOW).unwrap();
        assert_eq!(before - disk.space().free, 12_288, "in blocks");
        disk.write(USER, "/tmp/x".into(), made(1), 0o600, NOW).unwrap();
        disk.remove(USER, "/tmp/x".into(), NOW).unwrap();
        assert_eq!(disk.space().free, before);
        let full = disk.write(USER, "/tmp/x".into(), made(before + 1), 0o600, NOW).unwrap_err();
        assert_eq!((full.kind(), disk.node("/tmp/x".into())), (ErrorKind::StorageFull, None));
    }

    #[test]
    fn made_content_is_the_same_whenever_it_is_looked_at() {
        let content = Content::Made { size: 100, seed: 3 };
        let bytes = Content::Bytes(content.bytes(100).unwrap().into_owned());
        assert_eq!((bytes.size(), bytes.digest()), (100, content.digest()));
        let large = Content::Made { size: 1 << 40, seed: 3 };
        assert_eq!((large.bytes(1 << 24), large.digest().len()), (None, 64));
        assert_ne!(large.digest(), Content::Made { size: 1 << 40, seed: 4 }.digest());
    }

    #[test]
    fn it_is_the_same_after_it_was_kept() {
        let mut disk = disk();
        disk.write(USER, "/tmp/x".into(), Content::Bytes(vec![0, 255, 10]), 0o600, NOW).unwrap();
        let text = serde_json::to_string(&disk).unwrap();
        assert_eq!(serde_json::from_str::<MemoryDisk>(&text).unwrap(), disk);
    }
}
