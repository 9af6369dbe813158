use std::io;

use camino::Utf8Path;
use jiff::Timestamp;

use super::unix::{flags, reason};
use crate::{
    machine::Kind,
    sim::{Caller, Disk, Mac, Running},
};

/// `mv [-n] SOURCE TARGET`, to where nothing is.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(64, "usage: mv [-f | -i | -n] [-hv] source target\n");
    let Some((flags, rest)) = flags(arguments, "") else { return usage() };
    let [from, to] = rest else { return usage() };
    let (source, target, now) = (Utf8Path::new(from.as_str()), Utf8Path::new(to.as_str()), mac.state.now);
    if mac.disk.node(target).is_some() {
        let kept = flags.iter().any(|(flag, _)| *flag == 'n');
        return if kept {
            Running::default()
        } else {
            Running::failed(1, format!("mv: {to}: File exists\n"))
        };
    }
    match tree(&mut *mac.disk, caller.uid, source, target, now) {
        Ok(()) => Running::default(),
        Err(error) => Running::failed(1, format!("mv: rename {from} to {to}: {}\n", reason(&error))),
    }
}

/// Moves a folder with all that is in it, as a user who may write both folders above. What a file is, its owner and mode come along.
pub(super) fn tree(
    disk: &mut dyn Disk,
    uid: u32,
    from: &Utf8Path,
    to: &Utf8Path,
    now: Timestamp,
) -> io::Result<()> {
    let node = disk.node(from).ok_or(io::ErrorKind::NotFound)?;
    if node.kind != Kind::Folder {
        return disk.rename(uid, from, to, now);
    }
    disk.make_dir(uid, to, node.mode, now)?;
    for name in disk.list(uid, from)? {
        tree(disk, uid, &from.join(&name), &to.join(&name), now)?;
    }
    disk.chown(0, to, node.uid, node.gid)?;
    disk.chmod(0, to, node.mode)?;
    disk.remove(uid, from, now)
}
