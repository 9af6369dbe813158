use std::{collections::BTreeMap, time::Duration};

use camino::Utf8Path;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sim::{Mac, Program, clock::after, tool::ollama};

/// From the end of an application's server to its next start.
const RESTART: Duration = Duration::from_secs(1);

/// An Ollama server that an application starts, and starts again whenever it ends
/// (docs/mac-facts.md#ollama-desktop-app).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// The label of the job in `gui/UID` whose process is the application.
    pub label: String,
    /// Its user.
    pub uid: u32,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Its process.
    pub pid: Option<u32>,
    /// When it is started next.
    pub restart_at: Option<Timestamp>,
}

/// Starts one; a server that fails is tried again.
pub(super) fn restart(mac: &mut Mac, nth: usize) {
    let Some(child) = mac.state.launchd.children.get(nth).cloned() else { return };
    let program = child.argv.first().and_then(|program| mac.disk.resolve(Utf8Path::new(program)));
    let server = program
        .and_then(|program| ollama::Binary::at(&program))
        .and_then(|binary| ollama::launch(mac, child.uid, &child.environment, &binary, false).ok());
    let pid = server.map(|(server, _)| {
        let program = Program::Ollama(Box::new(server));
        mac.spawn_process(child.uid, child.argv.clone(), child.environment.clone(), program)
    });
    let again = pid.is_none().then(|| after(mac.state.now, RESTART));
    if let Some(child) = mac.state.launchd.children.get_mut(nth) {
        child.pid = pid;
        child.restart_at = again;
    }
}

/// Whether the process was a child; it ends at once, and its application starts it again.
pub(super) fn signalled(mac: &mut Mac, pid: u32, signal: i32) -> bool {
    let now = mac.state.now;
    let Some(child) = mac.state.launchd.children.iter_mut().find(|child| child.pid == Some(pid)) else {
        return false;
    };
    if signal != 0 {
        child.pid = None;
        child.restart_at = Some(after(now, RESTART));
        mac.state.processes.remove(&pid);
    }
    true
}

/// An application that ends takes its server along.
pub(super) fn orphaned(mac: &mut Mac) {
    let launchd = &mac.state.launchd;
    let up = |label: &str| {
        let mut jobs = launchd.all_jobs().map(|(_, job)| job).filter(|job| job.definition.label == label);
        jobs.any(|job| job.pid.is_some() || job.spawn_at.is_some())
    };
    let alive: Vec<bool> = launchd.children.iter().map(|child| up(&child.label)).collect();
    let mut alive = alive.into_iter();
    let processes = &mut mac.state.processes;
    mac.state.launchd.children.retain(|child| {
        let stays = alive.next().unwrap_or(true);
        if let Some(pid) = child.pid.filter(|_| !stays) {
            processes.remove(&pid);
        }
        stays
    });
}
