use std::{collections::BTreeMap, time::Duration};

use camino::Utf8PathBuf;
use jiff::Timestamp;

use super::{Asked, Container, Run};
use crate::{
    machine::{Reply, engine::Stage},
    sim::{
        Mac, USER,
        tool::ollama::{self, HttpRequest},
    },
    value::MountSource,
};

/// The name under which a container finds the Mac (docs/service-facts.md#host-docker-internal).
const HOST: &str = "host.docker.internal";

/// What a container's program sees and does.
pub(in crate::sim) struct Inside<'m> {
    mac: &'m mut Mac,
    socket: Utf8PathBuf,
    id: String,
    /// Variables of a command beside the container's own.
    beside: BTreeMap<String, String>,
}

impl<'m> Inside<'m> {
    pub(super) fn of(mac: &'m mut Mac, socket: &Utf8PathBuf, id: &str) -> Self {
        Self { mac, socket: socket.clone(), id: id.to_owned(), beside: BTreeMap::new() }
    }

    /// The same for a command with variables of its own.
    pub(super) fn with(self, beside: BTreeMap<String, String>) -> Self {
        Self { beside, ..self }
    }

    /// What the clock shows.
    pub(in crate::sim) fn now(&self) -> Timestamp {
        self.mac.state.now
    }

    /// A variable of its environment.
    pub(in crate::sim) fn env(&self, name: &str) -> Option<String> {
        if let Some(own) = self.beside.get(name) {
            return Some(own.clone());
        }
        let container = self.container()?;
        match container.spec.environment.get(name) {
            Some(value) => value.plain().map(str::to_owned),
            // Nobody else sets it, and an inspection does not show it.
            None => container.id.get(..12).filter(|_| name == "HOSTNAME").map(str::to_owned),
        }
    }

    /// What is run: entry point and command.
    pub(in crate::sim) fn argv(&self) -> Vec<String> {
        let Some(container) = self.container() else { return vec![] };
        let spec = &container.spec;
        spec.entrypoint.iter().chain(&spec.command).flatten().cloned().collect()
    }

    /// The text of a file of a volume, of its own layer, or of the Mac.
    pub(in crate::sim) fn read(&self, path: &str) -> Option<String> {
        if let Some((mac, uid)) = self.on_mac(path) {
            let content = self.mac.disk.read(uid, &mac).ok()?;
            return String::from_utf8(content.bytes(1 << 20)?.into_owned()).ok();
        }
        let (files, path) = self.kept(path)?;
        files.get(&path).cloned()
    }

    /// Whether a file is there, or one below a folder of that name.
    pub(in crate::sim) fn has(&self, path: &str) -> bool {
        if let Some((mac, _)) = self.on_mac(path) {
            return self.mac.disk.resolve(&mac).is_some();
        }
        let Some((files, path)) = self.kept(path) else { return false };
        let below = if path.is_empty() { path.clone() } else { format!("{path}/") };
        files.keys().any(|file| *file == path || file.starts_with(&below))
    }

    /// Puts a text into a file; says whether that went.
    pub(in crate::sim) fn write(&mut self, path: &str, text: impl Into<String>) -> bool {
        if self.on_mac(path).is_some() {
            return false;
        }
        let read_only = self.container().is_some_and(|container| {
            container.spec.read_only
                && !container.spec.mounts.iter().any(|mount| below(path, &mount.target).is_some())
        });
        let Some((files, path)) = self.files(path).filter(|_| !read_only) else { return false };
        files.insert(path, text.into());
        true
    }

    /// Removes a file.
    pub(in crate::sim) fn remove(&mut self, path: &str) {
        if let Some((files, path)) = self.files(path) {
            files.remove(&path);
        }
    }

    /// Writes a line into its log.
    pub(in crate::sim) fn log(&mut self, line: impl Into<String>) {
        let now = self.now();
        if let Some(container) = self.container_mut() {
            container.log.push((now, line.into()));
        }
    }

    /// Sends a request to a peer, itself, or the Mac; `Err` says why there is no answer.
    pub(in crate::sim) fn ask(&mut self, host: &str, asked: &Asked) -> (Result<Reply, String>, Duration) {
        let refused = |why: String| (Err(why), Duration::from_millis(1));
        match self.peer(host) {
            None => refused(format!("Could not resolve host: {host}")),
            Some(Peer::Container(id)) if self.container_listens(&id, asked.port) => {
                answer(self.mac, &self.socket, &id, asked)
            }
            Some(Peer::Mac) => {
                let Some(address) = holder(self.mac, asked.port) else {
                    return refused("Connection refused".to_owned());
                };
                let named = format!("{host}:{}", asked.port);
                let Asked { method, path, body, .. } = *asked;
                let authorization = asked.authorization;
                let request = HttpRequest { method, path, host: &named, authorization, body };
                ollama::ask_at(self.mac, (&address, asked.port), &request)
            }
            Some(Peer::Container(_)) => refused("Connection refused".to_owned()),
        }
    }

    /// Whom a name stands for.
    fn peer(&self, host: &str) -> Option<Peer> {
        if matches!(host, "localhost" | "127.0.0.1") {
            return Some(Peer::Container(self.id.clone()));
        }
        let engine = self.mac.state.engines.get(&self.socket)?;
        let own = engine.containers.get(&self.id)?;
        let named = own.spec.extra_hosts.iter().any(|line| line.strip_prefix(host) == Some(":host-gateway"));
        if host == HOST || named {
            return Some(Peer::Mac);
        }
        let names = |other: &&Container| {
            other.stage == Stage::Running
                && own.spec.networks.keys().any(|network| {
                    other.spec.networks.get(network).is_some_and(|aliases| {
                        network != "bridge"
                            && (other.name == host || aliases.iter().any(|alias| alias == host))
                    })
                })
        };
        engine.containers.values().find(names).map(|other| Peer::Container(other.id.clone()))
    }

    fn container_listens(&self, id: &str, port: u16) -> bool {
        let engine = self.mac.state.engines.get(&self.socket);
        let run = engine.and_then(|engine| engine.containers.get(id)).and_then(|other| other.run.as_ref());
        let inside = *id == self.id;
        run.is_some_and(|run| {
            run.listens.iter().any(|(own, loopback)| *own == port && (*loopback || !inside))
        })
    }

    fn container(&self) -> Option<&Container> {
        self.mac.state.engines.get(&self.socket)?.containers.get(&self.id)
    }

    fn container_mut(&mut self) -> Option<&mut Container> {
        self.mac.state.engines.get_mut(&self.socket)?.containers.get_mut(&self.id)
    }

    /// The mount that a path belongs to, and its name there.
    fn mounted(&self, path: &str) -> Option<(&MountSource, String)> {
        let mounts = self.container()?.spec.mounts.iter();
        let found = mounts.filter_map(|mount| Some((mount, below(path, &mount.target)?)));
        found.max_by_key(|(mount, _)| mount.target.len()).map(|(mount, rest)| (&mount.source, rest))
    }

    /// Where the texts are that a path belongs to, and its name there.
    fn kept(&self, path: &str) -> Option<(&BTreeMap<String, String>, String)> {
        let engine = self.mac.state.engines.get(&self.socket)?;
        match self.mounted(path) {
            Some((MountSource::Volume(name), rest)) => Some((&engine.volumes.get(name)?.files, rest)),
            Some((MountSource::Bind(_), _)) => None,
            None => Some((&self.container()?.files, path.to_owned())),
        }
    }

    /// The same, to change them.
    fn files(&mut self, path: &str) -> Option<(&mut BTreeMap<String, String>, String)> {
        let mounted = self.mounted(path).map(|(source, rest)| (source.clone(), rest));
        let engine = self.mac.state.engines.get_mut(&self.socket)?;
        match mounted {
            Some((MountSource::Volume(name), rest)) => {
                Some((&mut engine.volumes.get_mut(&name)?.files, rest))
            }
            Some((MountSource::Bind(_), _)) => None,
            None => Some((&mut engine.containers.get_mut(&self.id)?.files, path.to_owned())),
        }
    }

    /// What is at work in the container.
    pub(super) fn run(&mut self) -> Option<&mut Run> {
        self.container_mut()?.run.as_mut()
    }

    /// The Mac's file that a path of a bind mount is, and whose it is to read.
    fn on_mac(&self, path: &str) -> Option<(Utf8PathBuf, u32)> {
        match self.mounted(path)? {
            (MountSource::Bind(folder), rest) => Some((folder.join(rest), USER)),
            _ => None,
        }
    }
}

enum Peer {
    Container(String),
    Mac,
}

/// What of a path comes below a folder.
fn below(path: &str, folder: &str) -> Option<String> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
}

/// Where something listens on the Mac that its own loopback reaches.
fn holder(mac: &Mac, port: u16) -> Option<String> {
    let reached = |address: &String| matches!(address.as_str(), "*" | "127.0.0.1");
    mac.sockets(port).into_iter().map(|socket| socket.address).find(reached)
}

/// What a program in a container answers.
pub(super) fn answer(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    id: &str,
    asked: &Asked,
) -> (Result<Reply, String>, Duration) {
    let engine = mac.state.engines.get(socket);
    let Some(player) = engine.and_then(|engine| engine.containers.get(id)).map(|container| container.player)
    else {
        return (Err("Connection refused".to_owned()), Duration::ZERO);
    };
    player.answer(&mut Inside::of(mac, socket, id), asked)
}
