//! What people and forgectl notice of a simulated engine.

mod containers;
mod engine;
mod images;
mod people;
mod ports;
mod services;

use std::time::Duration;

use camino::Utf8Path;

use super::*;
use crate::{
    machine::{Change, Changing, Look, Looking, Machine as _, Outcome, Quiet, Wait, engine::ContainerView},
    sim::testing::sim,
    value::{ContainerSpec, Healthcheck, Restart},
};

const SOCKET: &str = "/Users/lab/.colima/forge/docker.sock";
const BUSYBOX: &str = "docker.io/library/busybox:1.36";

/// A Mac with an engine in Colima's machine, and busybox in it.
fn lab() -> Sim {
    let sim = bare();
    pull(&sim, BUSYBOX).unwrap();
    sim
}

/// A Mac with an engine in Colima's machine.
fn bare() -> Sim {
    let sim = sim();
    sim.with_mac(|mac| {
        let machine = super::Machine {
            name: "colima-forge".to_owned(),
            system: "Ubuntu 24.04.2 LTS".to_owned(),
            memory: 8 << 30,
            cpus: 4,
        };
        with_engine(mac, SOCKET.into(), machine).unwrap();
        // What it keeps lies on the machine's disk.
        let (disk, now) = (Utf8Path::new("/Users/lab/.colima/_lima/_disks/colima-forge"), mac.state.now);
        mac.disk.make_dirs(USER, disk, 0o755, now).unwrap();
        mac.disk.write(USER, &disk.join("datadisk"), Content::Bytes(vec![]), 0o644, now).unwrap();
    });
    sim
}

fn socket() -> &'static Utf8Path {
    SOCKET.into()
}

fn with<R>(sim: &Sim, act: impl FnOnce(&mut Engine) -> R) -> R {
    sim.with_mac(|mac| act(mac.state.engines.get_mut(socket()).unwrap()))
}

fn change(sim: &Sim, change: EngineChange) -> Result<Option<Output>, EngineFault> {
    match sim.change(&Change::Engine(SOCKET.into(), change), &Quiet).unwrap() {
        Outcome::Engine(done) => done,
        _ => panic!("no engine answered"),
    }
}

fn pull(sim: &Sim, reference: &str) -> Result<Option<Output>, EngineFault> {
    change(sim, EngineChange::Pull { reference: reference.to_owned(), platform: PLATFORM.to_owned() })
}

/// A container of busybox.
fn spec(command: &str) -> ContainerSpec {
    let command = ["sh", "-c", command].map(str::to_owned).to_vec();
    ContainerSpec { image: BUSYBOX.to_owned(), command: Some(command), ..ContainerSpec::default() }
}

fn create(sim: &Sim, name: &str, spec: ContainerSpec) -> Result<Option<Output>, EngineFault> {
    let secrets = "/Users/lab/.local/state/forgectl/secrets".into();
    change(sim, EngineChange::Create { name: name.to_owned(), spec: Box::new(spec), secrets })
}

fn start(sim: &Sim, name: &str) -> Result<Option<Output>, EngineFault> {
    change(sim, EngineChange::Start(name.to_owned()))
}

/// Makes a container and starts it.
fn run(sim: &Sim, name: &str, spec: ContainerSpec) {
    create(sim, name, spec).unwrap();
    start(sim, name).unwrap();
}

fn exec_in(sim: &Sim, name: &str, argv: &[&str]) -> Output {
    Changing::exec(sim, socket(), name, argv, Duration::from_secs(9)).unwrap().unwrap()
}

fn view(sim: &Sim, name: &str) -> ContainerView {
    *sim.container(socket(), name).unwrap().unwrap().unwrap()
}

fn status(sim: &Sim, name: &str) -> String {
    let all = sim.containers(socket()).unwrap().unwrap();
    all.into_iter().find(|container| container.name == name).unwrap().status
}

fn wait(sim: &Sim, seconds: f64) {
    sim.wait(Duration::from_secs_f64(seconds), Wait::Settle).unwrap();
}

fn message(done: Result<Option<Output>, EngineFault>) -> (u16, String) {
    match done.unwrap_err() {
        EngineFault::Refused { status, message } => (status, message),
        EngineFault::Unreachable(why) => (0, why),
    }
}
