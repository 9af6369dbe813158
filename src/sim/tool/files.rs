use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::Kind,
    sim::{Caller, Mac, Running, USER, permission::group_name},
};

/// What a tool of Unix calls an error.
pub(in crate::sim) fn reason(error: &io::Error) -> String {
    use io::ErrorKind as E;
    match error.kind() {
        E::NotFound => "No such file or directory",
        E::PermissionDenied => "Permission denied",
        E::AlreadyExists => "File exists",
        E::DirectoryNotEmpty => "Directory not empty",
        E::NotADirectory => "Not a directory",
        E::IsADirectory => "Is a directory",
        E::ReadOnlyFilesystem => "Read-only file system",
        E::StorageFull => "No space left on device",
        E::InvalidInput => "Invalid argument",
        _ => return error.to_string(),
    }
    .to_owned()
}

/// Splits `arguments` into single-letter flags, of which those in `valued` have a value, and operands.
pub(super) fn flags<'a>(
    arguments: &'a [String],
    valued: &str,
) -> Option<(Vec<(char, &'a str)>, &'a [String])> {
    let mut flags = vec![];
    let mut rest = arguments;
    while let Some((word, after)) = rest.split_first() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        rest = after;
        if letters == "-" {
            break;
        }
        let mut letters = letters.char_indices();
        while let Some((at, letter)) = letters.next() {
            if !valued.contains(letter) {
                flags.push((letter, ""));
                continue;
            }
            let attached = word.get(at + 2..).filter(|value| !value.is_empty());
            let value = match attached {
                Some(value) => value,
                None => {
                    let (value, after) = rest.split_first()?;
                    rest = after;
                    value
                }
            };
            flags.push((letter, value));
            break;
        }
    }
    Some((flags, rest))
}

/// Does `each` to every operand, and says of those that fail why.
fn every(name: &str, operands: &[String], mut each: impl FnMut(&Utf8Path) -> io::Result<()>) -> Running {
    let mut running = Running::default();
    for operand in operands {
        if let Err(error) = each(Utf8Path::new(operand)) {
            running.output.code = 1;
            running.output.stderr += &format!("{name}: {operand}: {}\n", reason(&error));
        }
    }
    running
}

/// `true`.
pub(super) fn true_(_: &mut Mac, _: Caller, _: &[String]) -> Running {
    Running::default()
}

/// `mkdir [-p] [-m MODE] FOLDER…`, with a umask of 022.
pub(super) fn mkdir(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
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

/// `rm [-f] [-r] PATH…`; follows no link.
pub(super) fn rm(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
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
            running.output.stderr += &format!("rm: {operand}: {fault}\n");
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
                running.output.stderr += &format!("rm: {below}: {}\n", reason(&error));
            }
        }
    }
    let now = mac.state.now;
    mac.disk.remove(caller.uid, path, now)
}

/// `touch [-c] PATH…`.
pub(super) fn touch(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(1, "usage: touch [-A [-][[hh]mm]SS] [-achm] [-r file] file ...\n");
    let Some((flags, operands)) = flags(arguments, "") else { return usage() };
    if operands.is_empty() || !flags.iter().all(|(flag, _)| "achm".contains(*flag)) {
        return usage();
    }
    let make = !flags.iter().any(|(flag, _)| *flag == 'c');
    let now = mac.state.now;
    every("touch", operands, |path| match mac.disk.resolve(path) {
        Some(_) => mac.disk.touch(caller.uid, path, now),
        None if make => mac.disk.append(caller.uid, path, b"", now),
        None => Ok(()),
    })
}

/// `chown [-R] OWNER[:GROUP] PATH…`.
pub(super) fn chown(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
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
            running.output.stderr += &format!("chown: {path}: {fault}\n");
        }
        if whole && mac.disk.node(&path).is_some_and(|node| node.kind == Kind::Folder) {
            let names = mac.disk.list(caller.uid, &path).unwrap_or_default();
            todo.extend(names.iter().rev().map(|name| path.join(name)));
        }
    }
    running
}

/// What the kernel says to somebody who is not the owner.
fn denied(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "Operation not permitted".to_owned(),
        _ => reason(error),
    }
}

fn user(mac: &Mac, name: &str) -> Option<u32> {
    match name {
        "root" => Some(0),
        _ if name == mac.state.spec.user => Some(USER),
        number => number.parse().ok(),
    }
}

fn group_number(name: &str) -> Option<u32> {
    (0..1000).find(|&gid| group_name(gid) == Some(name)).or_else(|| name.parse().ok())
}

/// `install [-o OWNER] [-g GROUP] [-m MODE] SOURCE… TARGET`, and `install -d … FOLDER…`.
pub(super) fn install(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || {
        Running::failed(
            64,
            "usage: install [-bCcpSsv] [-f flags] [-g group] [-m mode] [-o owner] file1 file2\n",
        )
    };
    let Some((flags, operands)) = flags(arguments, "ogmBf") else { return usage() };
    let (mut owner, mut group, mut mode, mut folders) = (None, None, 0o755, false);
    for (flag, value) in flags {
        match flag {
            'o' => match user(mac, value) {
                Some(uid) => owner = Some(uid),
                None => return Running::failed(64, format!("install: unknown user {value}\n")),
            },
            'g' => match group_number(value) {
                Some(gid) => group = Some(gid),
                None => return Running::failed(64, format!("install: unknown group {value}\n")),
            },
            'm' => match u32::from_str_radix(value, 8) {
                Ok(bits) => mode = bits,
                Err(_) => return Running::failed(64, format!("install: invalid file mode: {value}\n")),
            },
            'd' => folders = true,
            'b' | 'C' | 'c' | 'p' | 'S' | 'v' => {}
            _ => return usage(),
        }
    }
    let give = |mac: &mut Mac, path: &Utf8Path| -> io::Result<()> {
        let Some(node) = mac.disk.node(path) else { return Ok(()) };
        let (owner, group) = (owner.unwrap_or(node.uid), group.unwrap_or(node.gid));
        if (owner, group) != (node.uid, node.gid) {
            mac.disk.chown(caller.uid, path, owner, group)?;
        }
        mac.disk.chmod(caller.uid, path, mode)
    };
    let failed = |path: &Utf8Path, error: &io::Error, text: fn(&io::Error) -> String| {
        Running::failed(71, format!("install: {path}: {}\n", text(error)))
    };
    if folders {
        for operand in operands {
            let made = mkdir(mac, caller, &["-p".to_owned(), operand.clone()]);
            if made.output.code != 0 {
                return Running::failed(71, made.output.stderr.replace("mkdir:", "install: mkdir"));
            }
            if let Err(error) = give(mac, Utf8Path::new(operand)) {
                return failed(Utf8Path::new(operand), &error, denied);
            }
        }
        return Running::default();
    }
    let Some((target, sources)) = operands.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        return usage();
    };
    let target = Utf8Path::new(target);
    let into = mac
        .disk
        .resolve(target)
        .and_then(|real| mac.disk.node(&real))
        .is_some_and(|node| node.kind == Kind::Folder);
    if sources.len() > 1 && !into {
        return usage();
    }
    let now = mac.state.now;
    for source in sources.iter().map(Utf8Path::new) {
        let content = match mac.disk.read(caller.uid, source) {
            Ok(content) => content,
            Err(error) => return failed(source, &error, reason),
        };
        let target =
            if into { target.join(source.file_name().unwrap_or_default()) } else { target.to_owned() };
        let removed = mac.disk.node(&target).map_or(Ok(()), |_| mac.disk.remove(caller.uid, &target, now));
        if let Err(error) = removed.and_then(|()| mac.disk.write(caller.uid, &target, content, 0o600, now)) {
            return failed(&target, &error, reason);
        }
        if let Err(error) = give(mac, &target) {
            return failed(&target, &error, denied);
        }
    }
    Running::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{
        Content, Sim,
        testing::{exec, exec_as, sim},
    };

    fn owner_and_mode(sim: &Sim, path: &str) -> Option<(u32, u32, u32)> {
        sim.with_mac(|mac| mac.disk.node(path.into())).map(|node| (node.uid, node.gid, node.mode))
    }

    fn file(sim: &Sim, path: &str) {
        sim.with_mac(|mac| {
            let now = mac.state.now;
            mac.disk.write(USER, path.into(), Content::Bytes(b"text".to_vec()), 0o644, now).unwrap();
        });
    }

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

    #[test]
    fn install_copies_with_owner_group_and_mode() {
        let sim = sim();
        file(&sim, "/tmp/x.plist");
        let root = Caller::user(true).root();
        assert!(
            exec_as(&sim, root, "install -o root -g wheel -m 644 /tmp/x.plist /Library/LaunchDaemons").ok()
        );
        assert_eq!(owner_and_mode(&sim, "/Library/LaunchDaemons/x.plist"), Some((0, 0, 0o644)));
        assert!(exec_as(&sim, root, "install -d -o lab -g staff -m 0750 /Library/Logs/x").ok());
        assert_eq!(owner_and_mode(&sim, "/Library/Logs/x"), Some((501, 20, 0o750)));
        let output = exec(&sim, "install -o root -m 644 /tmp/x.plist /tmp/y.plist");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (71, "install: /tmp/y.plist: Operation not permitted\n")
        );
        assert_eq!(
            exec(&sim, "install -m 644 /tmp/none /tmp/y").stderr,
            "install: /tmp/none: No such file or directory\n"
        );
    }

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

    #[test]
    fn touch_makes_a_file_and_renews_its_time() {
        let sim = sim();
        assert!(exec(&sim, "touch /tmp/x").ok());
        let first = sim.with_mac(|mac| mac.disk.node("/tmp/x".into()).unwrap().modified);
        assert!(exec(&sim, "touch /tmp/x").ok());
        assert!(sim.with_mac(|mac| mac.disk.node("/tmp/x".into()).unwrap().modified) > first);
        assert_eq!(exec(&sim, "touch /Library/x").stderr, "touch: /Library/x: Permission denied\n");
    }

    #[test]
    fn what_is_not_there_or_no_program_does_not_run() {
        let sim = sim();
        let output = exec(&sim, "/usr/bin/nowhere");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (127, "/usr/bin/nowhere: No such file or directory\n")
        );
        assert_eq!(exec(&sim, "nowhere").code, 127);
        file(&sim, "/tmp/x");
        assert_eq!(exec(&sim, "/tmp/x").code, 126);
    }
}
