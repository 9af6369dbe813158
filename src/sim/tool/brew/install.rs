use std::time::Duration;

use super::{
    Call,
    catalogue::{self, Formula},
    cellar, tap,
};
use crate::{
    machine::Output,
    sim::{Fault, Mac, Running, running::Print, tool::unix::reason},
};

/// In how many parts a bottle is fetched, so that others can act in between.
const PARTS: u64 = 4;

/// What pouring takes for every 10 MB, and at the least.
const POUR: Duration = Duration::from_millis(300);

/// A formula of this name; a former name is told (docs/mac-facts.md#brew-renames).
pub(super) fn formula(name: &str, output: &mut Output) -> Result<&'static Formula, ()> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let Some(formula) = catalogue::find(bare) else {
        output.code = 1;
        output.err(format!("Error: No available formula with the name \"{name}\".\n"));
        return Err(());
    };
    if formula.name != bare {
        output.err(format!("Warning: Formula {bare} was renamed to {}.\n", formula.name));
    }
    Ok(formula)
}

/// `brew install NAME…` (docs/mac-facts.md#brew-install).
pub(super) fn install(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut pouring = vec![];
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        if let Err(refused) = tap::judge(mac, formula, name) {
            return refused;
        }
        if let Some(locked) = locked(mac, "install", formula) {
            return locked;
        }
        let offered = catalogue::offered(&mac.state.brew, formula);
        match cellar::active(&*mac.disk, formula.name) {
            None => {
                for need in catalogue::runtime(formula) {
                    if cellar::versions(&*mac.disk, need.name).is_empty() {
                        pouring.push((need, catalogue::offered(&mac.state.brew, need), false));
                    }
                }
                pouring.push((formula, offered, true));
            }
            Some(version) if version != offered && call.set("HOMEBREW_NO_INSTALL_UPGRADE") => {
                running.output.err(format!(
                    "Error: {0} {version} is already installed\nTo upgrade to {offered}, run:\n  brew upgrade {0}\n",
                    formula.name
                ));
            }
            Some(version) if version != offered => {
                running.output.out(format!(
                    "{} {version} is already installed but outdated (so it will be upgraded).\n",
                    formula.name
                ));
                pouring.push((formula, offered, true));
            }
            Some(version) => {
                let name = formula.name;
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
                // Whoever names it asks for it, whatever brought it.
                running = running.then(Duration::ZERO, move |mac, output| {
                    let now = mac.state.now;
                    told(output, name, cellar::set_on_request(&mut *mac.disk, name, true, now));
                });
            }
        }
    }
    let extra = pouring.iter().any(|(_, _, on_request)| !on_request);
    if extra && call.terminal && !call.set("HOMEBREW_NO_ASK") && !call.has("--yes") {
        running.output.out("==> Do you want to proceed with the installation? [y/n]\n");
        return running.hanging();
    }
    pour_all(mac, running, call, pouring)
}

/// `brew upgrade [NAME…]`; what is outdated and stands on it goes along, unless that is switched off.
pub(super) fn upgrade(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut names: Vec<String> = call.names.clone();
    if names.is_empty() {
        names = outdated(mac);
    }
    let mut pouring = vec![];
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
            Some(_) => pouring.push((formula, offered, on_request(mac, formula))),
        }
        if call.set("HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK") {
            continue;
        }
        for user in cellar::users(&*mac.disk, formula.name) {
            let Some(user) =
                catalogue::find(&user).filter(|user| outdated(mac).iter().any(|name| name == user.name))
            else {
                continue;
            };
            pouring.push((user, catalogue::offered(&mac.state.brew, user), on_request(mac, user)));
        }
    }
    pour_all(mac, running, call, pouring)
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

fn on_request(mac: &Mac, formula: &Formula) -> bool {
    let version = cellar::active(&*mac.disk, formula.name);
    let receipt = version.and_then(|version| cellar::receipt(&*mac.disk, formula.name, &version));
    receipt.is_some_and(|receipt| receipt["installed_on_request"] == true)
}

/// Why a formula cannot be touched just now (docs/mac-facts.md#brew-lock): it names what fails, not who holds the lock.
pub(super) fn locked(mac: &mut Mac, verb: &str, formula: &Formula) -> Option<Running> {
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

type Pouring = Vec<(&'static Formula, String, bool)>;

fn pour_all(mac: &mut Mac, mut running: Running, call: &Call, pouring: Pouring) -> Running {
    if pouring.is_empty() {
        return running;
    }
    if !call.set("HOMEBREW_NO_AUTO_UPDATE") {
        running = running.then(super::UPDATE, |_, output| output.out("==> Auto-updating Homebrew...\n"));
    }
    let keep = call.set("HOMEBREW_NO_INSTALL_CLEANUP");
    mac.state.brew.locked.extend(pouring.iter().map(|(formula, _, _)| formula.name.to_owned()));
    for (formula, _, _) in &pouring {
        running = download(running, mac, formula);
    }
    for (formula, version, on_request) in pouring {
        let takes = POUR * u32::try_from(1 + formula.poured / 10_000_000).unwrap_or(u32::MAX);
        running =
            running.then(takes, move |mac, output| pour(mac, output, formula, &version, on_request, keep));
    }
    running
}

fn download(mut running: Running, mac: &Mac, formula: &'static Formula) -> Running {
    let part = Duration::from_millis(formula.bottle * 8 * 1000 / mac.state.bandwidth.max(1) / PARTS);
    running = running.then(Duration::from_millis(300), move |mac, output| {
        if !output.ok() {
            return;
        }
        output.out(format!("==> Fetching downloads for: {}\n", formula.name));
        if mac.state.faults.take(Fault::NetworkGone) {
            output.code = 1;
            output.err("curl: (6) Could not resolve host: ghcr.io\n");
            output.err(format!("Error: Failed to download resource \"{}\"\n", formula.name));
        }
    });
    for _ in 0..PARTS {
        running = running.then(part, move |mac, output| {
            if output.ok() {
                mac.state.meter.downloaded += formula.bottle / PARTS;
            }
        });
    }
    running
}

fn pour(mac: &mut Mac, output: &mut Output, formula: &Formula, version: &str, on_request: bool, keep: bool) {
    let name = formula.name;
    mac.state.brew.locked.remove(name);
    if !output.ok() {
        return;
    }
    output.out(format!("==> Pouring {name}--{version}.arm64_sequoia.bottle.tar.gz\n"));
    let (now, old) = (mac.state.now, cellar::versions(&*mac.disk, name));
    if mac.state.faults.take(Fault::DiskFull) {
        output.code = 1;
        return output.err("Error: No space left on device @ rb_sysopen\n");
    }
    let done = cellar::pour(&mut *mac.disk, formula, version, on_request, now);
    if done.is_err() {
        // What was unpacked until then it takes away itself.
        let _ = cellar::remove(&mut *mac.disk, name, version, now);
    }
    told(output, name, done);
    if !keep {
        for version in old.iter().filter(|old| *old != version) {
            told(output, name, cellar::remove(&mut *mac.disk, name, version, now));
        }
    }
    if output.ok() {
        let size = formula.poured / 1_000_000;
        output.out(format!("==> Summary\n/opt/homebrew/Cellar/{name}/{version}: 3 files, {size}MB\n"));
    }
}

/// Tells what the file system said.
pub(super) fn told(output: &mut Output, name: &str, done: std::io::Result<()>) {
    if let Err(error) = done {
        output.code = 1;
        output.err(format!("Error: {} @ {name}\n", reason(&error)));
    }
}

/// `brew link NAME`.
pub(super) fn link(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        let Some(version) = cellar::versions(&*mac.disk, formula.name).pop() else {
            return Running::failed(1, format!("Error: No such keg: {}\n", cellar::rack(formula.name)));
        };
        running = running.then(Duration::ZERO, move |mac, output| {
            let now = mac.state.now;
            told(output, formula.name, cellar::link(&mut *mac.disk, formula, &version, now));
            output.out(format!("Linking {}... 1 symlinks created.\n", cellar::keg(formula.name, &version)));
        });
    }
    running
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
