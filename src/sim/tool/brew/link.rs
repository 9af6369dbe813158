use std::time::Duration;

use super::{
    Call, cellar,
    install::{formula, told},
};
use crate::sim::{Mac, Running, running::Print};

/// `brew link [--force] NAME…`: the newest keg of each (docs/mac-facts.md#brew-link).
pub(super) fn link(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        let Some(version) = cellar::versions(&*mac.disk, formula.name).pop() else {
            return Running::failed(1, format!("Error: No such keg: {}\n", cellar::rack(formula.name)));
        };
        let keg = cellar::keg(formula.name, &version);
        if cellar::is_linked(&*mac.disk, formula.name) {
            running.output.err(format!("Warning: Already linked: {keg}\n"));
            continue;
        }
        if formula.keg_only {
            running.output.err(format!(
                "Warning: Refusing to link macOS provided/shadowed software: {}\n",
                formula.name
            ));
            continue;
        }
        running = running.then(Duration::ZERO, move |mac, output| {
            let now = mac.state.now;
            told(output, formula.name, cellar::link(&mut *mac.disk, formula, &version, now));
            output.out(format!("Linking {keg}... 1 symlinks created.\n"));
        });
    }
    running
}

/// `brew unlink NAME…`: what `opt` has of it stays.
pub(super) fn unlink(mac: &mut Mac, call: &Call) -> Running {
    let mut running = Running::default();
    for name in &call.names {
        let Ok(formula) = formula(name, &mut running.output) else { return running };
        let Some(version) = cellar::active(&*mac.disk, formula.name) else {
            return Running::failed(1, format!("Error: No such keg: {}\n", cellar::rack(formula.name)));
        };
        running = running.then(Duration::ZERO, move |mac, output| {
            let now = mac.state.now;
            told(output, formula.name, cellar::unlink(&mut *mac.disk, formula, &version, now));
            output.out(format!("Unlinking {}... 1 symlinks removed.\n", cellar::keg(formula.name, &version)));
        });
    }
    running
}
