use std::time::Duration;

use super::{Call, catalogue, cellar, install, tap};
use crate::sim::{Mac, Running, running::Print};

/// `brew uninstall [--force] NAME…`: the active keg of each, or all (docs/mac-facts.md#brew-uninstall).
pub(super) fn uninstall(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut kegs: Vec<(&'static str, String)> = vec![];
    for name in &call.names {
        let Ok(formula) = install::formula(name, &mut running.output) else { return running };
        if let Some(locked) = install::locked(mac, "uninstall", formula) {
            return locked;
        }
        let Some(version) = cellar::active(&*mac.disk, formula.name) else {
            return Running::failed(1, format!("Error: No such keg: {}\n", cellar::rack(formula.name)));
        };
        let all = cellar::versions(&*mac.disk, formula.name);
        let going = if call.has("--force") { all } else { vec![version] };
        kegs.extend(going.into_iter().map(|version| (formula.name, version)));
    }
    for (name, version) in &kegs {
        let users = cellar::users(&*mac.disk, name);
        let left = users.iter().find(|user| !kegs.iter().any(|(going, _)| going == user));
        let stays =
            cellar::versions(&*mac.disk, name).iter().any(|version| !kegs.contains(&(name, version.clone())));
        if let Some(user) = left.filter(|_| !stays && !call.has("--ignore-dependencies")) {
            return Running::failed(
                1,
                format!(
                    "Error: Refusing to uninstall {}\nbecause it is required by {user}, which is currently \
                     installed.\nYou can override this and force removal with:\n  brew uninstall \
                     --ignore-dependencies {name}\n",
                    cellar::keg(name, version)
                ),
            );
        }
    }
    for (name, version) in kegs {
        if cellar::is_pinned(&*mac.disk, name) && !call.has("--force") {
            // It is told as an error, and is none by its exit code.
            running.output.err(format!("Error: {name} is pinned. You must unpin it to uninstall.\n"));
            continue;
        }
        running = running.then(Duration::from_millis(200), move |mac, output| {
            let keg = cellar::keg(name, &version);
            output.out(format!("Uninstalling {keg}... (3 files)\n"));
            let now = mac.state.now;
            install::told(output, name, cellar::remove(&mut *mac.disk, name, &version, now));
            let whole = catalogue::find(name).map(|formula| format!("{}/{name}", formula.tap));
            tap::forget(mac, |entry| whole.as_deref() == Some(entry));
            let left = cellar::versions(&*mac.disk, name);
            if !left.is_empty() {
                let left = left.join(", ");
                output.out(format!(
                    "{name} {left} is still installed.\nTo remove all versions, run:\n  brew uninstall --force {name}\n"
                ));
            }
        });
    }
    running
}
