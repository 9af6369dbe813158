use std::time::Duration;

use super::{
    Call,
    casks::{self, Cask},
    install::told,
};
use crate::{
    machine::Output,
    sim::{Caller, Fault, Mac, Running, running::Print, tool::sudo},
};

/// `brew install | upgrade | reinstall | uninstall --cask NAME…`.
pub(super) fn run(mac: &mut Mac, caller: Caller, verb: &str, call: &Call) -> Running {
    let mut running = Running::default();
    for name in &call.names {
        let Some(cask) = casks::find(name) else {
            let why = format!("Error: Cask '{name}' is unavailable: No Cask with this name exists.\n");
            return Running::failed(1, why);
        };
        if cask.token != name {
            running.output.err(format!("Warning: Cask {name} was renamed to {}.\n", cask.token));
        }
        if mac.state.faults.take(Fault::BrewLocked) {
            return Running::failed(
                1,
                format!(
                    "Error: A `brew {verb} --cask {0}` process has already locked \
                     /opt/homebrew/Caskroom/{0}.\nPlease wait for it to finish or terminate it to continue.\n",
                    cask.token
                ),
            );
        }
        let there = casks::installed(&*mac.disk, cask);
        let migrated = casks::migrate(mac, cask);
        told(&mut running.output, cask.token, migrated);
        let offered = casks::offered(&mac.state.brew, cask);
        running = match (verb, there) {
            ("install", Some((_, version)))
                if version == offered || call.set("HOMEBREW_NO_INSTALL_UPGRADE") =>
            {
                let why = "the latest version is already installed";
                running.output.err(format!("Warning: Not upgrading {}, {why}\n", cask.token));
                running
            }
            ("install", None) => bring(mac, running, caller, cask, offered, call.has("--adopt")),
            ("upgrade", Some((_, version))) if version == offered => {
                let why = "the latest version is already installed";
                running.output.err(format!("Warning: Not upgrading {}, {why}\n", cask.token));
                running
            }
            ("uninstall", Some(_)) => take_away(running, caller, cask, false),
            (_, Some(_)) => {
                let running = take_away(running, caller, cask, true);
                bring(mac, running, caller, cask, offered, false)
            }
            _ => return Running::failed(1, format!("Error: Cask '{name}' is not installed.\n")),
        };
    }
    running
}

/// Fetches, unpacks, and puts in place; what cannot be put in place is taken away again.
fn bring(
    mac: &Mac,
    running: Running,
    caller: Caller,
    cask: &'static Cask,
    version: String,
    adopt: bool,
) -> Running {
    let (staged, moved) = (version.clone(), version.clone());
    running
        .then(Duration::from_millis(300), |mac, output| {
            if output.ok() && mac.state.faults.take(Fault::NetworkGone) {
                output.code = 1;
                output.err("curl: (6) Could not resolve host: github.com\nError: Download failed on Cask\n");
            }
        })
        .then(casks::takes(mac, cask), |mac, output| {
            if output.ok() {
                mac.state.meter.downloaded += cask.size;
            }
        })
        .then(Duration::from_secs(1), move |mac, output| {
            let now = mac.state.now;
            if !output.ok() {
                return;
            }
            output.out(format!("==> Installing Cask {}\n", cask.token));
            if mac.state.faults.take(Fault::DiskFull) {
                output.code = 1;
                return output.err("Error: No space left on device @ rb_sysopen\n");
            }
            told(output, cask.token, casks::stage(&mut *mac.disk, cask, &staged, now));
        })
        .then(Duration::from_millis(400), move |mac, output| {
            if output.ok() {
                put(mac, caller, cask, &moved, adopt, output);
            }
            if !output.ok() {
                let now = mac.state.now;
                let _ = casks::purge(&mut *mac.disk, cask.token, now);
            }
        })
        .then(Duration::from_millis(100), move |mac, output| {
            let now = mac.state.now;
            if output.ok() {
                told(output, cask.token, casks::record(&mut *mac.disk, cask, &version, now));
                output.out(format!("{} was successfully installed!\n", cask.token));
            }
        })
}

fn put(mac: &mut Mac, caller: Caller, cask: &Cask, version: &str, adopt: bool, output: &mut Output) {
    let now = mac.state.now;
    if cask.package && !root(mac, caller, output) {
        return;
    }
    let Some(app) = casks::app(cask) else { return };
    if mac.disk.node(&app).is_none() {
        output.out(format!("==> Moving App '{}' to '{app}'\n", cask.app.unwrap_or_default()));
        return told(output, cask.token, casks::move_app(&mut *mac.disk, cask, version, now));
    }
    if !adopt {
        output.code = 1;
        return output.err(format!("Error: It seems there is already an App at '{app}'.\n"));
    }
    output.out(format!("==> Adopting existing App at '{app}'\n"));
    if !cask.auto_updates && casks::app_version(&*mac.disk, &app).as_deref() != Some(version) {
        output.code = 1;
        return output.err("Error: It seems the existing App is different from the one being installed.\n");
    }
    told(output, cask.token, casks::adopt(&mut *mac.disk, cask, version, now));
}

/// Homebrew asks for root by itself, after it has let the ticket go.
fn root(mac: &mut Mac, caller: Caller, output: &mut Output) -> bool {
    let may = sudo::run(mac, caller, &["-n", "/usr/bin/true"].map(str::to_owned)).output.ok();
    if !may {
        output.code = 1;
        output.err("sudo: a password is required\nError: Failure while executing; `/usr/bin/sudo -E -- /usr/sbin/installer` exited with 1.\n");
    }
    may
}

fn take_away(running: Running, caller: Caller, cask: &'static Cask, again: bool) -> Running {
    running.then(Duration::from_millis(600), move |mac, output| {
        let now = mac.state.now;
        if !output.ok() || (cask.package && !root(mac, caller, output)) {
            return;
        }
        output.out(format!("==> Uninstalling Cask {}\n", cask.token));
        told(output, cask.token, casks::remove_app(&mut *mac.disk, cask, now));
        if output.ok() {
            told(output, cask.token, casks::purge(&mut *mac.disk, cask.token, now));
        }
        if again {
            output.out("==> Purging files\n");
        }
    })
}
