use std::time::Duration;

use super::{
    Call,
    catalogue::{self, Formula},
    cellar,
    pour::Pouring,
    tap,
};
use crate::{
    machine::Output,
    sim::{Fault, Mac, Running, running::Print, tool::unix::reason},
};

/// A formula of this name; a former name is told (docs/mac-facts.md#brew-renames).
pub(super) fn formula(name: &str, output: &mut Output) -> Result<&'static Formula, ()> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let Some(formula) = catalogue::find(bare) else {
        output.code = 1;
        output.err(format!("Error: No available formula with the name \"{name}\".\n"));
        return Err(());
    };
    if formula.old_names.contains(&bare) {
        output.err(format!("Warning: Formula {bare} was renamed to {}.\n", formula.name));
    }
    Ok(formula)
}

/// `brew install NAME…` (docs/mac-facts.md#brew-install).
pub(super) fn install(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut pouring = Pouring::default();
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        if let Err(refused) = tap::judge(mac, formula, name) {
            return refused;
        }
        if let Some(locked) = locked(mac, "install", formula) {
            return locked;
        }
        let offered = catalogue::offered(&mac.state.brew, formula);
        let name = formula.name;
        match cellar::active(&*mac.disk, name) {
            None => pouring.add(mac, formula, true),
            Some(version) if version != offered && call.set("HOMEBREW_NO_INSTALL_UPGRADE") => {
                running.output.err(format!(
                    "Error: {name} {version} is already installed\nTo upgrade to {offered}, run:\n  brew upgrade {name}\n"
                ));
                running = asked_for(running, name);
            }
            Some(version) if version != offered => {
                running.output.out(format!(
                    "{name} {version} is already installed but outdated (so it will be upgraded).\n"
                ));
                pouring.add(mac, formula, true);
            }
            Some(version) => {
                running.output.err(if cellar::is_linked(&*mac.disk, name) {
                    format!(
                        "Warning: {name} {version} is already installed and up-to-date.\nTo reinstall {version}, \
                         run:\n  brew reinstall {name}\n"
                    )
                } else {
                    format!(
                        "Warning: {name} {version} is already installed, it's just not linked.\nTo link this \
                         version, run:\n  brew link {name}\n"
                    )
                });
                running = asked_for(running, name);
            }
        }
    }
    if pouring.has_more() && call.terminal && !call.set("HOMEBREW_NO_ASK") && !call.has("--yes") {
        running.output.out("==> Do you want to proceed with the installation? [y/n]\n");
        return running.hanging();
    }
    pouring.start(mac, running, call)
}

/// Whoever names it asks for it, whatever brought it.
fn asked_for(running: Running, name: &'static str) -> Running {
    running.then(Duration::ZERO, move |mac, output| {
        let now = mac.state.now;
        told(output, name, cellar::set_on_request(&mut *mac.disk, name, true, now));
    })
}

/// `brew upgrade [NAME…]`; what is outdated and stands on it goes along, unless that is switched off.
pub(super) fn upgrade(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut names: Vec<String> = call.names.clone();
    if names.is_empty() {
        names = outdated(mac);
    }
    let mut pouring = Pouring::default();
    for name in &names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        if let Some(locked) = locked(mac, "upgrade", formula) {
            return locked;
        }
        let offered = catalogue::offered(&mac.state.brew, formula);
        match cellar::active(&*mac.disk, formula.name) {
            None => return Running::failed(1, format!("Error: {} not installed\n", formula.name)),
            Some(version) if version == offered => {
                running.output.err(format!("Warning: {} {version} already installed\n", formula.name));
            }
            Some(_) if cellar::is_pinned(&*mac.disk, formula.name) => {
                running.output.err("Error: Not upgrading 1 pinned package:\n");
                running.output.code = i32::from(!call.names.is_empty());
                continue;
            }
            Some(_) => {
                let on_request = on_request(mac, formula);
                pouring.add(mac, formula, on_request);
            }
        }
        if call.set("HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK") {
            continue;
        }
        for user in cellar::users(&*mac.disk, formula.name) {
            let old = outdated(mac).contains(&user) && !cellar::is_pinned(&*mac.disk, &user);
            if let Some(user) = catalogue::find(&user).filter(|_| old) {
                let on_request = on_request(mac, user);
                pouring.add(mac, user, on_request);
            }
        }
    }
    pouring.start(mac, running, call)
}

/// What is installed in another release than is offered.
pub(super) fn outdated(mac: &Mac) -> Vec<String> {
    let old = |name: &String| {
        let offered = catalogue::find(name).map(|formula| catalogue::offered(&mac.state.brew, formula));
        offered
            .is_some_and(|offered| cellar::active(&*mac.disk, name).is_some_and(|version| version != offered))
    };
    cellar::installed(&*mac.disk).into_iter().filter(old).collect()
}

pub(super) fn on_request(mac: &Mac, formula: &Formula) -> bool {
    let version = cellar::active(&*mac.disk, formula.name);
    let receipt = version.and_then(|version| cellar::receipt(&*mac.disk, formula.name, &version));
    receipt.is_some_and(|receipt| receipt["installed_on_request"] == true)
}

/// Why a formula cannot be touched just now (docs/mac-facts.md#brew-lock): it names what fails, not who holds the lock.
pub(super) fn locked(mac: &mut Mac, verb: &str, formula: &Formula) -> Option<Running> {
    super::update::lock_file(mac, &format!("{}.formula.lock", formula.name));
    let held = mac.state.brew.locked.contains(formula.name) || mac.state.faults.take(Fault::BrewLocked);
    held.then(|| {
        let name = formula.name;
        Running::failed(
            1,
            format!(
                "Error: A `brew {verb} {name}` process has already locked /opt/homebrew/Cellar/{name}.\nPlease wait for \
                 it to finish or terminate it to continue.\n"
            ),
        )
    })
}

/// Tells what the file system said.
pub(super) fn told(output: &mut Output, name: &str, done: std::io::Result<()>) {
    if let Err(error) = done {
        output.code = 1;
        output.err(format!("Error: {} @ {name}\n", reason(&error)));
    }
}

/// `brew tab [--installed-on-request | --no-installed-on-request] NAME…`.
pub(super) fn tab(mac: &mut Mac, call: &Call) -> Running {
    let on_request = call.has("--installed-on-request");
    if !on_request && !call.has("--no-installed-on-request") {
        return Running::failed(1, "Error: Invalid usage: No marking option specified.\n");
    }
    let mut running = Running::default();
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        if cellar::versions(&*mac.disk, formula.name).is_empty() {
            return Running::failed(1, format!("Error: {} is not installed.\n", formula.name));
        }
        running = running.then(Duration::ZERO, move |mac, output| {
            let now = mac.state.now;
            told(output, formula.name, cellar::set_on_request(&mut *mac.disk, formula.name, on_request, now));
        });
    }
    running
}
