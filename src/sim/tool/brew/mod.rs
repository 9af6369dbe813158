//! `brew`: its trees on disk are the truth (docs/mac-facts.md#brew-trees), its texts and exit codes those of Homebrew 6.

mod cask;
mod casks;
mod catalogue;
mod cellar;
mod info;
mod install;
pub(super) mod installer;
mod link;
pub(super) mod pages;
mod pour;
mod prefix;
mod services;
mod tap;
#[cfg(test)]
mod tests;
mod uninstall;
mod update;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::Environment;
use crate::sim::{Caller, Disk as _, Mac, MemoryDisk, Running, USER, running::Print};

/// Where it lies on Apple silicon.
pub(in crate::sim) const PROGRAM: &str = "/opt/homebrew/bin/brew";

/// Where all of it lies.
const PREFIX: &str = "/opt/homebrew";

/// The release that is imitated.
const VERSION: &str = "6.0.18";

/// What starting Ruby takes, and what is answered without it (docs/mac-facts.md#brew-times).
const RUBY: Duration = Duration::from_secs(1);
const BASH: Duration = Duration::from_millis(40);

/// What Homebrew offers, and what of it is at work.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Brew {
    /// Releases that there are instead of the usual ones, by formula; it learns of them with its next update.
    pub offers: BTreeMap<String, String>,
    /// Those that it knows of.
    #[serde(default)]
    known: BTreeMap<String, String>,
    /// Whether its services have labels of the new style (docs/mac-facts.md#brew-label-styles).
    pub new_labels: bool,
    /// The formulae that a `brew` at work has locked.
    locked: BTreeSet<String>,
}

/// How it was called.
struct Call {
    /// What follows the command, flags apart.
    names: Vec<String>,
    flags: Vec<String>,
    environment: Environment,
    terminal: bool,
}

impl Call {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// Whether a variable of Homebrew's is set.
    fn set(&self, variable: &str) -> bool {
        self.environment.get(variable).is_some_and(|value| !value.is_empty())
    }
}

/// `brew COMMAND …`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String], environment: &Environment) -> Running {
    let (flags, words): (Vec<String>, Vec<String>) =
        arguments.iter().cloned().partition(|word| word.starts_with('-'));
    let command = words.first().cloned().unwrap_or_default();
    let names = words.get(1..).unwrap_or_default().to_vec();
    let call = Call { names, flags, environment: environment.clone(), terminal: caller.terminal };
    if let Some(fast) = fast(mac, &command, &call) {
        return timed(BASH, fast);
    }
    if caller.uid == 0 && command != "services" {
        return Running::failed(
            1,
            "Error: Running Homebrew as root is extremely dangerous and no longer supported.\nAs Homebrew does not \
             drop privileges on installation you would be giving all\nbuild scripts full access to your system.\n",
        );
    }
    // docs/mac-facts.md#brew-drops-ticket
    mac.state.sudo.drop_ticket(caller.session);
    if matches!(command.as_str(), "install" | "upgrade") && !call.set("HOMEBREW_NO_AUTO_UPDATE") {
        // What cannot be learnt now is not known, and nothing more.
        let _ = update::learn(mac);
    }
    let running = match command.as_str() {
        verb @ ("install" | "upgrade" | "reinstall" | "uninstall") if call.has("--cask") => {
            cask::run(mac, caller, verb, &call)
        }
        "install" => install::install(mac, &call),
        "upgrade" => install::upgrade(mac, &call),
        "uninstall" | "remove" | "rm" => uninstall::uninstall(mac, &call),
        "link" => link::link(mac, &call),
        "list" | "ls" => info::list(mac, &call),
        "info" => info::info(mac, &call),
        "outdated" => info::outdated(mac, &call),
        "services" => services::services(mac, caller, &call),
        "tab" => install::tab(mac, &call),
        "tap" => tap::tap(mac, &call),
        "trust" => tap::trust(mac, &call),
        "untap" => tap::untap(mac, &call),
        "untrust" => tap::untrust(mac, &call),
        "unlink" => link::unlink(mac, &call),
        "update" => update::update(mac),
        _ => Running::failed(1, format!("Error: Unknown command: brew {command}\n")),
    };
    timed(RUBY, running)
}

/// How `ps` shows it: it has become Ruby (docs/mac-facts.md#brew-process).
pub(in crate::sim) fn as_seen(argv: &[String]) -> Vec<String> {
    let ruby = ["Library/Homebrew/vendor/portable-ruby/current/bin/ruby", "Library/Homebrew/brew.rb"];
    let ruby = ruby.map(|part| format!("{PREFIX}/{part}"));
    ruby.into_iter().chain(argv.iter().skip(1).cloned()).collect()
}

/// What is answered without Ruby, and leaves sudo's ticket alone.
fn fast(mac: &Mac, command: &str, call: &Call) -> Option<Running> {
    let none = call.names.is_empty();
    Some(match command {
        "" if call.has("--version") => Running::printed(format!("Homebrew {VERSION}\n")),
        "" if call.has("--prefix") => Running::printed(format!("{PREFIX}\n")),
        // The formula's name is the only word then; it need not be installed.
        name if call.has("--prefix") && none => Running::printed(format!("{PREFIX}/opt/{name}\n")),
        "shellenv" => Running::printed(shellenv(call)),
        "list" | "ls" if none && !call.has("--cask") => info::list(mac, call),
        "tap" if none => tap::list(mac),
        _ => return None,
    })
}

/// Nothing when the path begins with its folders already (docs/mac-facts.md#brew-shellenv).
fn shellenv(call: &Call) -> String {
    let path = call.environment.get("PATH").map_or("", String::as_str);
    if path.starts_with("/opt/homebrew/bin:/opt/homebrew/sbin") {
        return String::new();
    }
    format!(
        "export HOMEBREW_PREFIX=\"{PREFIX}\";\nexport HOMEBREW_CELLAR=\"{PREFIX}/Cellar\";\nexport \
         HOMEBREW_REPOSITORY=\"{PREFIX}\";\neval \"$(/usr/bin/env PATH_HELPER_ROOT=\"{PREFIX}\" \
         /usr/libexec/path_helper -s)\"\n[ -z \"${{MANPATH-}}\" ] || export MANPATH=\":${{MANPATH#:}}\";\nexport \
         INFOPATH=\"{PREFIX}/share/info:${{INFOPATH:-}}\";\n"
    )
}

/// The same, after what it takes to start.
fn timed(start: Duration, running: Running) -> Running {
    let Running { output, mut stages, hangs } = running;
    stages.push_front((
        start,
        Box::new(move |_, told| {
            told.code = output.code;
            told.out(&output.stdout);
            told.err(&output.stderr);
        }),
    ));
    Running { stages, hangs, ..Running::default() }
}

/// Homebrew with its `ollama`, poured and never started, on a disk in memory.
pub(in crate::sim) fn with_ollama(disk: &mut MemoryDisk, now: jiff::Timestamp) -> std::io::Result<()> {
    // The room that a Mac has is what is left beside it.
    let room = disk.space().free;
    disk.set_free(u64::MAX);
    prefix::folders(disk, now)?;
    prefix::repository(disk, now)?;
    let offered = |name: &str| catalogue::find(name).map(|formula| formula.version.to_owned());
    for (name, on_request) in [("mlx", false), ("mlx-c", false), ("ollama", true)] {
        if let (Some(formula), Some(version)) = (catalogue::find(name), offered(name)) {
            cellar::pour(disk, formula, &version, on_request, now)?;
        }
    }
    disk.set_free(room);
    Ok(())
}

/// All that Homebrew keeps belongs to the user who installed it.
const OWNER: u32 = USER;
