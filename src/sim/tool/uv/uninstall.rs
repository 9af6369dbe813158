use std::time::Duration;

use super::{Call, fail, interpreters::os, site::Site};
use crate::{
    sim::{Mac, Running, running::Print},
    value::package_name,
};

/// `uv pip uninstall -p PYTHON NAME…`; what is not there is only warned of.
pub(super) fn uninstall(mac: &mut Mac, call: &Call, names: &[&str]) -> Running {
    let site = match Site::open(mac, call) {
        Ok(site) => site,
        Err(failed) => return failed,
    };
    let uid = call.caller.uid;
    let mut running = Running::default();
    site.using(&mut running.output);
    let installed = site.installed(&*mac.disk);
    let mut going = vec![];
    for name in names {
        match package_name(name).and_then(|name| installed.get(&name).map(|package| (name, package.clone())))
        {
            Some(found) => going.push(found),
            None => running.output.err(format!("warning: Skipping {name} as it is not installed\n")),
        }
    }
    if going.is_empty() {
        running.output.err("warning: No packages to uninstall\n");
    }
    for (name, package) in going {
        let site = site.clone();
        running = running.then(Duration::from_millis(3), move |mac, output| {
            let now = mac.state.now;
            match site.take(&mut *mac.disk, uid, &package, output, now) {
                Ok(()) => output.err(format!(" - {name}=={}\n", package.version)),
                Err(error) => fail(output, 2, &format!("Failed to uninstall {name}"), &[&os(&error)]),
            }
        });
    }
    running
}
