use std::time::Duration;

use camino::Utf8Path;

use super::{Definition, DomainTarget, Ending, Exit, Refusal, chance};
use crate::sim::{Caller, Content, Fault, Mac, Program, clock::after, tool::colima};

/// SIGKILL and SIGTERM.
const KILL: i32 = 9;
const TERM: i32 = 15;

/// `bootout DOMAIN/LABEL`: accepted at once, and the job goes with its process (docs/mac-facts.md#launchd-bootout-async).
pub fn bootout(mac: &mut Mac, caller: Caller, domain: DomainTarget, label: &str) -> Result<(), Refusal> {
    super::present(mac, domain).map_err(|_| Refusal(125))?;
    if !domain.changed_by(caller.uid) {
        return Err(Refusal(5));
    }
    let job = mac.state.launchd.job_mut(domain, label).ok_or(Refusal(3))?;
    if job.leaving {
        return Err(Refusal(36));
    }
    if job.pid.is_none() {
        remove(mac, domain, label);
        return Ok(());
    }
    job.leaving = true;
    terminate(mac, domain, label);
    if mac.state.faults.take(Fault::BootoutInProgress) { Err(Refusal(36)) } else { Ok(()) }
}

/// The label in a property list, which is what a command with a path means.
pub fn label_in(mac: &Mac, plist: &Utf8Path) -> Option<String> {
    match mac.disk.read(0, plist) {
        Ok(Content::Bytes(bytes)) => Definition::read(&bytes).ok().map(|definition| definition.label),
        _ => None,
    }
}

/// Takes a job out of its domain.
pub(super) fn remove(mac: &mut Mac, domain: DomainTarget, label: &str) {
    if let Some(jobs) = mac.state.launchd.jobs.get_mut(&domain) {
        jobs.remove(label);
        if jobs.is_empty() {
            mac.state.launchd.jobs.remove(&domain);
        }
    }
}

/// SIGTERM to a job's process, and SIGKILL once its exit timeout is over.
pub(super) fn terminate(mac: &mut Mac, domain: DomainTarget, label: &str) {
    signal(mac, domain, label, TERM);
    let now = mac.state.now;
    if let Some(job) = mac.state.launchd.job_mut(domain, label) {
        let timeout = job.definition.exit_timeout;
        job.signalled = job.pid.map(|_| TERM);
        job.kill_at = (timeout > 0).then(|| after(now, Duration::from_secs(timeout)));
    }
}

/// Sends a signal to a job's process. A real process sees to itself; one of the table ends by SIGKILL at once, by
/// any other that ends processes a moment later.
pub(super) fn signal(mac: &mut Mac, domain: DomainTarget, label: &str, signal: i32) {
    let slow = signal != KILL && ends_a_process(signal) && mac.state.faults.take(Fault::IgnoresTerm);
    let Some(job) = mac.state.launchd.job_mut(domain, label) else { return };
    let Some(pid) = job.pid else { return };
    if let Some(host) = mac.host.as_mut() {
        if !slow {
            // A process that is gone by now is found ended when launchd looks next.
            let _gone = host.signal(pid, signal);
        }
        return;
    }
    if signal == KILL {
        super::reap(mac, domain, label, Exit::Signal(KILL));
        return;
    }
    if slow || !ends_a_process(signal) {
        return;
    }
    if let Some(profile) = colima::keeps_up(mac, pid) {
        let (exit, takes) = colima::terminated(mac, &profile, signal);
        let at = after(mac.state.now, takes);
        if let Some(job) = mac.state.launchd.job_mut(domain, label) {
            job.ending = Some(Ending { at, exit, says: String::new() });
        }
        return;
    }
    let process = mac.state.processes.get(&pid);
    // Go's runtime hands the signal to the server, which ends by itself with code 0.
    let ollama = process.is_some_and(|process| matches!(process.program, Program::Ollama(_)));
    let (exit, least) = if ollama { (Exit::Code(0), 400) } else { (Exit::Signal(signal), 250) };
    let takes = Duration::from_millis(least + chance(mac, label) % 2_600);
    let now = mac.state.now;
    if let Some(job) = mac.state.launchd.job_mut(domain, label)
        && job.ending.as_ref().is_none_or(|ending| ending.at > after(now, takes))
    {
        job.ending = Some(Ending { at: after(now, takes), exit, says: String::new() });
    }
}

/// Whether a process without a handler ends by it.
fn ends_a_process(signal: i32) -> bool {
    !matches!(signal, 0 | 16..=23 | 28 | 29)
}
