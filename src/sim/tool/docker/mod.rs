//! Docker Engine: what it keeps, what it answers, how long that takes, and what goes on in its containers
//! (docs/service-facts.md#container-states and the facts around it).

mod asking;
mod busybox;
mod changing;
pub mod cli;
mod container;
mod describe;
mod engine;
mod health;
mod image;
mod inside;
mod life;
mod player;
mod ports;
mod pull;
mod reference;
mod refusal;
mod registry;
mod service;
mod status;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use self::refusal::{Refused, refused};
use crate::{
    machine::{
        Output, Tell,
        engine::{Alteration, EngineAnswer, EngineChange, EngineFault, EngineQuery, Stage},
    },
    sim::{Content, Fault, Mac, Sim, USER},
    value::{ContainerSpec, Text},
};

pub use container::Container;
pub use engine::{Engine, Engines, Machine};
pub use player::Player;
pub use registry::{Config, Published, Registries};

pub(in crate::sim) use describe::describe;
pub(in crate::sim) use inside::Inside;
pub(in crate::sim) use life::settle;
pub(in crate::sim) use player::{Asked, Run};
pub(in crate::sim) use ports::answer;

/// What every simulated Mac's engines are for.
const PLATFORM: &str = "linux/arm64";

/// What a connection to a socket takes.
const CONNECT: Duration = Duration::from_millis(1);

/// What systemd in the machine takes to start an engine anew that has broken down.
const BACK: Duration = Duration::from_secs(3);

/// Puts an engine on a Mac that answers at `socket`, as whoever runs one of their own has it.
pub fn with_engine(mac: &mut Mac, socket: &Utf8Path, machine: Machine) -> Result<()> {
    let now = mac.state.now;
    if let Some(folder) = socket.parent() {
        mac.disk.make_dirs(USER, folder, 0o755, now)?;
    }
    mac.disk.write(USER, socket, Content::Bytes(vec![]), 0o600, now)?;
    let engine = mac.state.engines.entry(socket.to_owned()).or_insert_with(|| Engine::new(machine));
    engine.start(now);
    Ok(())
}

/// Answers what forgectl asks of the engine at `socket`.
pub(in crate::sim) fn ask(
    sim: &Sim,
    socket: &Utf8Path,
    query: &EngineQuery,
) -> Result<Result<EngineAnswer, EngineFault>> {
    let socket = really(sim, socket);
    if let Err(fault) = call(sim, &socket)? {
        return Ok(Err(fault));
    }
    let (found, takes) = sim.with_mac(|mac| {
        let Some(engine) = mac.state.engines.get(&socket).cloned() else {
            return (Err(refused(503, "the engine is gone")), Duration::ZERO);
        };
        asking::answer(mac, &engine, query)
    });
    sim.pass(takes);
    sim.alive()?;
    Ok(found.map_err(EngineFault::from))
}

/// Makes a change on the engine at `socket` for forgectl. What it has begun goes on when forgectl ends, but a pull.
pub(in crate::sim) fn change(
    sim: &Sim,
    socket: &Utf8Path,
    change: &EngineChange,
    tell: &dyn Tell,
) -> Result<Result<Option<Output>, EngineFault>> {
    let socket = really(sim, socket);
    if let Err(fault) = call(sim, &socket)? {
        return Ok(Err(fault));
    }
    match change {
        EngineChange::Pull { reference, platform } => {
            Ok(pull::pull(sim, &socket, reference, platform, tell)?.map(|()| None))
        }
        EngineChange::Exec { container, argv, limit } => {
            let command = Beside { container, argv, environment: BTreeMap::new(), limit: *limit };
            exec(sim, &socket, &command)
        }
        EngineChange::Alter(alter) => {
            let Alteration { container, argv, environment, secrets, limit } = &**alter;
            let environment = sim.with_mac(|mac| changing::filled(mac, environment, secrets))?;
            exec(sim, &socket, &Beside { container, argv, environment, limit: *limit })
        }
        EngineChange::Stop(name) => {
            let asked = sim.with_mac(|mac| changing::ask_to_stop(mac, &socket, name, None));
            match asked {
                Ok(time) => sim.pass(time.unwrap_or_default()),
                Err(why) => return Ok(Err(why.into())),
            }
            sim.alive()?;
            Ok(Ok(None))
        }
        EngineChange::Create { name, spec, secrets } => {
            let environment = sim.with_mac(|mac| changing::filled(mac, &spec.environment, secrets))?;
            let environment =
                environment.into_iter().map(|(name, value)| (name, Text::from(value))).collect();
            let spec = ContainerSpec { environment, ..(**spec).clone() };
            sim.pass(Duration::from_millis(30));
            let made = sim.with_mac(|mac| {
                let made = changing::create(mac, &socket, name, spec);
                let fails = made.is_ok() && mac.state.faults.take(Fault::CreateAnswers500);
                if fails { Err(refused(500, "context deadline exceeded")) } else { made }
            });
            sim.alive()?;
            Ok(made.map(|_| None).map_err(EngineFault::from))
        }
        other => {
            sim.pass(takes(other));
            let done = sim.with_mac(|mac| at_once(mac, &socket, other));
            sim.alive()?;
            Ok(done.map(|()| None).map_err(EngineFault::from))
        }
    }
}

/// A change that is complete when it is answered. What is not there needs no removal.
fn at_once(mac: &mut Mac, socket: &Utf8PathBuf, change: &EngineChange) -> Result<(), Refused> {
    let gone = |done: Result<(), Refused>| match done {
        Err(Refused { status: 404, .. }) => Ok(()),
        done => done,
    };
    match change {
        EngineChange::Tag { image, reference } => changing::tag(mac, socket, image, reference),
        EngineChange::RemoveImage(reference) => gone(changing::remove_image(mac, socket, reference)),
        EngineChange::CreateNetwork { name, labels } => changing::create_network(mac, socket, name, labels),
        EngineChange::RemoveNetwork(name) => gone(changing::remove_network(mac, socket, name)),
        EngineChange::CreateVolume { name, labels } => changing::create_volume(mac, socket, name, labels),
        EngineChange::RemoveVolume(name) => gone(changing::remove_volume(mac, socket, name)),
        EngineChange::Start(name) => changing::start(mac, socket, name),
        EngineChange::Remove { name, volumes } => gone(changing::remove(mac, socket, name, *volumes)),
        EngineChange::Pull { .. }
        | EngineChange::Create { .. }
        | EngineChange::Stop(_)
        | EngineChange::Alter(_)
        | EngineChange::Exec { .. } => Ok(()),
    }
}

fn takes(change: &EngineChange) -> Duration {
    Duration::from_millis(match change {
        EngineChange::Start(_) => 250,
        EngineChange::CreateNetwork { .. } | EngineChange::RemoveNetwork(_) => 100,
        EngineChange::Remove { .. } | EngineChange::RemoveImage(_) => 60,
        _ => 10,
    })
}

/// A command beside the program of a container.
struct Beside<'c> {
    container: &'c str,
    argv: &'c [String],
    environment: BTreeMap<String, String>,
    limit: Duration,
}

/// Runs a command in a container until it ends or its time is over; it runs on then.
fn exec(sim: &Sim, socket: &Utf8PathBuf, command: &Beside) -> Result<Result<Option<Output>, EngineFault>> {
    let (output, took) = match sim.with_mac(|mac| run_in(mac, socket, command)) {
        Ok(ran) => ran,
        Err(why) => return Ok(Err(why.into())),
    };
    sim.pass(took.min(command.limit));
    sim.alive()?;
    if took > command.limit {
        let why = format!("no answer within {} s", command.limit.as_secs());
        return Ok(Err(EngineFault::Unreachable(why)));
    }
    Ok(Ok(Some(output)))
}

fn run_in(mac: &mut Mac, socket: &Utf8PathBuf, command: &Beside) -> Result<(Output, Duration), Refused> {
    let name = command.container;
    let engine = changing::engine(mac, socket)?;
    let found = engine.find(name).ok_or_else(|| refusal::no_container(name))?;
    let (id, player, stage) = (found.id.clone(), found.player, found.stage);
    match stage {
        Stage::Running => {}
        Stage::Paused => {
            return Err(refused(
                409,
                format!("Container {name} is paused, unpause the container before exec"),
            ));
        }
        Stage::Restarting => {
            let why = format!("Container {id} is restarting, wait until the container is running");
            return Err(refused(409, why));
        }
        _ => return Err(refused(409, format!("container {id} is not running"))),
    }
    let environment = command.environment.clone();
    Ok(player.exec(&mut Inside::of(mac, socket, &id).with(environment), command.argv))
}

/// Reaches the engine at a socket for one call, if it answers; it may be the call at which it breaks down.
fn call(sim: &Sim, socket: &Utf8PathBuf) -> Result<Result<(), EngineFault>> {
    sim.pass(CONNECT);
    sim.alive()?;
    Ok(sim.with_mac(|mac| {
        mac.state.meter.engine_calls += 1;
        let number = mac.state.meter.engine_calls;
        if mac.state.faults.take(Fault::EngineSilent) {
            return Err(EngineFault::Unreachable("operation timed out".to_owned()));
        }
        let dies = mac.state.faults.engine_deaths.iter().position(|death| *death == number);
        if let Some(at) = dies {
            mac.state.faults.engine_deaths.remove(at);
            die(mac, socket);
            return Err(EngineFault::Unreachable("connection closed before message completed".to_owned()));
        }
        match mac.state.engines.get(socket) {
            _ if mac.disk.node(socket).is_none() => Err(unreachable(socket, None)),
            Some(engine) if engine.up.is_some() => Ok(()),
            engine => Err(unreachable(socket, engine)),
        }
    }))
}

/// Where a socket is, should its path be a link.
fn really(sim: &Sim, socket: &Utf8Path) -> Utf8PathBuf {
    sim.with_mac(|mac| mac.disk.resolve(socket)).unwrap_or_else(|| socket.to_owned())
}

/// The engine breaks down, and all its containers with it; its machine starts it anew.
fn die(mac: &mut Mac, socket: &Utf8PathBuf) {
    let now = mac.state.now;
    if let Some(engine) = mac.state.engines.get_mut(socket).filter(|engine| engine.up.is_some()) {
        engine.stop(now);
        engine.back = Some(crate::sim::clock::after(now, BACK));
    }
}

/// All engines end with the Mac.
pub(in crate::sim) fn power_off(mac: &mut Mac) {
    let now = mac.state.now;
    mac.state.engines.values_mut().filter(|engine| engine.up.is_some()).for_each(|engine| engine.stop(now));
}

/// No engine answers at a socket.
fn unreachable(socket: &Utf8Path, engine: Option<&Engine>) -> EngineFault {
    let why = if engine.is_some() { "connection refused" } else { "no such file or directory" };
    EngineFault::Unreachable(format!("dial unix {socket}: connect: {why}"))
}
