//! Whether the kernel of a Mac would let a user do something, by owners, groups and permission bits.

use std::io;

use camino::Utf8Path;

use super::owners::{Marks, Table, USER};
use crate::machine::Stat;

/// One way to use a file or folder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Read = 4,
    Write = 2,
    Search = 1,
}

const STICKY: u32 = 0o1000;

/// Whether `uid` may use what has these marks and this mode; root may everything.
pub(super) fn may(table: &Table, uid: u32, marks: &Marks, mode: u32, how: Use) -> bool {
    let in_group = uid == USER && table.groups.contains(&marks.gid);
    let shift = match (marks.uid == uid, in_group) {
        (true, _) => 6,
        (false, true) => 3,
        (false, false) => 0,
    };
    uid == 0 || (mode >> shift) & how as u32 != 0
}

/// Whether `uid` may take a name out of a folder or put another file there under it: in a sticky folder
/// only the owner of the file or of the folder may.
pub(super) fn may_replace(uid: u32, folder: (&Marks, u32), file: &Marks) -> bool {
    uid == 0 || folder.1 & STICKY == 0 || file.uid == uid || folder.0.uid == uid
}

/// Whether `uid` may give a new file the owner and group of the one that it replaces; the group of its folder it has anyway.
pub(super) fn may_give(table: &Table, uid: u32, former: &Stat, folder_gid: Option<u32>) -> bool {
    let group = uid != USER || folder_gid == Some(former.gid) || table.groups.contains(&former.gid);
    uid == 0 || (former.uid == uid && group)
}

/// Whether a path without links lies on the sealed system volume, where not even root writes (docs/mac-facts.md#data-volume).
pub fn is_sealed(path: &Utf8Path) -> bool {
    let below = |top: &str| path.starts_with(top);
    path == "/"
        || below("/bin")
        || below("/sbin")
        || (below("/usr") && !below("/usr/local"))
        || (below("/System") && !below("/System/Volumes"))
}

/// The kernel's answer when it does not let a user.
pub(super) fn denied(what: &str, path: &Utf8Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("Permission denied: {path} is not yours to {what}"),
    )
}
