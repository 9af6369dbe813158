use camino::Utf8Path;

use super::{Environment, brew};
use crate::sim::{Caller, Mac, Running, Script};

/// `bash FILE`, for the scripts that are imitated; each is known by its digest.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String], environment: &Environment) -> Running {
    let [file] = arguments else {
        return Running::failed(2, "bash: the simulated Mac does not model this use of it\n");
    };
    let Ok(digest) = mac.disk.digest(caller.uid, Utf8Path::new(file)) else {
        return Running::failed(127, format!("bash: {file}: No such file or directory\n"));
    };
    match mac.state.internet.script(&digest) {
        Some(Script::HomebrewInstall) => brew::installer::run(mac, caller, environment),
        None => Running::failed(126, format!("bash: {file}: the simulated Mac does not know this script\n")),
    }
}
