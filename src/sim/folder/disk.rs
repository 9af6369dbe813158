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
            Content::Sparse { size, held } => format!("stands for {held} of {size} bytes\n").into_bytes(),
            Content::Declared { size, sha256 } => {
                format!("stands for {size} bytes with the SHA-256 {sha256}\n").into_bytes()
            }
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
            born: stat.born,
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
        Content::Bytes(_) | Content::Sparse { .. } | Content::Declared { .. } => None,
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
        let at = self.files.by(uid).locate(path, Last::Followed)?;
        match self.files.marks(&at)?.made {
            Some((size, seed)) => Ok(Content::Made { size, seed }.digest()),
            None => self.files.by(uid).digest(&at),
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_603_600, 0);

    /// Something that is done to a disk.
    #[derive(Clone, Debug)]
    enum Act {
        Write(Utf8PathBuf, u32),
        Made(Utf8PathBuf),
        Append(Utf8PathBuf),
        MakeDir(Utf8PathBuf, u32),
        Link(Utf8PathBuf, Utf8PathBuf),
        Rename(Utf8PathBuf, Utf8PathBuf),
        Remove(Utf8PathBuf),
        Chown(Utf8PathBuf, u32, u32),
        Chmod(Utf8PathBuf, u32),
        Touch(Utf8PathBuf),
        Read(Utf8PathBuf),
        List(Utf8PathBuf),
    }

    fn act(disk: &mut dyn Disk, uid: u32, act: &Act) -> Result<String, io::ErrorKind> {
        let bytes = || Content::Bytes(b"bytes".to_vec());
        let done = match act {
            Act::Write(path, mode) => disk.write(uid, path, bytes(), *mode, NOW),
            Act::Made(path) => disk.write(uid, path, Content::Made { size: 1 << 30, seed: 7 }, 0o644, NOW),
            Act::Append(path) => disk.append(uid, path, b"more", NOW),
            Act::MakeDir(path, mode) => disk.make_dir(uid, path, *mode, NOW),
            Act::Link(path, target) => disk.link(uid, path, target, NOW),
            Act::Rename(from, to) => disk.rename(uid, from, to, NOW),
            Act::Remove(path) => disk.remove(uid, path, NOW),
            Act::Chown(path, owner, group) => disk.chown(uid, path, *owner, *group),
            Act::Chmod(path, mode) => disk.chmod(uid, path, *mode),
            Act::Touch(path) => disk.touch(uid, path, NOW),
            Act::Read(path) => return answer(disk.read(uid, path)),
            Act::List(path) => return answer(disk.list(uid, path)),
        };
        answer(done)
    }

    fn answer<T: std::fmt::Debug>(done: io::Result<T>) -> Result<String, io::ErrorKind> {
        done.map(|found| format!("{found:?}")).map_err(|error| error.kind())
    }

    /// All that is there, without times: a real file system keeps its own for folders and links.
    fn all(disk: &dyn Disk) -> Vec<(Utf8PathBuf, Node)> {
        let (mut all, mut todo) = (vec![], vec![Utf8PathBuf::from("/")]);
        while let Some(path) = todo.pop() {
            let node = disk.node(&path).expect("listed, so there");
            if node.kind == Kind::Folder {
                todo.extend(disk.list(0, &path).expect("root may").into_iter().map(|name| path.join(name)));
            }
            all.push((path, Node { modified: NOW, born: None, ..node }));
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn fresh() -> MemoryDisk {
        let mut disk = MemoryDisk::new(true, 1 << 40, 1 << 41, NOW);
        for (path, mode, uid, gid) in [
            ("/Users", 0o755, 0, 80),
            ("/Users/lab", 0o750, 501, 20),
            ("/private", 0o755, 0, 0),
            ("/private/tmp", 0o1777, 0, 0),
            ("/usr", 0o755, 0, 0),
            ("/usr/bin", 0o755, 0, 0),
            ("/opt", 0o775, 501, 80),
        ] {
            disk.put(path, Node::folder(mode, uid, gid, NOW));
        }
        disk.put("/tmp", Node::link("private/tmp", 0, 0, NOW));
        let held = Node::file(Content::Bytes(b"held".to_vec()), 0o644, 501, 20, NOW);
        disk.put("/Users/lab/held", Node { immutable: true, ..held.clone() });
        disk.put("/private/tmp/roots", Node { uid: 0, gid: 0, ..held });
        disk.put("/usr/bin/tool", Node::file(Content::Made { size: 134_000, seed: 1 }, 0o4755, 0, 0, NOW));
        disk
    }

    fn path() -> impl Strategy<Value = Utf8PathBuf> {
        const FOLDERS: [&str; 8] =
            ["/Users/lab", "/tmp", "/opt", "/usr/bin", "/", "/Users/lab/a", "/tmp/a/b", "/opt/a"];
        const NAMES: [&str; 7] = ["a", "b", "held", "roots", "tool", "../a", ""];
        let (folder, name) = (prop::sample::select(&FOLDERS[..]), prop::sample::select(&NAMES[..]));
        (folder, name).prop_map(|(folder, name)| Utf8PathBuf::from(format!("{folder}/{name}")))
    }

    fn mode() -> impl Strategy<Value = u32> {
        prop_oneof![
            Just(0o644),
            Just(0o600),
            Just(0o755),
            Just(0o000),
            Just(0o1777),
            Just(0o4755),
            Just(0o070)
        ]
    }

    fn id() -> impl Strategy<Value = u32> {
        prop::sample::select(&[0, 501, 20, 80, 7][..])
    }

    fn acts() -> impl Strategy<Value = Act> {
        prop_oneof![
            (path(), mode()).prop_map(|(path, mode)| Act::Write(path, mode)),
            path().prop_map(Act::Made),
            path().prop_map(Act::Append),
            (path(), mode()).prop_map(|(path, mode)| Act::MakeDir(path, mode)),
            (path(), path()).prop_map(|(path, target)| Act::Link(path, target)),
            (path(), path()).prop_map(|(from, to)| Act::Rename(from, to)),
            path().prop_map(Act::Remove),
            (path(), id(), id()).prop_map(|(path, owner, group)| Act::Chown(path, owner, group)),
            (path(), mode()).prop_map(|(path, mode)| Act::Chmod(path, mode)),
            path().prop_map(Act::Touch),
            path().prop_map(Act::Read),
            path().prop_map(Act::List),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_folder_is_as_strict_as_memory(
            acts in prop::collection::vec((prop_oneof![Just(0_u32), Just(501)], acts()), 1..30)
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let root = Utf8Path::from_path(folder.path()).expect("UTF-8").join("root");
            let mut memory = fresh();
            let programs = Programs { forgectl: "/forgectl".into(), folder: "/mac".into() };
            Files::here().make_dir(&root, 0o700).expect("a root");
            let mut real = FolderDisk::new(Files::under(&root), programs);
            real.lay_out(&memory).expect("laid out");
            let (groups, space) = (crate::sim::permission::groups(501, true), memory.space());
            let held = real.held();
            real.note(|table| (table.groups, table.room) = (groups, Some((space.free + held, space.total))))
                .expect("noted");
            prop_assert_eq!(all(&real), all(&memory));
            for (uid, one) in &acts {
                let [told, meant] = [act(&mut real, *uid, one), act(&mut memory, *uid, one)];
                prop_assert_eq!(told, meant, "{:?} by {}", one, uid);
            }
            prop_assert_eq!(all(&real), all(&memory));
        }
    }
}
