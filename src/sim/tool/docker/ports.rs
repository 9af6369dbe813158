use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use camino::Utf8PathBuf;

use super::{
    Container, Engine,
    container::since,
    inside,
    player::Asked,
    refusal::{Refused, refused},
};
use crate::{
    machine::Reply,
    sim::{Mac, Program, USER, tool::ollama::pull::BROKEN},
    value::{Protocol, PublishedPort},
};

/// What it takes until a port of a container's is one of the Mac's, where the machine is one of Lima's.
const FORWARDED: Duration = Duration::from_secs(1);

/// Whether the ports of a container can be published (docs/service-facts.md#port-conflict).
pub(super) fn judge(mac: &Mac, engine: &Engine, container: &Container) -> Result<(), Refused> {
    let others = || engine.running().filter(|other| other.id != container.id);
    for port in &container.spec.ports {
        let fails = |why: &str| {
            let PublishedPort { address, published, .. } = port;
            let at = socket_address(*address, *published);
            refused(
                500,
                format!(
                    "failed to set up container networking: driver failed programming external connectivity on endpoint \
                     {} ({}): Bind for {at} failed: {why}",
                    container.name, container.id
                ),
            )
        };
        if others().flat_map(Container::ports).any(|other| overlap(port, other)) {
            return Err(fails("port is already allocated"));
        }
        let here = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        if is_lima(engine) && !here(port.address) {
            return Err(fails("cannot assign requested address"));
        }
        if !is_lima(engine) && port.protocol == Protocol::Tcp && is_taken(mac, port, None) {
            let at = socket_address(port.address, port.published);
            return Err(refused(
                500,
                format!(
                    "ports are not available: exposing port TCP {at} -> 127.0.0.1:0: listen tcp {at}: bind: address \
                     already in use"
                ),
            ));
        }
    }
    Ok(())
}

fn socket_address(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

fn overlap(one: &PublishedPort, other: &PublishedPort) -> bool {
    one.published == other.published
        && one.protocol == other.protocol
        && (one.address == other.address || one.address.is_unspecified() || other.address.is_unspecified())
}

/// Whether somebody else than process `own` listens on the Mac there.
fn is_taken(mac: &Mac, port: &PublishedPort, own: Option<u32>) -> bool {
    let address = as_listened(port.address);
    mac.sockets(port.published)
        .iter()
        .filter(|socket| Some(socket.pid) != own)
        .any(|socket| socket.address == address || socket.address == "*" || address == "*")
}

fn as_listened(address: IpAddr) -> String {
    if address.is_unspecified() { "*".to_owned() } else { address.to_string() }
}

fn is_lima(engine: &Engine) -> bool {
    engine.machine.name.starts_with("colima")
}

/// Lets what stands on the Mac for published ports listen where it is to. A port that another program has is left to it where
/// the machine is one of Lima's: nobody says so (docs/service-facts.md#port-forwarders).
pub(super) fn forward(mac: &mut Mac) {
    let now = mac.state.now;
    let sockets: Vec<Utf8PathBuf> = mac.state.engines.keys().cloned().collect();
    let stale = |program: &Program| match program {
        Program::Forwarder { engine, .. } => !sockets.contains(engine),
        _ => false,
    };
    mac.state.processes.retain(|_, process| !stale(&process.program));
    for socket in sockets {
        let of_it =
            |program: &Program| matches!(program, Program::Forwarder { engine, .. } if *engine == socket);
        let pid =
            mac.state.processes.values().find(|process| of_it(&process.program)).map(|process| process.pid);
        let Some(engine) = mac.state.engines.get(&socket) else { continue };
        let slow = if is_lima(engine) { FORWARDED } else { Duration::ZERO };
        let up = engine.up.is_some();
        let wanted: Vec<PublishedPort> = engine
            .running()
            .filter(|_| up)
            .filter(|container| container.started.is_some_and(|at| since(at, now) >= slow))
            .flat_map(Container::ports)
            .filter(|port| port.protocol == Protocol::Tcp)
            .filter(|port| !is_taken(mac, port, pid))
            .cloned()
            .collect();
        let listens: Vec<(String, u16)> =
            wanted.iter().map(|port| (as_listened(port.address), port.published)).collect();
        let argv = argv(mac, &socket, engine);
        match pid {
            Some(pid) if listens.is_empty() => drop(mac.state.processes.remove(&pid)),
            Some(pid) => {
                if let Some(process) = mac.state.processes.get_mut(&pid) {
                    process.program = Program::Forwarder { engine: socket.clone(), listens };
                }
            }
            None if listens.is_empty() => {}
            None => {
                let program = Program::Forwarder { engine: socket.clone(), listens };
                mac.spawn_process(USER, argv, BTreeMap::new(), program);
            }
        }
    }
}

/// The program that listens on the Mac for an engine's containers.
fn argv(mac: &Mac, socket: &Utf8PathBuf, engine: &Engine) -> Vec<String> {
    let program = match engine.machine.name.as_str() {
        "docker-desktop" => "/Applications/Docker.app/Contents/MacOS/com.docker.backend",
        "orbstack" => {
            "/Applications/OrbStack.app/Contents/Frameworks/OrbStack Helper.app/Contents/MacOS/OrbStack Helper"
        }
        _ => {
            let name = socket.parent().and_then(|folder| folder.file_name()).unwrap_or("default");
            let master = mac.home().join(".colima/_lima").join(name).join("ssh.sock");
            return vec!["ssh:".to_owned(), master.into_string(), "[mux]".to_owned()];
        }
    };
    vec![program.to_owned()]
}

/// Hands a request to a published port over to the container behind it.
pub(in crate::sim) fn answer(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    address: &str,
    asked: &Asked,
) -> (Result<Reply, String>, Duration) {
    let broken = || (Err(BROKEN.to_owned()), Duration::from_millis(2));
    let Some(engine) = mac.state.engines.get(socket).filter(|engine| engine.up.is_some()) else {
        return broken();
    };
    let fits = |port: &&PublishedPort| {
        port.published == asked.port
            && port.protocol == Protocol::Tcp
            && (as_listened(port.address) == address || port.address.is_unspecified())
    };
    let found = engine.running().find_map(|container| {
        let port = container.ports().iter().find(fits)?;
        let run = container.run.as_ref()?;
        let listens = run.listens.iter().any(|(own, _)| *own == port.target);
        listens.then(|| (container.id.clone(), port.target))
    });
    match found {
        Some((id, port)) => {
            let asked = Asked { port, ..*asked };
            match inside::answer(mac, socket, &id, &asked) {
                (Err(_), took) => (Err(BROKEN.to_owned()), took),
                answered => answered,
            }
        }
        None => broken(),
    }
}
