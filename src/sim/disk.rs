use std::{borrow::Cow, collections::BTreeMap, io};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    machine::{Kind, Space, Stat},
    value::hex,
};

/// What a file holds: bytes, or for gigabytes a size and a seed that the bytes follow from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// These bytes, kept as text where they are UTF-8.
    Bytes(#[serde(with = "super::disk::bytes_as_text")] Vec<u8>),
    /// So many bytes that follow from `seed`.
    Made {
        /// Bytes.
        size: u64,
        /// What they follow from: the same seed and size, the same content.
        seed: u64,
    },
    /// So many bytes with holes in them, as a file that is being fetched has.
    Sparse {
        /// Bytes, holes and all.
        size: u64,
        /// Bytes that are no hole.
        held: u64,
    },
    /// What only its size and SHA-256 are known of.
    Declared {
        /// Bytes.
        size: u64,
        /// In lower-case hex.
        sha256: String,
    },
}

impl Content {
    /// How many bytes it is.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Made { size, .. } | Self::Sparse { size, .. } | Self::Declared { size, .. } => *size,
        }
    }

    /// How much room it takes up.
    pub fn held(&self) -> u64 {
        match self {
            Self::Sparse { held, .. } => *held,
            other => other.size(),
        }
    }

    /// The bytes themselves, when they are at most `most`.
    pub fn bytes(&self, most: u64) -> Option<Cow<'_, [u8]>> {
        match self {
            _ if self.size() > most => None,
            Self::Sparse { .. } | Self::Declared { .. } => None,
            Self::Bytes(bytes) => Some(bytes.into()),
            Self::Made { size, seed } => Some(made(*seed).take(usize::try_from(*size).ok()?).collect()),
        }
    }

    /// A short text that tells this content from any other: for made content what it follows from, which costs no hashing.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Bytes(_) | Self::Sparse { .. } | Self::Declared { .. } => {
                self.digest().chars().take(12).collect()
            }
            Self::Made { seed, .. } => format!("made from {seed}"),
        }
    }

    /// SHA-256 in lower-case hex. Made content that is too large to be read stands for itself by size and seed.
    pub fn digest(&self) -> String {
        let sum = match (self, self.bytes(LARGEST_READ)) {
            (_, Some(bytes)) => Sha256::digest(bytes),
            (Self::Made { size, seed }, None) => Sha256::digest(format!("{size} bytes from {seed}")),
            (Self::Sparse { size, held }, None) => Sha256::digest(format!("{held} of {size} bytes")),
            (Self::Bytes(bytes), None) => Sha256::digest(bytes),
            (Self::Declared { sha256, .. }, None) => return sha256.clone(),
        };
        hex(&sum)
    }
}

/// No look reads a larger file (see [`crate::machine::Query::Read`]).
pub(super) const LARGEST_READ: u64 = 16 << 20;

/// The bytes that follow from a seed (`SplitMix64`).
fn made(seed: u64) -> impl Iterator<Item = u8> {
    (1_u64..).flat_map(move |nth| {
        let mut word = seed.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)).to_le_bytes()
    })
}

/// What is at one path.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// File, folder, link or device.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When its content last changed.
    pub modified: Timestamp,
    /// When it was made.
    #[serde(default)]
    pub born: Option<Timestamp>,
    /// Extended attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<String, String>,
    /// Whether it has an access-control list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acl: bool,
    /// Whether it is immutable (`uchg`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
    /// What a file holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Where a link points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Utf8PathBuf>,
}

impl Node {
    fn new(kind: Kind, mode: u32, uid: u32, gid: u32, modified: Timestamp) -> Self {
        Self {
            kind,
            mode: mode & 0o7777,
            uid,
            gid,
            modified,
            born: Some(modified),
            xattrs: BTreeMap::new(),
            acl: false,
            immutable: false,
            content: None,
            target: None,
        }
    }

    /// A file.
    pub fn file(content: Content, mode: u32, uid: u32, gid: u32, modified: Timestamp) -> Self {
        Self { content: Some(content), ..Self::new(Kind::File, mode, uid, gid, modified) }
    }

    /// A folder.
    pub fn folder(mode: u32, uid: u32, gid: u32, modified: Timestamp) -> Self {
        Self::new(Kind::Folder, mode, uid, gid, modified)
    }

    /// A symbolic link; its mode says nothing.
    pub fn link(target: impl Into<Utf8PathBuf>, uid: u32, gid: u32, modified: Timestamp) -> Self {
        Self { target: Some(target.into()), ..Self::new(Kind::Link, 0o755, uid, gid, modified) }
    }

    /// A device.
    pub fn device(mode: u32, uid: u32, gid: u32, modified: Timestamp) -> Self {
        Self::new(Kind::Other, mode, uid, gid, modified)
    }

    /// What a look at it answers.
    pub fn stat(self) -> Stat {
        let size = match (&self.content, &self.target) {
            (Some(content), _) => content.size(),
            (None, Some(target)) => target.as_str().len() as u64,
            (None, None) => 0,
        };
        Stat {
            kind: self.kind,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            size,
            modified: self.modified,
            born: self.born,
            target: self.target,
        }
    }
}

/// The files of a simulated Mac, in memory or in a folder. All paths are absolute and those of the Mac. Methods
/// that take `uid` judge permissions for that user as the Mac's kernel would, root (0) passing; errors are those that a real
/// file system gives (`NotFound`, `PermissionDenied`, `AlreadyExists`, `DirectoryNotEmpty`, `NotADirectory`, `StorageFull`).
/// Links in the parent folders are followed, the last name's only where a method says so.
pub trait Disk: Send {
    /// What is at `path`, the last link not followed.
    fn node(&self, path: &Utf8Path) -> Option<Node>;

    /// `path` after all links, if something is there.
    fn resolve(&self, path: &Utf8Path) -> Option<Utf8PathBuf>;

    /// The sorted names in a folder.
    fn list(&self, uid: u32, path: &Utf8Path) -> io::Result<Vec<String>>;

    /// The content of a file, links followed.
    fn read(&self, uid: u32, path: &Utf8Path) -> io::Result<Content>;

    /// SHA-256 of a file in lower-case hex, links followed.
    fn digest(&self, uid: u32, path: &Utf8Path) -> io::Result<String>;

    /// Puts a file in place as a new inode by rename; keeps owner, mode and xattrs of a file that it replaces,
    /// follows a link to its target. A new file belongs to `uid` with the group of its folder.
    fn write(
        &mut self,
        uid: u32,
        path: &Utf8Path,
        content: Content,
        mode: u32,
        now: Timestamp,
    ) -> io::Result<()>;

    /// Adds to the end of a file, which is made with mode 0644 if it is not there.
    fn append(&mut self, uid: u32, path: &Utf8Path, bytes: &[u8], now: Timestamp) -> io::Result<()>;

    /// Makes one folder; `AlreadyExists` when anything is there.
    fn make_dir(&mut self, uid: u32, path: &Utf8Path, mode: u32, now: Timestamp) -> io::Result<()>;

    /// Makes a folder with all that miss above it; nothing when it is there.
    fn make_dirs(&mut self, uid: u32, path: &Utf8Path, mode: u32, now: Timestamp) -> io::Result<()> {
        let missing: Vec<_> = path.ancestors().take_while(|folder| self.resolve(folder).is_none()).collect();
        missing.into_iter().rev().try_for_each(|folder| self.make_dir(uid, folder, mode, now))
    }

    /// Makes a symbolic link.
    fn link(&mut self, uid: u32, path: &Utf8Path, target: &Utf8Path, now: Timestamp) -> io::Result<()>;

    /// Moves a file or a link, with all that is known of it, to where nothing is.
    fn rename(&mut self, uid: u32, from: &Utf8Path, to: &Utf8Path, now: Timestamp) -> io::Result<()>;

    /// Removes a file, a link or an empty folder.
    fn remove(&mut self, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()>;

    /// Sets owner and group; root alone may give a file away.
    fn chown(&mut self, uid: u32, path: &Utf8Path, owner: u32, group: u32) -> io::Result<()>;

    /// Sets permission bits; the owner and root may.
    fn chmod(&mut self, uid: u32, path: &Utf8Path, mode: u32) -> io::Result<()>;

    /// Sets the time of the last change.
    fn touch(&mut self, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()>;

    /// Room on the data volume.
    fn space(&self) -> Space;

    /// The disk in memory that this is, if it is one.
    fn memory(&self) -> Option<&super::MemoryDisk> {
        None
    }

    /// The same, to be changed.
    fn memory_mut(&mut self) -> Option<&mut super::MemoryDisk> {
        None
    }
}

/// Bytes as text where they are UTF-8, else as a list of numbers.
pub(super) mod bytes_as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form<'b> {
        Text(std::borrow::Cow<'b, str>),
        Bytes(std::borrow::Cow<'b, [u8]>),
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Form::Text(text.into()),
            Err(_) => Form::Bytes(bytes.into()),
        }
        .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => text.into_owned().into_bytes(),
            Form::Bytes(bytes) => bytes.into_owned(),
        })
    }
}
