use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::programs::Programs;
use crate::{
    machine::{
        Kind, Space,
        local::{Files, Laid, Last, Marks},
    },
    sim::{Content, Disk, MemoryDisk, Node},
};

/// The files of a Mac in a folder: real ones. Owners, and what else this machine's file system may not know, are noted
/// beside the root; content that is only a size and a seed is a small file that stands for it.
pub(super) struct FolderDisk {
    files: Files,
    programs: Programs,
}

impl FolderDisk {
    pub(super) fn new(files: Files, programs: Programs) -> Self {
        Self { files, programs }
    }

    /// Lays out what `disk` holds in an empty root folder.
    pub(super) fn lay_out(&self, disk: &MemoryDisk) -> io::Result<()> {
        let mut notes = vec![];
        for (path, node) in disk.all() {
            let body = node.content.as_ref().map(|content| self.body(path, content));
            let laid = match (node.kind, &node.target) {
                (Kind::Folder, _) => Laid::Folder,
                (Kind::Link, Some(target)) => Laid::Link(target),
                _ => Laid::File(body.as_deref().unwrap_or_default()),
            };
            self.files.lay(path, laid, node.mode, node.modified)?;
            let real = self.files.real_mode(node.mode, node.kind == Kind::Folder);
            let Node { uid, gid, xattrs, acl, immutable, .. } = node.clone();
            let marks = Marks {
                uid,
                gid,
                mode: (node.kind != Kind::Link && node.mode != real).then_some(node.mode),
                kind: (node.kind == Kind::Other).then_some(node.kind),
                xattrs,
                acl,
                immutable,
                made: node.content.as_ref().and_then(made),
            };
            notes.push((path, marks));
        }
        self.note(|table| notes.into_iter().for_each(|(path, marks)| table.set(path, marks)))
    }

    /// Bytes that placeholders stand for.
    pub(super) fn held(&self) -> u64 {
        let table = self.files.owners().and_then(|owners| owners.table().ok());
        table.map_or(0, |table| {
            table.nodes.values().filter_map(|marks| marks.made).map(|(size, _)| size).sum()
        })
    }

    /// Changes what is noted.
    pub(super) fn note(&self, change: impl FnOnce(&mut crate::machine::local::Table)) -> io::Result<()> {
        self.files.owners().ok_or(io::ErrorKind::Unsupported)?.update(change)
    }

    /// What really stands in a file.
    fn body(&self, path: &Utf8Path, content: &Content) -> Vec<u8> {
        match content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Made { size, seed } => match self.programs.script(path) {
                Some(script) => script.into_bytes(),
                None => format!("stands for {size} bytes that follow from the seed {seed}\n").into_bytes(),
            },
        }
    }

    fn content(&self, uid: u32, at: &Utf8Path) -> io::Result<Content> {
        let bytes = self.files.by(uid).read_all(at)?;
        Ok(match self.files.marks(at)?.made {
            Some((size, seed)) => Content::Made { size, seed },
            None => Content::Bytes(bytes),
        })
    }

    fn seen(&self, path: &Utf8Path) -> io::Result<Option<Node>> {
        let files = self.files.by(0);
        let at = files.locate(path, Last::Kept)?;
        let Some(stat) = files.stat(&at)? else { return Ok(None) };
        let content = if stat.kind == Kind::File { Some(self.content(0, &at)?) } else { None };
        let Marks { xattrs, acl, immutable, .. } = files.marks(&at)?;
        Ok(Some(Node {
            kind: stat.kind,
            mode: if stat.kind == Kind::Link { 0o755 } else { stat.mode },
            uid: stat.uid,
            gid: stat.gid,
            modified: stat.modified,
            xattrs,
            acl,
            immutable,
            content,
            target: stat.target,
        }))
    }
}

fn made(content: &Content) -> Option<(u64, u64)> {
    match content {
        Content::Made { size, seed } => Some((*size, *seed)),
        Content::Bytes(_) => None,
    }
}

impl Disk for FolderDisk {
    fn node(&self, path: &Utf8Path) -> Option<Node> {
        self.seen(path).ok().flatten()
    }

    fn resolve(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        self.files.by(0).resolve(path).ok().flatten()
    }

    fn list(&self, uid: u32, path: &Utf8Path) -> io::Result<Vec<String>> {
        self.files.by(uid).list(path)
    }

    fn read(&self, uid: u32, path: &Utf8Path) -> io::Result<Content> {
        let at = self.files.by(uid).locate(path, Last::Followed)?;
        self.content(uid, &at)
    }

    fn digest(&self, uid: u32, path: &Utf8Path) -> io::Result<String> {
        self.read(uid, path).map(|content| content.digest())
    }

    fn write(
        &mut self,
        uid: u32,
        path: &Utf8Path,
        content: Content,
        mode: u32,
        now: Timestamp,
    ) -> io::Result<()> {
        let files = self.files.by(uid);
        let at = files.locate(path, Last::Followed)?;
        if self.space().free < content.size() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        files.write(&at, &self.body(&at, &content), mode)?;
        if let Some(made) = made(&content) {
            self.note(|table| {
                let marks = Marks { made: Some(made), ..table.get(&at) };
                table.set(&at, marks);
            })?;
        }
        self.files.by(0).stamp(&at, now)
    }

    fn append(&mut self, uid: u32, path: &Utf8Path, bytes: &[u8], now: Timestamp) -> io::Result<()> {
        self.files.by(uid).add(path, bytes, now)
    }

    fn make_dir(&mut self, uid: u32, path: &Utf8Path, mode: u32, _: Timestamp) -> io::Result<()> {
        self.files.by(uid).make_dir(path, mode)
    }

    fn link(&mut self, uid: u32, path: &Utf8Path, target: &Utf8Path, _: Timestamp) -> io::Result<()> {
        self.files.by(uid).link(path, target)
    }

    fn rename(&mut self, uid: u32, from: &Utf8Path, to: &Utf8Path, _: Timestamp) -> io::Result<()> {
        self.files.by(uid).rename(from, to)
    }

    fn remove(&mut self, uid: u32, path: &Utf8Path, _: Timestamp) -> io::Result<()> {
        self.files.by(uid).remove(path)
    }

    fn chown(&mut self, uid: u32, path: &Utf8Path, owner: u32, group: u32) -> io::Result<()> {
        self.files.by(uid).set_owner(path, owner, group)
    }

    fn chmod(&mut self, uid: u32, path: &Utf8Path, mode: u32) -> io::Result<()> {
        self.files.by(uid).set_mode(path, mode)
    }

    fn touch(&mut self, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
        self.files.by(uid).set_modified(path, now)
    }

    fn space(&self) -> Space {
        self.files.by(0).space(Utf8Path::new("/")).unwrap_or(Space { free: 0, total: 0 })
    }
}
