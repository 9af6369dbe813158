use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::{Child, DomainTarget, Exit, environment, outputs, spawn::spawn, unload};
use crate::sim::{
    Mac, State,
    clock::after,
    tool::{apps, colima},
};

/// From the end of a process to the start of the next where the throttle allows it at once.
const RESPAWN: Duration = Duration::from_millis(20);

/// What happens to one job, or to one child of a job's process, at one time.
enum Event {
    Spawn(DomainTarget, String),
    Ends(DomainTarget, String),
    Kill(DomainTarget, String),
    Child(usize),
    Machine(String),
    App(Utf8PathBuf),
}

/// Brings launchd up to the Mac's clock: everything that was due since the last time, in the order of its times.
pub fn settle(mac: &mut Mac) {
    let until = mac.state.now;
    outside(mac);
    while let Some((at, event)) = next(&mac.state).filter(|(at, _)| *at <= until) {
        mac.state.now = at;
        happen(mac, event);
    }
    mac.state.now = until;
    super::child::orphaned(mac);
    colima::look_after(mac);
    apps::look_after(mac);
    watched(mac);
}

/// The process of a job, or of a child of one, has ended or is to: `true` when it was one of launchd's.
pub fn signalled(mac: &mut Mac, pid: u32, signal: i32) -> bool {
    let job = mac
        .state
        .launchd
        .all_jobs()
        .find(|(_, job)| job.pid == Some(pid))
        .map(|(domain, job)| (domain, job.definition.label.clone()));
    match job {
        Some((domain, label)) => unload::signal(mac, domain, &label, signal),
        None => return super::child::signalled(mac, pid, signal),
    }
    true
}

/// When launchd has something to do next.
pub fn due(state: &State) -> Option<Timestamp> {
    next(state).map(|(at, _)| at)
}

fn next(state: &State) -> Option<(Timestamp, Event)> {
    let jobs = state.launchd.all_jobs().flat_map(|(domain, job)| {
        let label = &job.definition.label;
        [
            job.pid
                .is_none()
                .then_some(job.spawn_at)
                .flatten()
                .map(|at| (at, Event::Spawn(domain, label.clone()))),
            job.ending.as_ref().map(|ending| (ending.at, Event::Ends(domain, label.clone()))),
            job.kill_at.map(|at| (at, Event::Kill(domain, label.clone()))),
        ]
    });
    let children = state
        .launchd
        .children
        .iter()
        .enumerate()
        .map(|(nth, child): (usize, &Child)| child.restart_at.map(|at| (at, Event::Child(nth))));
    let machine = colima::due(state).map(|(at, profile)| (at, Event::Machine(profile)));
    let app = apps::due(state).map(|(at, path)| (at, Event::App(path)));
    jobs.chain(children).chain([machine, app]).flatten().min_by_key(|(at, _)| *at)
}

fn happen(mac: &mut Mac, event: Event) {
    match event {
        Event::Spawn(domain, label) => spawn(mac, domain, &label),
        Event::Ends(domain, label) => {
            let Some(job) = mac.state.launchd.job_mut(domain, &label) else { return };
            let Some(ending) = job.ending.take() else { return };
            let definition = job.definition.clone();
            if !ending.says.is_empty() {
                let uid = environment::uid(mac, domain, &definition);
                outputs::say(mac, uid, definition.stderr.as_deref(), &[ending.says]);
            }
            reap(mac, domain, &label, ending.exit);
        }
        Event::Kill(domain, label) => {
            if let Some(job) = mac.state.launchd.job_mut(domain, &label) {
                job.kill_at = None;
                job.signalled = job.pid.map(|_| 9);
            }
            unload::signal(mac, domain, &label, 9);
        }
        Event::Child(nth) => super::child::restart(mac, nth),
        Event::Machine(profile) => colima::happen(mac, &profile),
        Event::App(path) => apps::happen(mac, &path),
    }
}

/// A job's process is gone, or could not be started: the job goes too if it was booted out, else it waits for its
/// next start (docs/mac-facts.md#launchd-throttle).
pub(super) fn reap(mac: &mut Mac, domain: DomainTarget, label: &str, exit: Exit) {
    let now = mac.state.now;
    let Some(job) = mac.state.launchd.job_mut(domain, label) else { return };
    let pid = job.pid.take();
    job.last = Some(exit);
    job.ending = None;
    job.signalled = None;
    job.kill_at = None;
    let leaving = job.leaving;
    let earliest = job.started.map_or(now, |at| after(at, Duration::from_secs(job.definition.throttle)));
    let keep_alive = job.definition.keep_alive.clone();
    if let Some(pid) = pid {
        mac.state.processes.remove(&pid);
    }
    if leaving {
        unload::remove(mac, domain, label);
    } else if keep_alive.wants(Some(exit), mac.disk.as_ref())
        && let Some(job) = mac.state.launchd.job_mut(domain, label)
    {
        job.spawn_at = Some(earliest.max(after(now, RESPAWN)));
    }
}

/// Real processes end by themselves.
fn outside(mac: &mut Mac) {
    let Some(host) = mac.host.as_mut() else { return };
    let ended: Vec<_> = mac
        .state
        .launchd
        .all_jobs()
        .filter_map(|(domain, job)| {
            Some((domain, job.definition.label.clone(), Exit::from_status(host.ended(job.pid?)?)))
        })
        .collect();
    for (domain, label, exit) in ended {
        reap(mac, domain, &label, exit);
    }
}

/// Files that came or went can start a job.
fn watched(mac: &mut Mac) {
    let now = mac.state.now;
    let due: Vec<_> = mac
        .state
        .launchd
        .all_jobs()
        .filter(|(_, job)| {
            job.pid.is_none() && job.spawn_at.is_none() && job.definition.keep_alive.watches_paths()
        })
        .filter(|(_, job)| job.definition.keep_alive.wants(job.last, mac.disk.as_ref()))
        .map(|(domain, job)| (domain, job.definition.label.clone()))
        .collect();
    for (domain, label) in due {
        if let Some(job) = mac.state.launchd.job_mut(domain, &label) {
            job.spawn_at = Some(after(now, RESPAWN));
        }
    }
}
