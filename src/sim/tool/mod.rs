//! The Mac's tools, one file each. Each is a function of the Mac, who calls it, and its arguments.

pub mod apps;
mod bash;
#[cfg(test)]
mod bench;
pub mod brew;
mod caffeinate;
mod cat;
mod chmod;
mod chown;
pub mod colima;
mod command_line_tools;
pub mod docker;
mod fdesetup;
mod id;
mod install;
mod ioreg;
pub mod launchctl;
pub mod launchd;
mod ln;
mod ls;
mod lsof;
mod mkdir;
mod mv;
pub mod ollama;
mod pkgutil;
mod plutil;
pub mod pmset;
mod ps;
mod rm;
pub mod services;
pub mod softwareupdate;
pub mod sudo;
pub(super) mod sw_vers;
mod sysctl;
mod touch;
pub(super) mod unix;
pub mod uv;
mod xcode_select;

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Caller, Mac, Running,
    permission::{self, Access},
};
use crate::machine::Kind;

/// How a tool is run.
#[derive(Clone, Copy)]
enum Run {
    /// With its arguments.
    Plain(fn(&mut Mac, Caller, &[String]) -> Running),
    /// With its name as it was called in front of them.
    Named(fn(&mut Mac, Caller, &[String]) -> Running),
    /// With its arguments and its environment.
    Surrounded(fn(&mut Mac, Caller, &[String], &Environment) -> Running),
}

/// The variables that a program is given.
type Environment = BTreeMap<String, String>;

use Run::{Named, Plain, Surrounded};

/// Where a program without a folder in its name is looked for.
const PATH: [&str; 6] = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// The tools that come with macOS, by path.
const TOOLS: &[(&str, Run)] = &[
    ("/bin/bash", Surrounded(bash::run)),
    ("/bin/cat", Plain(cat::run)),
    ("/bin/chmod", Plain(chmod::run)),
    ("/bin/launchctl", Plain(launchctl::run)),
    ("/bin/ln", Plain(ln::run)),
    ("/bin/ls", Plain(ls::run)),
    ("/bin/mkdir", Plain(mkdir::run)),
    ("/bin/mv", Plain(mv::run)),
    ("/bin/ps", Plain(ps::run)),
    ("/bin/rm", Plain(rm::run)),
    ("/usr/bin/caffeinate", Plain(caffeinate::run)),
    ("/usr/bin/fdesetup", Plain(fdesetup::run)),
    ("/usr/bin/id", Plain(id::run)),
    ("/usr/bin/install", Plain(install::run)),
    ("/usr/bin/open", Plain(apps::open)),
    ("/usr/bin/plutil", Plain(plutil::run)),
    ("/usr/bin/pmset", Named(pmset::run)),
    ("/usr/bin/sudo", Plain(sudo::run)),
    ("/usr/bin/sw_vers", Plain(sw_vers::run)),
    ("/usr/bin/touch", Plain(touch::run)),
    ("/usr/bin/true", Plain(|_, _, _| Running::default())),
    ("/usr/bin/xcode-select", Plain(xcode_select::run)),
    ("/usr/sbin/chown", Plain(chown::run)),
    ("/usr/sbin/ioreg", Plain(ioreg::run)),
    ("/usr/sbin/lsof", Plain(lsof::run)),
    ("/usr/sbin/pkgutil", Plain(pkgutil::run)),
    ("/usr/sbin/softwareupdate", Plain(softwareupdate::run)),
    ("/usr/sbin/sysctl", Plain(sysctl::run)),
];

/// Where the tools that come with macOS are.
pub(super) fn programs() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|(path, _)| *path).chain(command_line_tools::SHIMS)
}

/// Runs a program without any variables.
pub fn run(mac: &mut Mac, caller: Caller, argv: &[String]) -> Running {
    run_in(mac, caller, argv, &Environment::new())
}

/// Runs a program: `argv` with it in front, absolute or to be looked for along `PATH`. Exit code 127 when it
/// is not there, 126 when it cannot be run or too many programs stand above it.
pub fn run_in(
    mac: &mut Mac,
    caller: Caller,
    argv: &[String],
    environment: &BTreeMap<String, String>,
) -> Running {
    let Some((name, arguments)) = argv.split_first() else {
        return Running::failed(127, "no command\n");
    };
    let Some(caller) = caller.deeper() else {
        return Running::failed(126, format!("{name}: Resource temporarily unavailable\n"));
    };
    let path = match find(mac, caller, name) {
        Ok(path) => path,
        Err(failed) => return failed,
    };
    match TOOLS.iter().find(|(tool, _)| path == *tool) {
        Some((_, Plain(tool))) => tool(mac, caller, arguments),
        Some((_, Named(tool))) => tool(mac, caller, argv),
        Some((_, Surrounded(tool))) => tool(mac, caller, arguments, environment),
        None if path == brew::PROGRAM => brew::run(mac, caller, arguments, environment),
        None if path == apps::INSTALLER => apps::install(mac, caller, arguments),
        None if docker::cli::is_at(&path) => docker::cli::run(mac, caller, arguments, environment),
        None if colima::is_at(&path) => colima::run(mac, caller, arguments, environment),
        None if uv::is_at(&path) => uv::run(mac, caller, arguments, environment),
        None if uv::python::is_at(&path) => uv::python::run(mac, caller, argv),
        None if command_line_tools::SHIMS.contains(&path.as_str()) => {
            command_line_tools::shim(mac, caller, argv)
        }
        None if path.starts_with(command_line_tools::FOLDER) => command_line_tools::tool(mac, argv),
        None => Running::failed(126, format!("{name}: Exec format error\n")),
    }
}

/// What Homebrew's servers answer.
pub(super) fn brew_page(mac: &Mac, url: &str) -> Option<super::Page> {
    brew::pages::page(mac, url)
}

/// How `ps` shows a program that was started so.
pub(super) fn as_seen(argv: &[String]) -> Vec<String> {
    if argv.first().is_some_and(|program| program == brew::PROGRAM) {
        return brew::as_seen(argv);
    }
    argv.to_vec()
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
pub(in crate::sim) fn find(mac: &Mac, caller: Caller, name: &str) -> Result<Utf8PathBuf, Running> {
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

#[cfg(test)]
mod tests {
    use crate::sim::{
        Content, USER,
        testing::{exec, sim},
    };

    #[test]
    fn what_is_not_there_or_no_program_does_not_run() {
        let sim = sim();
        let output = exec(&sim, "/usr/bin/nowhere");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (127, "/usr/bin/nowhere: No such file or directory\n")
        );
        assert_eq!(exec(&sim, "nowhere").code, 127);
        sim.with_mac(|mac| {
            let now = mac.state.now;
            mac.disk.write(USER, "/tmp/x".into(), Content::Bytes(vec![]), 0o644, now).unwrap();
        });
        assert_eq!(exec(&sim, "/tmp/x").code, 126);
        assert_eq!(exec(&sim, "true").code, 0);
    }

    #[test]
    fn programs_start_programs_so_deep_and_no_deeper() {
        let sim = sim();
        for word in ["sudo ", "caffeinate -i "] {
            assert_eq!(exec(&sim, &format!("{}true", word.repeat(30))).code, 0);
            let output = exec(&sim, &format!("{}true", word.repeat(5000)));
            assert_eq!(output.code, 126);
            assert!(output.stderr.ends_with(": Resource temporarily unavailable\n"), "{}", output.stderr);
        }
    }
}
