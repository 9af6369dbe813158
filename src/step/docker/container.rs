use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::{
        Changing, Looking, Machine, Patience, Tell, Wait,
        engine::{ContainerView, EngineChange, Stage},
    },
    step::{About, Step},
    value::{ContainerSpec, Id, Mount, MountSource, Problem, PublishedPort},
};

/// How long what runs once may take.
const ONCE: Duration = Duration::from_mins(15);

/// Makes a container, in the place of one of ours that is there. Volumes stay, those without a name too: the new one gets them.
#[derive(Debug)]
pub struct MakeContainer {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
    /// The service that it is, as people say.
    pub service: String,
    /// The label by which it is ours, and what that has to say.
    pub owner: (String, Id),
    /// What it is.
    pub spec: ContainerSpec,
    /// The folder in which forgectl keeps secrets, a file each.
    pub secrets: Utf8PathBuf,
    /// Whether there is one.
    pub anew: bool,
}

impl Step for MakeContainer {
    fn about(&self) -> About {
        let (name, image) = (&self.name, &self.spec.image);
        let create = format!("docker create --name {name} {image}");
        let away = || [format!("docker stop {name}"), format!("docker rm {name}")].into_iter();
        About {
            words: format!("make the container {name}{}", if self.anew { " anew" } else { "" }),
            why: if self.anew {
                "an engine changes next to nothing of a container once it is made; its volumes stay".into()
            } else {
                "the service runs in it".into()
            },
            commands: away().filter(|_| self.anew).chain([create]).collect(),
            undo: "removed by destroy".into(),
            restarts: self.anew.then(|| self.service.clone()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let mut spec = self.spec.clone();
        if let Some(view) = machine.container(&self.socket, &self.name)?? {
            let (label, id) = &self.owner;
            if view.spec.labels.get(label).map(String::as_str) != Some(id.as_str()) {
                return Err(taken(&self.socket, &self.name).into());
            }
            let image = machine.image(&self.socket, &self.spec.image)??.unwrap_or_default();
            for mount in nameless(&view, &self.spec) {
                if image.volumes.contains(&mount.target) {
                    spec.mounts.push(mount);
                } else if let MountSource::Volume(name) = &mount.source {
                    let target = &mount.target;
                    tell.line(&format!(
                        "the new image wants no volume at {target}; the one there stays as {name}"
                    ));
                }
            }
            take_away(machine, &self.socket, &self.name, false, tell)?;
        }
        let (name, secrets) = (self.name.clone(), self.secrets.clone());
        let create = EngineChange::Create { name, spec: Box::new(spec), secrets };
        machine.engine(&self.socket, create, tell)
    }
}

/// Volumes that the engine made for a container without anybody giving them a name, where nothing else is to be now.
fn nameless(view: &ContainerView, wanted: &ContainerSpec) -> Vec<Mount> {
    let taken = |target: &String| {
        wanted.mounts.iter().any(|mount| mount.target == *target) || wanted.tmpfs.contains_key(target)
    };
    let mounts = view.spec.mounts.iter().filter(|mount| !taken(&mount.target));
    mounts
        .filter(|mount| matches!(&mount.source, MountSource::Volume(name) if is_nameless(name)))
        .cloned()
        .collect()
}

/// Whether an engine made up the name of a volume.
fn is_nameless(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn taken(socket: &Utf8Path, name: &str) -> Problem {
    Problem::mac(format!("somebody else's container has the name `{name}`"))
        .why("it came to be since the plan was made, and is left alone")
        .hint("rename or remove it if you do not need it; what it is:")
        .remedy(format!("docker --host unix://{socket} inspect {name}"))
}

/// Stops it as it wants to be stopped, then removes it.
fn take_away(
    machine: &dyn Machine,
    socket: &Utf8Path,
    name: &str,
    volumes: bool,
    tell: &dyn Tell,
) -> Result<()> {
    machine.engine(socket, EngineChange::Stop(name.to_owned()), tell)?;
    machine.engine(socket, EngineChange::Remove { name: name.to_owned(), volumes }, tell)
}

/// Starts a container.
#[derive(Debug)]
pub struct StartContainer {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
    /// The service that it is, as people say.
    pub service: String,
    /// The ports that it publishes.
    pub ports: Vec<PublishedPort>,
    /// Whether it is to run once and end: then its end is waited for.
    pub once: bool,
}

impl Step for StartContainer {
    fn about(&self) -> About {
        About {
            words: format!("start the container {}", self.name),
            why: "the service is to run".into(),
            commands: vec![format!("docker start {}", self.name)],
            undo: "stopped by destroy".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let started = machine.engine(&self.socket, EngineChange::Start(self.name.clone()), tell);
        started.map_err(|error| self.refused(&error))?;
        if !self.once {
            return Ok(());
        }
        let patience = Patience { every: Duration::from_millis(500), limit: ONCE, how: Wait::Poll };
        machine.until(&format!("`{}` to have run", self.name), patience, || {
            let view = machine.container(&self.socket, &self.name)??;
            Ok(match view.map(|view| view.stage) {
                Some(Stage::Running | Stage::Restarting) => Err("it runs"),
                // With what code it ended is seen by whoever looks next.
                _ => Ok(()),
            })
        })
    }
}

impl StartContainer {
    /// Why the engine did not start it, in words that help.
    fn refused(&self, error: &anyhow::Error) -> anyhow::Error {
        let said = format!("{error:#}");
        let held = ["already allocated", "already in use"].iter().any(|words| said.contains(words));
        let port = self.ports.iter().find(|port| said.contains(&format!(":{}", port.published)));
        match port.filter(|_| held) {
            Some(port) => self.port_taken(port, said).into(),
            None => Problem::mac(format!("the container `{}` cannot be started", self.name)).why(said).into(),
        }
    }

    fn port_taken(&self, port: &PublishedPort, said: String) -> Problem {
        let at = SocketAddr::new(port.address, port.published);
        Problem::mac(format!(
            "somebody else holds port {} that `{}` is to have",
            port.published, self.service
        ))
        .why(said)
        .hint(format!("stop it, or give the service another port than {at}; who it is:"))
        .remedy(format!("sudo lsof -nP -iTCP:{} -sTCP:LISTEN", port.published))
        .remedy(format!("docker --host unix://{} ps --filter publish={}", self.socket, port.published))
    }
}

/// Stops and removes a container. The volumes that came with it without a name hold data as others do: they go only when data goes,
/// and those that stay are named, since nobody would find them otherwise.
#[derive(Debug)]
pub struct RemoveContainer {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub name: String,
    /// Whether its volumes without a name go too.
    pub volumes: bool,
}

impl Step for RemoveContainer {
    fn about(&self) -> About {
        let (option, stay) =
            if self.volumes { (" --volumes", "volumes with a name") } else { ("", "its volumes") };
        About {
            words: format!("stop and remove the container {}", self.name),
            why: "forgectl made it".into(),
            commands: vec![format!("docker stop {}", self.name), format!("docker rm{option} {}", self.name)],
            undo: format!("the next apply makes it anew; {stay} stay"),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Some(view) = machine.container(&self.socket, &self.name)?? else { return Ok(()) };
        if view.stage != Stage::Removing {
            take_away(machine, &self.socket, &self.name, self.volumes, tell)?;
        }
        // One that an older container of ours handed down counts as named.
        for mount in nameless(&view, &ContainerSpec::default()) {
            let MountSource::Volume(name) = mount.source else { continue };
            if self.volumes {
                machine.engine(&self.socket, EngineChange::RemoveVolume(name), tell)?;
            } else {
                tell.line(&format!(
                    "what {} kept at {} stays as the volume {name}; to remove it: docker --host unix://{} volume rm {name}",
                    self.name, mount.target, self.socket
                ));
            }
        }
        Ok(())
    }
}
