use camino::Utf8PathBuf;

use super::unix::{denied, flags, group_number, user};
use crate::{
    machine::Kind,
    sim::{Caller, Mac, Running, running::Print},
};

/// `chown [-R] OWNER[:GROUP] PATH…`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(1, "usage: chown [-fhnvx] [-R [-H | -L | -P]] owner[:group] file ...\n");
    let Some((flags, operands)) = flags(arguments, "") else { return usage() };
    let Some((who, operands)) = operands.split_first().filter(|(_, operands)| !operands.is_empty()) else {
        return usage();
    };
    let whole = flags.iter().any(|(flag, _)| *flag == 'R');
    let (owner, group) = who.split_once(':').unwrap_or((who, ""));
    let uid = if owner.is_empty() { None } else { Some(user(mac, owner)) };
    let gid = if group.is_empty() { None } else { Some(group_number(group)) };
    if uid == Some(None) || gid == Some(None) {
        return Running::failed(1, format!("chown: {who}: illegal user name\n"));
    }
    let (uid, gid) = (uid.flatten(), gid.flatten());
    let mut running = Running::default();
    let mut todo: Vec<Utf8PathBuf> = operands.iter().rev().map(Utf8PathBuf::from).collect();
    while let Some(path) = todo.pop() {
        let outcome = match mac.disk.resolve(&path).and_then(|real| mac.disk.node(&real)) {
            None => Err("No such file or directory".to_owned()),
            Some(node) => mac
                .disk
                .chown(caller.uid, &path, uid.unwrap_or(node.uid), gid.unwrap_or(node.gid))
                .map_err(|error| denied(&error)),
        };
        if let Err(fault) = outcome {
            running.output.code = 1;
            running.output.err(format!("chown: {path}: {fault}\n"));
        }
        if whole && mac.disk.node(&path).is_some_and(|node| node.kind == Kind::Folder) {
            let names = mac.disk.list(caller.uid, &path).unwrap_or_default();
            todo.extend(names.iter().rev().map(|name| path.join(name)));
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testing::{exec, exec_as, file, owner_and_mode, sim};

    #[test]
    fn only_root_gives_files_away() {
        let sim = sim();
        file(&sim, "/tmp/x");
        assert_eq!(exec(&sim, "chown root /tmp/x").stderr, "chown: /tmp/x: Operation not permitted\n");
        assert!(exec(&sim, "chown :admin /tmp/x").ok(), "a group of one's own");
        assert_eq!(owner_and_mode(&sim, "/tmp/x"), Some((501, 80, 0o644)));
        assert!(exec_as(&sim, Caller::user(true).root(), "chown root:wheel /tmp/x").ok());
        assert_eq!(owner_and_mode(&sim, "/tmp/x"), Some((0, 0, 0o644)));
        assert_eq!(exec(&sim, "rm /tmp/x").stderr, "rm: /tmp/x: Permission denied\n", "/tmp is sticky");
    }
}
