//! What a folder that stands for a Mac cannot say of its files itself: owners, and marks that its own file system may not know.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::machine::{Kind, Space};

/// The ordinary user of a Mac in a folder, and its first group (docs/mac-facts.md#admin-group).
pub const USER: u32 = 501;
const STAFF: u32 = 20;
const ADMIN: u32 = 80;

/// What is noted of one path.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits, where the real ones must be wider for the real owner to get at the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// What it stands for, when a plain file stands for something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Extended attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<String, String>,
    /// Whether it has an access-control list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acl: bool,
    /// Whether it is immutable (`uchg`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
    /// Size and seed of the content that a small placeholder stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<(u64, u64)>,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            uid: USER,
            gid: STAFF,
            mode: None,
            kind: None,
            xattrs: BTreeMap::new(),
            acl: false,
            immutable: false,
            made: None,
        }
    }
}

/// All that is noted beside the root folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// The groups of the ordinary user.
    pub groups: Vec<u32>,
    /// Bytes of the data volume, free (before placeholders are taken off) and in all; unknown: those of the real volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<(u64, u64)>,
    /// What is noted of each path; nothing: a file of the ordinary user's own.
    pub nodes: BTreeMap<Utf8PathBuf, Marks>,
}

impl Default for Table {
    fn default() -> Self {
        Self { groups: vec![STAFF, ADMIN], room: None, nodes: BTreeMap::new() }
    }
}

impl Table {
    /// What is noted of `path`, or what holds without a note.
    pub fn get(&self, path: &Utf8Path) -> Marks {
        self.nodes.get(path).cloned().unwrap_or_default()
    }

    /// Notes `marks`, or takes the note away when they say nothing.
    pub fn set(&mut self, path: &Utf8Path, marks: Marks) {
        if marks == Marks::default() {
            self.nodes.remove(path);
        } else {
            self.nodes.insert(path.to_owned(), marks);
        }
    }

    /// Room on the data volume, placeholders counted as what they stand for.
    pub fn space(&self) -> Option<Space> {
        let made: u64 = self.nodes.values().filter_map(|marks| marks.made).map(|(size, _)| size).sum();
        self.room.map(|(free, total)| Space { free: free.saturating_sub(made), total })
    }
}

/// Identity of one version of the file: it is only ever replaced, never changed in place.
type Version = (u64, i64, i64, u64);

/// `owners.json` beside the root folder, shared by all processes that work on this Mac.
#[derive(Debug)]
pub struct Owners {
    file: Utf8PathBuf,
    seen: Mutex<Option<(Version, Arc<Table>)>>,
}

impl Owners {
    /// Those of the Mac whose root folder this is.
    pub(super) fn beside(root: &Utf8Path) -> Self {
        Self { file: root.with_file_name("owners.json"), seen: Mutex::new(None) }
    }

    /// What is noted now.
    pub fn table(&self) -> io::Result<Arc<Table>> {
        let version = match fs::metadata(&self.file) {
            Ok(data) => (data.ino(), data.mtime(), data.mtime_nsec(), data.size()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(error),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, table)) = &*seen
            && *known == version
        {
            return Ok(table.clone());
        }
        let table: Table = serde_json::from_slice(&fs::read(&self.file)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", self.file)))?;
        let table = Arc::new(table);
        *seen = Some((version, table.clone()));
        Ok(table)
    }

    /// Changes what is noted, one process at a time.
    pub fn update(&self, change: impl FnOnce(&mut Table)) -> io::Result<()> {
        let lock = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.file.with_extension("lock"))?;
        lock.lock()?;
        let mut table = Table::clone(&*self.table()?);
        change(&mut table);
        super::replace::quickly(&self.file, &serde_json::to_vec_pretty(&table)?)
    }
}
