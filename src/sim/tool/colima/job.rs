use std::time::Duration;

use camino::Utf8PathBuf;

use super::{
    boot,
    call::Call,
    machine::{self, STOPPING, Stage},
};
use crate::sim::{
    Mac, Program,
    clock::after,
    tool::{
        Environment,
        launchd::{Ending, Exit},
    },
};

/// How long a start lives that has nothing to do, or fails at once.
const SHORT: Duration = Duration::from_millis(400);

/// launchd has started `colima start --foreground` as the process `pid`: it begins, and how it ends where it does so by itself. What
/// it says goes to `stderr`.
pub(in crate::sim) fn begin(
    mac: &mut Mac,
    pid: u32,
    uid: u32,
    arguments: &[String],
    environment: &Environment,
    stderr: Option<Utf8PathBuf>,
) -> (Vec<String>, Option<Ending>) {
    let ending = |mac: &Mac, code: i32, says: String| Ending {
        at: after(mac.state.now, SHORT),
        exit: Exit::Code(code),
        says,
    };
    let call = match Call::new(mac, uid, arguments, environment) {
        Ok(call) if call.command == "start" => call,
        Ok(_) => return (vec![], Some(ending(mac, 1, "Error: unknown command".to_owned()))),
        Err(why) => return (vec![], Some(ending(mac, 1, super::line(mac, "fatal", &why)))),
    };
    if let Some(process) = mac.state.processes.get_mut(&pid) {
        process.program = Program::Colima(call.profile.clone());
    }
    match boot::begin(mac, &call, Some((pid, stderr))) {
        // Without the flag it ends when the machine is up; launchd would start it again and again.
        Ok(lines) => (lines, None),
        Err((code, says)) => {
            if let Some(process) = mac.state.processes.get_mut(&pid) {
                process.program = Program::Idle;
            }
            (vec![], Some(ending(mac, code, says)))
        }
    }
}

/// The process `pid` ends by itself with `code`.
pub(in crate::sim) fn ended(mac: &mut Mac, pid: u32, code: i32, says: &str) {
    let now = mac.state.now;
    let jobs = mac.state.launchd.jobs.values_mut().flat_map(|jobs| jobs.values_mut());
    for job in jobs.filter(|job| job.pid == Some(pid)) {
        job.ending = Some(Ending { at: after(now, SHORT), exit: Exit::Code(code), says: says.to_owned() });
    }
}

/// The profile whose machine a process keeps up.
pub(in crate::sim) fn keeps_up(mac: &Mac, pid: u32) -> Option<String> {
    match &mac.state.processes.get(&pid)?.program {
        Program::Colima(profile) => Some(profile.clone()),
        _ => None,
    }
}

/// A process that keeps a machine up was told to end: it takes the machine down first. In the middle of a start it hears nothing,
/// ends at once, and leaves the machine to itself. How it ends, and after how long.
pub(in crate::sim) fn terminated(mac: &mut Mac, profile: &str, signal: i32) -> (Exit, Duration) {
    match mac.state.machines.get(profile).map(|vm| vm.stage.clone()) {
        Some(Stage::Up { .. }) => {
            machine::stop(mac, profile);
            (Exit::Code(0), STOPPING + SHORT)
        }
        Some(Stage::Booting { agent: None, .. }) => {
            machine::down(mac, profile);
            (Exit::Signal(signal), SHORT)
        }
        Some(Stage::Booting { .. }) => (Exit::Signal(signal), SHORT),
        _ => (Exit::Code(0), SHORT),
    }
}
