use std::io;

use camino::Utf8Path;

use super::unix::{every, flags};
use crate::{
    machine::Kind,
    sim::{Caller, Mac, Running},
};

/// `mkdir [-p] [-m MODE] FOLDER…`, with a umask of 022.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(64, "usage: mkdir [-pv] [-m mode] directory_name ...\n");
    let Some((flags, operands)) = flags(arguments, "m") else { return usage() };
    let mut mode = 0o755;
    let mut parents = false;
    for (flag, value) in flags {
        match (flag, u32::from_str_radix(value, 8)) {
            ('m', Ok(bits)) => mode = bits,
            ('m', Err(_)) => return Running::failed(1, format!("mkdir: invalid file mode: {value}\n")),
            ('p', _) => parents = true,
            ('v', _) => {}
            _ => return usage(),
        }
    }
    if operands.is_empty() {
        return usage();
    }
    let now = mac.state.now;
    every("mkdir", operands, |path| {
        if !parents {
            return mac.disk.make_dir(caller.uid, path, mode, now);
        }
        let mut above: Vec<&Utf8Path> = path.ancestors().skip(1).collect();
        above.reverse();
        for (folder, mode) in above.into_iter().map(|folder| (folder, 0o755)).chain([(path, mode)]) {
            let there = mac.disk.resolve(folder).and_then(|folder| mac.disk.node(&folder));
            match there.map(|node| node.kind) {
                Some(Kind::Folder) => {}
                Some(_) => return Err(io::ErrorKind::NotADirectory.into()),
                None => mac.disk.make_dir(caller.uid, folder, mode, now)?,
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, owner_and_mode, sim};

    #[test]
    fn folders_are_made_one_at_a_time_or_with_their_parents() {
        let sim = sim();
        let output = exec(&sim, "mkdir /Users/lab/a/b");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (1, "mkdir: /Users/lab/a/b: No such file or directory\n")
        );
        assert!(exec(&sim, "mkdir -p -m 700 /Users/lab/a/b").ok());
        assert_eq!(owner_and_mode(&sim, "/Users/lab/a"), Some((501, 20, 0o755)));
        assert_eq!(owner_and_mode(&sim, "/Users/lab/a/b"), Some((501, 20, 0o700)));
        assert!(exec(&sim, "mkdir -p /Users/lab/a/b").ok());
        assert_eq!(exec(&sim, "mkdir /Users/lab/a/b").stderr, "mkdir: /Users/lab/a/b: File exists\n");
        assert_eq!(exec(&sim, "mkdir /Library/x").stderr, "mkdir: /Library/x: Permission denied\n");
        assert_eq!(exec(&sim, "mkdir /usr/x").stderr, "mkdir: /usr/x: Read-only file system\n");
    }
}
