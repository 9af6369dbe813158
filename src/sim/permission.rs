use camino::Utf8Path;

use super::{Disk, Node, caller::USER};
use crate::machine::Kind;
pub(super) use crate::machine::local::is_sealed;

/// What somebody wants to do with a file or folder; the bits of one digit of its mode.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    Read = 4,
    Write = 2,
    /// Run a file, or go through a folder.
    Execute = 1,
}

/// The group `admin` (docs/mac-facts.md#admin-group).
pub(super) const ADMIN: u32 = 80;

/// The primary group of users.
pub(super) const STAFF: u32 = 20;

/// The groups of a user, the primary one first.
pub(super) fn groups(uid: u32, admin: bool) -> Vec<u32> {
    match uid {
        0 => vec![0, 1, 2, 3, 4, 5, 8, 9, 12, 20, 29, 61, ADMIN],
        USER if admin => vec![STAFF, 12, 61, 79, ADMIN, 81, 98, 33, 100, 204, 250, 395, 398, 399, 400, 701],
        USER => vec![STAFF, 12, 61, 100, 701],
        other => vec![other, 12, 61],
    }
}

/// What `groups` are called.
pub(super) fn group_name(gid: u32) -> Option<&'static str> {
    Some(match gid {
        0 => "wheel",
        1 => "daemon",
        2 => "kmem",
        3 => "sys",
        4 => "tty",
        5 => "operator",
        8 => "procview",
        9 => "procmod",
        12 => "everyone",
        STAFF => "staff",
        29 => "certusers",
        33 => "_appstore",
        61 => "localaccounts",
        79 => "_appserverusr",
        ADMIN => "admin",
        81 => "_appserveradm",
        98 => "_lpadmin",
        100 => "_lpoperator",
        204 => "_developer",
        250 => "_analyticsusers",
        395 => "com.apple.access_ftp",
        398 => "com.apple.access_screensharing",
        399 => "com.apple.access_ssh",
        400 => "com.apple.access_remote_ae",
        701 => "com.apple.sharepoint.group.1",
        _ => return None,
    })
}

/// Whether the mode of `node` lets `uid` do that. Root may do all but run a file that nobody may run.
pub(super) fn allows(node: &Node, uid: u32, groups: &[u32], access: Access) -> bool {
    let bit = access as u32;
    if uid == 0 {
        return !matches!(access, Access::Execute) || node.kind == Kind::Folder || node.mode & 0o111 != 0;
    }
    let digit = if node.uid == uid {
        node.mode >> 6
    } else if groups.contains(&node.gid) {
        node.mode >> 3
    } else {
        node.mode
    };
    digit & bit != 0
}

/// Whether `uid` may go through every folder above `path`, links followed.
pub(super) fn reaches(disk: &dyn Disk, uid: u32, admin: bool, path: &Utf8Path) -> bool {
    let groups = groups(uid, admin);
    let Some(parent) = path.parent() else { return true };
    let parent = disk.resolve(parent).unwrap_or_else(|| parent.to_owned());
    parent
        .ancestors()
        .filter_map(|above| disk.node(above))
        // Going through a file is no matter of permission: nothing is there.
        .filter(|node| node.kind == Kind::Folder)
        .all(|node| allows(&node, uid, &groups, Access::Execute))
}
