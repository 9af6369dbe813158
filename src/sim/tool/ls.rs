use camino::Utf8Path;

use super::unix::{flags, reason};
use crate::{
    machine::Kind,
    sim::{Caller, Mac, Node, Running, permission::group_name, running::Print},
};

/// `ls [-a] [-d] [-l] [PATH…]`; with `-l` a `+` marks an access control list and a `@` extended attributes. A path is needed, since
/// nobody has a working folder here.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(1, "usage: ls [-ald] file ...\n");
    let Some((flags, paths)) = flags(arguments, "") else { return usage() };
    let has = |wanted: char| flags.iter().any(|(flag, _)| *flag == wanted);
    if paths.is_empty() || !flags.iter().all(|(flag, _)| "adl1".contains(*flag)) {
        return usage();
    }
    let mut running = Running::default();
    for path in paths {
        match names(mac, caller, Utf8Path::new(path), has('d'), has('l')) {
            Ok(names) => {
                let shown =
                    names.into_iter().filter(|(name, _)| has('a') || has('d') || !name.starts_with('.'));
                for (name, node) in shown {
                    running.output.out(if has('l') { long(mac, &name, &node) } else { format!("{name}\n") });
                }
            }
            Err(error) => {
                running.output.code = 1;
                running.output.err(format!("ls: {path}: {}\n", reason(&error)));
            }
        }
    }
    running
}

/// What is to be shown: what is in a folder, or the path itself.
fn names(
    mac: &Mac,
    caller: Caller,
    path: &Utf8Path,
    itself: bool,
    long: bool,
) -> std::io::Result<Vec<(String, Node)>> {
    let node =
        mac.disk.node(path).filter(|_| mac.reaches(caller, path)).ok_or(std::io::ErrorKind::NotFound)?;
    // A link to a folder is followed, unless it is itself to be described.
    let follow = node.kind == Kind::Link && !long && mac.disk.list(caller.uid, path).is_ok();
    if itself || (node.kind != Kind::Folder && !follow) {
        return Ok(vec![(path.to_string(), node)]);
    }
    let names = mac.disk.list(caller.uid, path)?;
    Ok(names.into_iter().filter_map(|name| Some((name.clone(), mac.disk.node(&path.join(name))?))).collect())
}

fn long(mac: &Mac, name: &str, node: &Node) -> String {
    let kind = match node.kind {
        Kind::File => '-',
        Kind::Folder => 'd',
        Kind::Link => 'l',
        Kind::Other => 'c',
    };
    let bit = |shift: u32, letter: char| if node.mode >> shift & 1 == 1 { letter } else { '-' };
    let mode: String =
        (0..9).rev().zip("rwxrwxrwx".chars()).map(|(shift, letter)| bit(shift, letter)).collect();
    let mark = match (node.xattrs.is_empty(), node.acl) {
        (false, _) => "@",
        (true, true) => "+",
        (true, false) => " ",
    };
    let group = group_name(node.gid).map_or_else(|| node.gid.to_string(), str::to_owned);
    let target = node.target.as_ref().map_or(String::new(), |target| format!(" -> {target}"));
    let size = node.clone().stat().size;
    let at = node.modified.strftime("%b %e %H:%M");
    format!("{kind}{mode}{mark} 1 {} {group} {size:>10} {at} {name}{target}\n", mac.user_name(node.uid))
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn names_are_listed_and_described() {
        let sim = sim();
        assert_eq!(exec(&sim, "ls /opt/homebrew/opt").stdout, "mlx\nmlx-c\nollama\n");
        assert_eq!(exec(&sim, "ls /tmp").stdout, "");
        let long = exec(&sim, "ls -l /opt/homebrew/opt").stdout;
        assert!(
            long.starts_with("lrwxr-xr-x  1 lab admin ")
                && long.ends_with(" ollama -> ../Cellar/ollama/0.32.3\n"),
            "{long}"
        );
        assert!(exec(&sim, "ls -ld /Users/lab/Library").stdout.starts_with("drwx------+ 1 lab staff "));
        assert_eq!(exec(&sim, "ls /none").stderr, "ls: /none: No such file or directory\n");
        assert_eq!(exec(&sim, "ls /var/db/sudo/ts").stderr, "ls: /var/db/sudo/ts: Permission denied\n");
    }
}
