use std::io;

use camino::Utf8Path;

use super::unix::{flags, reason};
use crate::{
    machine::Kind,
    sim::{Caller, Mac, Running, running::Print},
};

/// `rm [-f] [-r] PATH…`; follows no link.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(64, "usage: rm [-f | -i] [-dIPRrvWx] file ...\n       unlink [--] file\n");
    let Some((flags, operands)) = flags(arguments, "") else { return usage() };
    let has = |letters: &str| flags.iter().any(|(flag, _)| letters.contains(*flag));
    if !flags.iter().all(|(flag, _)| "dfiRrvx".contains(*flag)) || (operands.is_empty() && !has("f")) {
        return usage();
    }
    let mut running = Running::default();
    for operand in operands {
        let path = Utf8Path::new(operand);
        let fault = match mac.disk.node(path) {
            _ if path == "/" => Some("may not be removed".to_owned()),
            None if has("f") => None,
            None => Some("No such file or directory".to_owned()),
            Some(node) if node.kind == Kind::Folder && !has("rRd") => Some("is a directory".to_owned()),
            Some(_) => remove(mac, caller, path, has("rR"), &mut running).err().map(|error| reason(&error)),
        };
        if let Some(fault) = fault {
            running.output.code = 1;
            running.output.err(format!("rm: {operand}: {fault}\n"));
        }
    }
    running
}

/// Removes what is at `path`, and before it what is in it.
fn remove(
    mac: &mut Mac,
    caller: Caller,
    path: &Utf8Path,
    whole: bool,
    running: &mut Running,
) -> io::Result<()> {
    let folder = mac.disk.node(path).is_some_and(|node| node.kind == Kind::Folder);
    if whole && folder {
        for name in mac.disk.list(caller.uid, path)? {
            let below = path.join(name);
            if let Err(error) = remove(mac, caller, &below, whole, running) {
                running.output.code = 1;
                running.output.err(format!("rm: {below}: {}\n", reason(&error)));
            }
        }
    }
    let now = mac.state.now;
    mac.disk.remove(caller.uid, path, now)
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        USER,
        testing::{exec, file, owner_and_mode, sim},
    };

    #[test]
    fn rm_takes_folders_only_when_told_and_what_is_missing_only_when_forced() {
        let sim = sim();
        assert!(exec(&sim, "mkdir -p /tmp/a/b").ok());
        file(&sim, "/tmp/a/b/c");
        assert_eq!(exec(&sim, "rm /tmp/a").stderr, "rm: /tmp/a: is a directory\n");
        assert_eq!(exec(&sim, "rm /tmp/x").stderr, "rm: /tmp/x: No such file or directory\n");
        assert!(exec(&sim, "rm -f /tmp/x").ok());
        assert!(exec(&sim, "rm -rf /tmp/a").ok());
        assert_eq!(owner_and_mode(&sim, "/tmp/a"), None);
        let output = exec(&sim, "rm -rf /Library/LaunchDaemons");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (1, "rm: /Library/LaunchDaemons: Permission denied\n")
        );
    }

    #[test]
    fn no_path_is_too_long_and_the_deepest_folders_can_be_removed() {
        let sim = sim();
        let deep = format!(
            "/tmp{}{}/{}",
            "/d".repeat(60),
            format!("/{}", "n".repeat(255)).repeat(3),
            "n".repeat(129)
        );
        assert_eq!(deep.len(), 1022);
        assert!(exec(&sim, &format!("mkdir -p {deep}")).ok());
        for path in [format!("{deep}/d"), format!("/tmp/{}", "n".repeat(256))] {
            let output = exec(&sim, &format!("mkdir {path}"));
            assert_eq!((output.code, output.stderr), (1, format!("mkdir: {path}: File name too long\n")));
        }
        assert!(exec(&sim, &format!("mkdir /tmp/{}", "n".repeat(255))).ok());
        assert!(exec(&sim, "rm -rf /tmp/d").ok());
        assert_eq!(owner_and_mode(&sim, "/tmp/d"), None);
    }

    #[test]
    fn rm_follows_no_link() {
        let sim = sim();
        assert!(exec(&sim, "mkdir /tmp/a").ok());
        file(&sim, "/tmp/kept");
        sim.with_mac(|mac| {
            let now = mac.state.now;
            mac.disk.link(USER, "/tmp/a/l".into(), "/tmp".into(), now).unwrap();
        });
        assert!(exec(&sim, "rm -rf /tmp/a").ok());
        assert!(owner_and_mode(&sim, "/tmp/kept").is_some());
    }
}
