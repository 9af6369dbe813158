use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Result;

use super::{Blueprint, Site, engine::EngineOf};
use crate::{
    machine::{
        Looking,
        engine::{ContainerLine, Stage},
    },
    manifest::{
        EngineKind,
        compose::{Condition, Project, Service},
    },
    resource::{Container, Image, Network, OWNER, Proof, Secret, Volume, labelled, secrets_folder},
    value::{Field, Id, MountSource, Problem, SecretName, Text, Value},
};

/// One service of the manifest, and the Compose project that it becomes.
struct Of<'o> {
    site: &'o Site<'o>,
    engine: &'o EngineOf,
    /// Its key in the manifest.
    name: &'o str,
    project: &'o Project,
}

/// The containers of a service, each after what it depends on, with their images, networks and volumes; their secrets are added by
/// whoever knows what they are. `name` is the service's key in the manifest, `proofs` say how parts of it are known to work.
/// Answers with the ids of the containers.
pub(super) fn containers(
    site: &Site,
    engine: &EngineOf,
    name: &str,
    project: &Project,
    proofs: &BTreeMap<String, Arc<dyn Proof>>,
    blueprint: &mut Blueprint,
) -> Result<BTreeMap<String, Id>> {
    let of = Of { site, engine, name, project };
    blueprint.warnings.extend(project.warnings.iter().cloned());
    let origin = site.stack.span(&["services", name]);
    for network in &project.networks {
        blueprint.add(of.network(network), vec![engine.id.clone()], origin.clone());
    }
    for volume in &project.volumes {
        blueprint.add(of.volume(volume), vec![engine.id.clone()], origin.clone());
    }
    let mut done: BTreeMap<String, Id> = BTreeMap::new();
    while let Some((part, service)) = of.next(&done) {
        of.judge(service, part, blueprint)?;
        let image = of.image(service);
        let image_id = blueprint.add(image, vec![engine.id.clone()], service.origin.clone());
        let mut needs = of.needs(service, &done);
        needs.push(image_id);
        let container = of.container(part, service, proofs.get(part).cloned())?;
        done.insert(part.to_owned(), blueprint.add(container, needs, service.origin.clone()));
    }
    Ok(done)
}

/// The name of the Compose project of a service.
fn compose(service: &str) -> String {
    format!("forge-{service}")
}

/// The name of a service's volume on its engine.
pub(super) fn volume_name(service: &str, volume: &str) -> String {
    format!("{}_{volume}", compose(service))
}

/// The id of a part of a service: of a `container`, a `volume`, a `network`.
pub(super) fn id(service: &str, kind: &str, part: &str) -> Id {
    Id::new(kind, format_args!("{service}/{part}"))
}

impl<'o> Of<'o> {
    /// The next service all of whose needs are `done`. The reader has refused circles.
    fn next(&self, done: &BTreeMap<String, Id>) -> Option<(&'o str, &'o Service)> {
        let ready = |service: &Service| service.depends_on.keys().all(|need| done.contains_key(need));
        let left = self.project.services.iter().filter(|(part, _)| !done.contains_key(*part));
        left.into_iter().find(|(_, service)| ready(service)).map(|(part, service)| (part.as_str(), service))
    }

    /// The name of its Compose project.
    fn compose(&self) -> String {
        compose(self.name)
    }

    fn network_name(&self, network: &str) -> String {
        format!("{}_{network}", self.compose())
    }

    fn volume_name(&self, volume: &str) -> String {
        volume_name(self.name, volume)
    }

    fn id(&self, kind: &str, part: &str) -> Id {
        id(self.name, kind, part)
    }

    /// The labels by which Docker's own tools group what belongs together, and by which it is ours.
    fn labels(&self, id: &Id, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let compose = |key: &str| format!("com.docker.compose.{key}");
        let mut labels =
            BTreeMap::from([(compose("project"), self.compose()), (OWNER.to_owned(), id.to_string())]);
        labels.extend(own.iter().map(|(key, value)| (compose(key), (*value).to_owned())));
        labels
    }

    fn network(&self, network: &str) -> Network {
        let id = self.id("network", network);
        let labels = self.labels(&id, &[("network", network)]);
        Network { id, engine: self.engine.socket.clone(), name: self.network_name(network), labels }
    }

    fn volume(&self, volume: &str) -> Volume {
        let id = self.id("volume", volume);
        let labels = self.labels(&id, &[("volume", volume)]);
        Volume { id, engine: self.engine.socket.clone(), name: self.volume_name(volume), labels }
    }

    fn pinned(&self, reference: &str) -> Option<String> {
        let pin = self.site.stack.lock.pin(&Image::id_of(reference))?;
        pin.digest.as_ref().map(|digest| format!("sha256:{digest}"))
    }

    fn image(&self, service: &Service) -> Image {
        let containers = self.site.stack.manifest.containers.clone().unwrap_or_default();
        Image {
            reference: service.spec.image.clone(),
            pinned: self.pinned(&service.spec.image),
            platform: self.engine.platform.clone(),
            engine: self.engine.socket.clone(),
            mirrors: containers.mirrors,
            answers: self.engine.answers,
        }
    }

    fn container(&self, part: &str, service: &Service, proof: Option<Arc<dyn Proof>>) -> Result<Container> {
        let id = self.id("container", part);
        let mut spec = service.spec.clone();
        spec.labels
            .extend(self.labels(&id, &[("service", part), ("container-number", "1"), ("oneoff", "False")]));
        let named = |(network, mut names): (String, Vec<String>)| {
            names.push(part.to_owned());
            names.sort();
            names.dedup();
            (self.network_name(&network), names)
        };
        spec.networks = spec.networks.into_iter().map(named).collect();
        for mount in &mut spec.mounts {
            if let MountSource::Volume(volume) = &mut mount.source {
                *volume = self.volume_name(volume);
            }
        }
        let secrets = secrets_folder(&self.site.identity.state);
        let receipt = self.site.receipts.get(&id);
        let former = receipt.into_iter().flat_map(|receipt| [&receipt.aim, &receipt.left]).flatten();
        let former = former.flat_map(|state| &state.fields).filter(|(_, value)| **value != Value::Absent);
        let former: BTreeSet<Field> = former.map(|(field, _)| field.clone()).filter(is_set).collect();
        let digest = self.pinned(&spec.image);
        Ok(Container {
            id,
            engine: self.engine.socket.clone(),
            name: format!("{}-{part}-1", self.compose()),
            shown: Container::shown(self.site.look, &spec, &secrets)?,
            spec: labelled(spec),
            digest,
            former,
            once: self.is_awaited(part),
            secrets,
            proof,
        })
    }

    /// Whether others wait until it has ended well.
    fn is_awaited(&self, part: &str) -> bool {
        let conditions = self.project.services.values().filter_map(|service| service.depends_on.get(part));
        conditions.into_iter().any(|condition| *condition == Condition::CompletedSuccessfully)
    }

    fn needs(&self, service: &Service, done: &BTreeMap<String, Id>) -> Vec<Id> {
        let spec = &service.spec;
        let mut needs = vec![self.engine.id.clone()];
        needs.extend(spec.networks.keys().map(|network| self.id("network", network)));
        for mount in &spec.mounts {
            if let MountSource::Volume(volume) = &mount.source {
                needs.push(self.id("volume", volume));
            }
        }
        let secrets: BTreeSet<&SecretName> = spec.environment.values().flat_map(Text::secrets).collect();
        needs.extend(secrets.into_iter().map(Secret::id_of));
        needs.extend(service.depends_on.keys().filter_map(|need| done.get(need)).cloned());
        needs
    }

    /// What speaks against a service beforehand: a port that somebody holds, a folder that the engine will not see.
    fn judge(&self, service: &Service, part: &str, blueprint: &mut Blueprint) -> Result<()> {
        let name = format!("{}-{part}-1", self.compose());
        let id = self.id("container", part);
        let refused = |problem: Problem| problem.at(Some(&service.origin)).of(&id);
        for port in &service.spec.ports {
            let at = SocketAddr::new(port.address, port.published);
            if self.holds(&name, port.published)? {
                continue;
            }
            if let Some(holder) = self.site.look.listeners(at)?.into_iter().next() {
                let problem = Problem::mac(format!("port {} is held by {}", port.published, holder.who()))
                    .why(format!(
                        "it listens on {}, and `{}/{part}` is to have that port",
                        holder.address, self.name
                    ))
                    .hint("stop it, or give the service another port; who it is:")
                    .remedy(format!("sudo lsof -nP -iTCP:{} -sTCP:LISTEN", port.published));
                blueprint.refusals.push(refused(problem));
            }
        }
        for mount in &service.spec.mounts {
            let MountSource::Bind(path) = &mount.source else { continue };
            if self.site.look.stat(path)?.is_none() {
                let problem = Problem::manifest(format!(
                    "nothing is at `{path}`, which `{}/{part}` is to see",
                    self.name
                ))
                .hint("make it, or correct its path; an engine makes no folders of yours:")
                .remedy(format!("mkdir -p '{path}'"));
                blueprint.refusals.push(refused(problem));
            } else if let Some(shared) = self.not_shared(path) {
                let problem =
                    Problem::manifest(format!("the engine's virtual machine does not see `{path}`"))
                        .why(format!(
                            "it shares {shared} with the Mac; of anything else it would show an empty folder"
                        ))
                        .hint("put it below your home folder");
                blueprint.refusals.push(refused(problem));
            }
        }
        Ok(())
    }

    /// Whether the container of this name is ours and holds the port, or another of ours that this apply makes anew.
    fn holds(&self, name: &str, port: u16) -> Result<bool> {
        if !self.engine.answers {
            return Ok(false);
        }
        let lines: Vec<ContainerLine> = self.site.look.containers(&self.engine.socket)?.unwrap_or_default();
        let ours = |line: &&ContainerLine| line.name == name && line.labels.contains_key(OWNER);
        let running = |line: &ContainerLine| !matches!(line.stage, Stage::Exited | Stage::Created);
        Ok(lines
            .iter()
            .find(ours)
            .is_some_and(|line| running(line) && line.ports.iter().any(|held| held.published == port)))
    }

    /// What the engine's machine shares with the Mac, when that is not `path` (docs/service-facts.md#engine-shared-folders).
    fn not_shared(&self, path: &camino::Utf8Path) -> Option<&'static str> {
        let below = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
        let home = path.starts_with(&self.site.identity.home);
        match self.engine.kind {
            EngineKind::Colima if !home => Some("your home folder"),
            EngineKind::DockerDesktop
                if !home && !below(&["/Users", "/Volumes", "/private", "/tmp", "/var/folders"]) =>
            {
                Some("/Users, /Volumes, /private, /tmp and /var/folders")
            }
            _ => None,
        }
    }
}

/// Whether a field is one that a manifest sets.
fn is_set(field: &Field) -> bool {
    let one = |kind: &str| field.as_str().starts_with(kind);
    ["env.", "port.", "mount.", "network.", "label.", "limit."].into_iter().any(one)
}
