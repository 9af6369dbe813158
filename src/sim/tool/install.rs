use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    mkdir,
    unix::{denied, flags, group_number, reason, user},
};
use crate::{
    machine::Kind,
    sim::{Caller, Mac, Running},
};

/// How it ends when a call of the system fails (`EX_OSERR`), and when it is called wrongly (`EX_USAGE`).
const SYSTEM: i32 = 71;
const USAGE: i32 = 64;

/// What every installed file or folder gets.
struct Rights {
    owner: Option<u32>,
    group: Option<u32>,
    mode: u32,
    /// Whether folders are to be made.
    folders: bool,
}

/// `install [-o OWNER] [-g GROUP] [-m MODE] SOURCE… TARGET`, and `install -d … FOLDER…`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let (rights, operands) = match parse(mac, arguments) {
        Ok(parsed) => parsed,
        Err(wrong) => return wrong,
    };
    let outcome = if rights.folders {
        operands.iter().try_for_each(|folder| make(mac, caller, &rights, folder))
    } else {
        copy_all(mac, caller, &rights, operands)
    };
    outcome.err().unwrap_or_default()
}

fn usage() -> Running {
    Running::failed(
        USAGE,
        "usage: install [-bCcpSsv] [-f flags] [-g group] [-m mode] [-o owner] file1 file2\n",
    )
}

fn parse<'a>(mac: &Mac, arguments: &'a [String]) -> Result<(Rights, &'a [String]), Running> {
    let (flags, operands) = flags(arguments, "ogmBf").ok_or_else(usage)?;
    let unknown = |what: &str, value: &str| Running::failed(USAGE, format!("install: {what} {value}\n"));
    let mut rights = Rights { owner: None, group: None, mode: 0o755, folders: false };
    for (flag, value) in flags {
        match flag {
            'o' => rights.owner = Some(user(mac, value).ok_or_else(|| unknown("unknown user", value))?),
            'g' => rights.group = Some(group_number(value).ok_or_else(|| unknown("unknown group", value))?),
            'm' => {
                rights.mode =
                    u32::from_str_radix(value, 8).map_err(|_| unknown("invalid file mode:", value))?;
            }
            'd' => rights.folders = true,
            'b' | 'C' | 'c' | 'p' | 'S' | 'v' => {}
            _ => return Err(usage()),
        }
    }
    Ok((rights, operands))
}

fn failed(path: &Utf8Path, text: &str) -> Running {
    Running::failed(SYSTEM, format!("install: {path}: {text}\n"))
}

fn give(mac: &mut Mac, caller: Caller, rights: &Rights, path: &Utf8Path) -> io::Result<()> {
    let Some(node) = mac.disk.node(path) else { return Ok(()) };
    let (owner, group) = (rights.owner.unwrap_or(node.uid), rights.group.unwrap_or(node.gid));
    if (owner, group) != (node.uid, node.gid) {
        mac.disk.chown(caller.uid, path, owner, group)?;
    }
    mac.disk.chmod(caller.uid, path, rights.mode)
}

fn make(mac: &mut Mac, caller: Caller, rights: &Rights, folder: &str) -> Result<(), Running> {
    let made = mkdir::run(mac, caller, &["-p".to_owned(), folder.to_owned()]);
    if !made.output.ok() {
        return Err(Running::failed(SYSTEM, made.output.stderr.replace("mkdir:", "install: mkdir")));
    }
    let folder = Utf8Path::new(folder);
    give(mac, caller, rights, folder).map_err(|error| failed(folder, &denied(&error)))
}

fn copy_all(mac: &mut Mac, caller: Caller, rights: &Rights, operands: &[String]) -> Result<(), Running> {
    let (target, sources) =
        operands.split_last().filter(|(_, sources)| !sources.is_empty()).ok_or_else(usage)?;
    let target = Utf8Path::new(target);
    let there = mac.disk.resolve(target).and_then(|real| mac.disk.node(&real));
    let into = there.is_some_and(|node| node.kind == Kind::Folder);
    if sources.len() > 1 && !into {
        return Err(usage());
    }
    for source in sources.iter().map(Utf8Path::new) {
        let name = source.file_name().unwrap_or_default();
        let target = if into { target.join(name) } else { Utf8PathBuf::from(target) };
        copy(mac, caller, rights, source, &target)?;
    }
    Ok(())
}

/// The old file is removed first, so that the new one has an inode of its own.
fn copy(
    mac: &mut Mac,
    caller: Caller,
    rights: &Rights,
    source: &Utf8Path,
    target: &Utf8Path,
) -> Result<(), Running> {
    let now = mac.state.now;
    let content = mac.disk.read(caller.uid, source).map_err(|error| failed(source, &reason(&error)))?;
    let removed = mac.disk.node(target).map_or(Ok(()), |_| mac.disk.remove(caller.uid, target, now));
    removed
        .and_then(|()| mac.disk.write(caller.uid, target, content, 0o600, now))
        .map_err(|error| failed(target, &reason(&error)))?;
    give(mac, caller, rights, target).map_err(|error| failed(target, &denied(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testing::{exec, exec_as, file, owner_and_mode, sim};

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
}
