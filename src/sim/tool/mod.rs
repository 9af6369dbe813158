//! The Mac's tools, one file each. Each is a function of the Mac, who calls it, and its arguments.

#[cfg(test)]
mod bench;
pub(super) mod files;
mod id;
pub mod launchctl;
pub mod launchd;
pub mod ollama;
pub mod softwareupdate;
pub mod sudo;
pub(super) mod sw_vers;

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Caller, Mac, Running,
    permission::{self, Access},
};
use crate::machine::Kind;

/// What a tool is: from the Mac, who calls and the arguments (without the program) to what it does.
type Run = fn(&mut Mac, Caller, &[String]) -> Running;

/// Where a program without a folder in its name is looked for.
const PATH: [&str; 6] = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// The tools that come with macOS, by path.
const TOOLS: &[(&str, Run)] = &[
    ("/bin/launchctl", launchctl::run),
    ("/bin/mkdir", files::mkdir),
    ("/bin/rm", files::rm),
    ("/usr/bin/id", id::run),
    ("/usr/bin/install", files::install),
    ("/usr/bin/sudo", sudo::run),
    ("/usr/bin/sw_vers", sw_vers::run),
    ("/usr/bin/touch", files::touch),
    ("/usr/bin/true", files::true_),
    ("/usr/sbin/chown", files::chown),
    ("/usr/sbin/softwareupdate", softwareupdate::run),
];

/// Where the tools that come with macOS are.
pub(super) fn programs() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|(path, _)| *path)
}

/// Runs a program: `argv` with it in front, absolute or to be looked for along `PATH`. Exit code 127 when it
/// is not there, 126 when it cannot be run.
pub fn run(mac: &mut Mac, caller: Caller, argv: &[String]) -> Running {
    let Some((name, arguments)) = argv.split_first() else {
        return Running::failed(127, "no command\n");
    };
    let path = match find(mac, caller, name) {
        Ok(path) => path,
        Err(failed) => return failed,
    };
    match TOOLS.iter().find(|(tool, _)| path == *tool) {
        Some((_, tool)) => tool(mac, caller, arguments),
        None => Running::failed(126, format!("{name}: Exec format error\n")),
    }
}

/// How long a program takes beside its own stages.
pub(super) fn takes(argv: &[String]) -> Duration {
    let mut words = argv.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let mut millis = 0;
    let mut name = words.next().unwrap_or_default();
    if name.ends_with("sudo") {
        millis += 10;
        name = words.next().unwrap_or_default();
    }
    millis += match name.rsplit('/').next().unwrap_or(name) {
        "lsof" => 100,
        "pmset" => 30,
        "ioreg" => 20,
        "fdesetup" => 25,
        "ps" | "launchctl" | "pkgutil" => 12,
        _ => 6,
    };
    Duration::from_millis(millis)
}

/// The real path of a program that `caller` may run.
fn find(mac: &Mac, caller: Caller, name: &str) -> Result<Utf8PathBuf, Running> {
    let places: Vec<Utf8PathBuf> = if name.contains('/') {
        vec![name.into()]
    } else {
        PATH.iter().map(|folder| Utf8Path::new(folder).join(name)).collect()
    };
    let groups = permission::groups(caller.uid, mac.is_admin());
    let mut failed = Running::failed(127, format!("{name}: No such file or directory\n"));
    for place in places {
        let Some(path) = mac.disk.resolve(&place) else { continue };
        let runs = mac.disk.node(&path).is_some_and(|node| {
            node.kind == Kind::File && permission::allows(&node, caller.uid, &groups, Access::Execute)
        });
        if runs && mac.reaches(caller, &path) {
            return Ok(path);
        }
        failed = Running::failed(126, format!("{name}: Permission denied\n"));
    }
    Err(failed)
}
