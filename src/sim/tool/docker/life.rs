use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::{
    Container, Inside, Run, health, ports,
    refusal::{Refused, refused},
};
use crate::{
    machine::engine::Stage,
    sim::{Fault, Mac, clock::after},
};

/// How long a program whose memory is not there lives.
const STARVES: Duration = Duration::from_secs(2);

/// What the system of an engine's machine takes of its memory.
const SYSTEM: u64 = 300_000_000;

/// How much longer a slow program takes to begin, and what it is told then.
const SLOW: Duration = Duration::from_mins(5);
const BEGINS: &str = "begins only now";

/// What has been left undone for longer than this is done as of then: nobody can tell.
const HORIZON: Duration = Duration::from_hours(1);

/// What is due for an engine, or for a container of one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    Back,
    Ends,
    Killed,
    Wakes,
    Starts,
    Test,
}

/// Brings all containers up to the Mac's clock.
pub(in crate::sim) fn settle(mac: &mut Mac) {
    let until = mac.state.now;
    if mac.state.engines.is_empty() {
        return ports::forward(mac);
    }
    let earliest = until.checked_sub(HORIZON).unwrap_or(until);
    while let Some((at, event, socket, id)) = next(mac).filter(|(at, ..)| *at <= until) {
        mac.state.now = at.max(earliest).min(until);
        happen(mac, event, &socket, &id);
    }
    mac.state.now = until;
    ports::forward(mac);
}

fn next(mac: &Mac) -> Option<(Timestamp, Event, Utf8PathBuf, String)> {
    let mut first: Option<(Timestamp, Event, &Utf8PathBuf, &str)> = None;
    let mut due = |at: Option<Timestamp>, event, socket, id| {
        if let Some(at) = at
            && first.is_none_or(|(earliest, ..)| at < earliest)
        {
            first = Some((at, event, socket, id));
        }
    };
    for (socket, engine) in &mac.state.engines {
        due(engine.back, Event::Back, socket, "");
        if engine.up.is_none() {
            continue;
        }
        for (id, container) in &engine.containers {
            due(container.restart_at, Event::Starts, socket, id);
            let Some(run) = container.run.as_ref().filter(|_| container.stage != Stage::Paused) else {
                continue;
            };
            due(run.ends.map(|(at, _)| at), Event::Ends, socket, id);
            due(container.stopping, Event::Killed, socket, id);
            due(run.wakes.as_ref().map(|(at, _)| *at), Event::Wakes, socket, id);
            due(container.tested, Event::Test, socket, id);
        }
    }
    first.map(|(at, event, socket, id)| (at, event, socket.clone(), id.to_owned()))
}

fn happen(mac: &mut Mac, event: Event, socket: &Utf8PathBuf, id: &str) {
    let now = mac.state.now;
    match event {
        Event::Back => {
            if let Some(engine) = mac.state.engines.get_mut(socket) {
                engine.start(now);
            }
        }
        Event::Ends => {
            if let Some(container) = container(mac, socket, id) {
                let run = container.run.as_ref();
                let code = run.and_then(|run| run.ends).map_or(0, |(_, code)| i64::from(code));
                container.out_of_memory = run.is_some_and(|run| run.starving);
                container.ended(code, now);
            }
        }
        Event::Killed => {
            if let Some(container) = container(mac, socket, id) {
                container.ended(super::container::KILLED, now);
            }
        }
        Event::Wakes => wake(mac, socket, id),
        Event::Starts => {
            if let Some(container) = container(mac, socket, id) {
                container.restart_at = None;
            }
            // The reason stands in the container.
            let _refused = start(mac, socket, id);
        }
        Event::Test => health::test(mac, socket, id),
    }
}

pub(super) fn container<'m>(mac: &'m mut Mac, socket: &Utf8PathBuf, id: &str) -> Option<&'m mut Container> {
    mac.state.engines.get_mut(socket)?.containers.get_mut(id)
}

fn wake(mac: &mut Mac, socket: &Utf8PathBuf, id: &str) {
    let Some(container) = container(mac, socket, id) else { return };
    let player = container.player;
    let woken = container.run.as_mut().and_then(|run| run.wakes.take());
    let Some((_, note)) = woken else { return };
    let mut inside = Inside::of(mac, socket, id);
    let run = if note == BEGINS { player.start(&mut inside) } else { player.wake(&mut inside, &note) };
    if let Some(container) = self::container(mac, socket, id) {
        container.run = Some(run);
    }
    starve(mac, socket);
}

/// Starts a container, or says why it cannot be; the reason is left in it too.
pub(super) fn start(mac: &mut Mac, socket: &Utf8PathBuf, id: &str) -> Result<(), Refused> {
    let now = mac.state.now;
    if let Err(why) = may_start(mac, socket, id) {
        if let Some(container) = container(mac, socket, id) {
            if container.stage == Stage::Restarting {
                container.stage = Stage::Exited;
            }
            container.exit_code = if why.message.contains("executable file not found") { 127 } else { 128 };
            container.error.clone_from(&why.message);
        }
        return Err(why);
    }
    let Some(container) = container(mac, socket, id) else { return Ok(()) };
    let player = container.player;
    container.runs(Run::idle(), now);
    let run = if mac.state.faults.take(Fault::ContainerSlow) {
        Run { wakes: Some((after(now, SLOW), BEGINS.to_owned())), ..Run::idle() }
    } else {
        player.start(&mut Inside::of(mac, socket, id))
    };
    if let Some(container) = self::container(mac, socket, id) {
        container.run = Some(run);
    }
    starve(mac, socket);
    Ok(())
}

fn may_start(mac: &Mac, socket: &Utf8PathBuf, id: &str) -> Result<(), Refused> {
    let Some(engine) = mac.state.engines.get(socket) else { return Ok(()) };
    let Some(container) = engine.containers.get(id) else { return Ok(()) };
    for network in container.spec.networks.keys() {
        if !engine.networks.contains_key(network) {
            return Err(refused(404, format!("network {network} not found")));
        }
    }
    ports::judge(mac, engine, container)?;
    let argv: Vec<String> =
        container.spec.entrypoint.iter().chain(&container.spec.command).flatten().cloned().collect();
    container.player.has_program(&argv).map_err(|program| {
        refused(
            400,
            format!(
                "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create \
                 failed: unable to start container process: error during container init: exec: \"{program}\": executable \
                 file not found in $PATH: unknown"
            ),
        )
    })
}

/// Whoever needs the most memory is killed when there is not enough, and whoever needs more than it may.
pub(super) fn starve(mac: &mut Mac, socket: &Utf8PathBuf) {
    let now = mac.state.now;
    let Some(engine) = mac.state.engines.get_mut(socket) else { return };
    let there = engine.machine.memory.saturating_sub(SYSTEM);
    let running = engine.containers.values_mut().filter_map(|container| {
        let limit = container.spec.mem_limit.unwrap_or(u64::MAX);
        let run = container.run.as_mut()?;
        if run.memory > limit && !run.starving {
            starves(run, now);
        }
        Some(run)
    });
    let mut alive: Vec<&mut Run> = running.filter(|run| !run.starving).collect();
    alive.sort_by_key(|run| run.memory);
    while alive.iter().map(|run| run.memory).sum::<u64>() > there
        && let Some(largest) = alive.pop()
    {
        starves(largest, now);
    }
}

fn starves(run: &mut Run, now: Timestamp) {
    run.starving = true;
    run.ends = Some((after(now, STARVES), 137));
}
