use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Container,
    describe::is_nameless,
    engine::{Engine, PREDEFINED, Volume},
    reference::Reference,
    refusal::{Refused, no_container, no_image, refused},
};
use crate::{
    machine::engine::Stage,
    sim::{Fault, Mac},
    value::{ContainerSpec, Mount, MountSource, Text},
};

/// The engine at a socket that answers.
pub(super) fn engine<'m>(mac: &'m mut Mac, socket: &Utf8PathBuf) -> Result<&'m mut Engine, Refused> {
    mac.state.engines.get_mut(socket).ok_or_else(|| refused(503, "the engine is gone"))
}

/// Gives an image another name.
pub(super) fn tag(mac: &mut Mac, socket: &Utf8PathBuf, image: &str, name: &str) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    let id = engine.image(image).map(|image| image.id.clone()).ok_or_else(|| no_image(image))?;
    let reference = Reference::read(name);
    if reference.digest.is_some() {
        return Err(refused(400, "refusing to create a tag with a digest reference"));
    }
    engine.take_tag_from_others(&reference, &id);
    if let Some(image) = engine.images.get_mut(&id) {
        image.tags.extend(reference.tagged());
    }
    Ok(())
}

/// Removes a name of an image, and with its last one the image (docs/service-facts.md#image-in-use).
pub(super) fn remove_image(mac: &mut Mac, socket: &Utf8PathBuf, name: &str) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    let reference = Reference::read(name);
    let found = engine.image(name).ok_or_else(|| no_image(name))?;
    let (id, by_id) = (found.id.clone(), !found.is_called(&reference));
    let mut left = found.tags.clone();
    let mut digests = found.digests.clone();
    if by_id {
        if left.len() > 1 {
            let short = id.trim_start_matches("sha256:").get(..12).unwrap_or_default().to_owned();
            let why = format!(
                "conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
            );
            return Err(refused(409, why));
        }
        left.clear();
        digests.clear();
    } else if let Some(digest) = &reference.digest {
        digests.remove(&format!("{}@{digest}", reference.name));
    } else {
        left.retain(|tag| Some(tag) != reference.tagged().as_ref());
        // The last tag of a name takes that name's digests with it.
        if !left.iter().any(|tag| Reference::read(tag).name == reference.name) {
            digests.retain(|digest| Reference::read(digest).name != reference.name);
        }
    }
    if left.is_empty() && digests.is_empty() {
        let user = engine.containers.values().find(|container| container.image_id == id);
        if let Some(user) = user {
            let short = |id: &str| id.trim_start_matches("sha256:").chars().take(12).collect::<String>();
            let (container, image) = (short(&user.id), short(&id));
            let why = if by_id {
                format!(
                    "conflict: unable to delete {image} (must be forced) - image is being used by container {container}"
                )
            } else {
                format!(
                    "conflict: unable to remove repository reference \"{}\" (must force) - container {container} is using \
                     its referenced image {image}",
                    Reference::familiar(name)
                )
            };
            return Err(refused(409, why));
        }
        engine.images.remove(&id);
    } else if let Some(image) = engine.images.get_mut(&id) {
        image.tags = left;
        image.digests = digests;
    }
    Ok(())
}

/// Makes a network, unless there is one of that name.
pub(super) fn create_network(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    if !engine.networks.contains_key(name) {
        engine.make_network(name, "bridge", labels.clone());
    }
    Ok(())
}

/// Removes a network in which nobody is at work.
pub(super) fn remove_network(mac: &mut Mac, socket: &Utf8PathBuf, name: &str) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    if PREDEFINED.contains(&name) {
        return Err(refused(403, format!("{name} is a pre-defined network and cannot be removed")));
    }
    if let Some(member) = engine.running().find(|container| container.spec.networks.contains_key(name)) {
        let id = engine.networks.get(name).map_or("", |network| network.id.as_str());
        let why = format!(
            "error while removing network: network {name} id {id} has active endpoints (name:\"{}\" id:\"{}\")",
            member.name,
            member.id.get(..12).unwrap_or_default()
        );
        return Err(refused(403, why));
    }
    let gone = engine.networks.remove(name);
    gone.map(drop).ok_or_else(|| refused(404, format!("network {name} not found")))
}

/// Makes a volume, unless there is one of that name.
pub(super) fn create_volume(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), Refused> {
    let now = mac.state.now;
    full(mac, socket)?;
    let engine = engine(mac, socket)?;
    let made = || Volume { labels: labels.clone(), created: now, files: BTreeMap::new() };
    engine.volumes.entry(name.to_owned()).or_insert_with(made);
    Ok(())
}

/// Removes a volume that no container has, running or not.
pub(super) fn remove_volume(mac: &mut Mac, socket: &Utf8PathBuf, name: &str) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    let users: Vec<String> = engine
        .containers
        .values()
        .filter(|container| container.volumes().any(|volume| volume == name))
        .map(|container| container.id.clone())
        .collect();
    if !users.is_empty() {
        return Err(refused(409, format!("remove {name}: volume is in use - [{}]", users.join(", "))));
    }
    engine.volumes.remove(name).map(drop).ok_or_else(|| refused(404, format!("get {name}: no such volume")))
}

/// Variables whose secrets are read from their files on the Mac; fails where one cannot be.
pub(super) fn filled(
    mac: &mut Mac,
    environment: &BTreeMap<String, Text>,
    secrets: &Utf8Path,
) -> Result<BTreeMap<String, String>> {
    let all = environment.iter();
    all.map(|(name, value)| Ok((name.clone(), crate::sim::secrets::filled(mac, value, secrets)?))).collect()
}

/// Makes a container.
pub(super) fn create(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    spec: ContainerSpec,
) -> Result<String, Refused> {
    let now = mac.state.now;
    full(mac, socket)?;
    let binds = spec.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Bind(folder) => Some(folder),
        MountSource::Volume(_) => None,
    });
    let absent = binds.into_iter().find(|folder| !is_there(mac, socket, folder)).cloned();
    let engine = engine(mac, socket)?;
    if !is_name(name) {
        let why = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        return Err(refused(400, why));
    }
    let image = engine.image(&spec.image).cloned();
    let image = image.ok_or_else(|| no_image(&Reference::read(&spec.image).to_string()))?;
    if let Some(other) = engine.container(name) {
        return Err(refused(409, taken(name, &other.id)));
    }
    if spec.mem_limit.is_some_and(|limit| limit < 6 << 20) {
        return Err(refused(400, "Minimum memory limit allowed is 6MB"));
    }
    let check = spec.healthcheck.iter();
    let mut times = check.flat_map(|check| [check.interval, check.timeout, check.start_period]).flatten();
    if times.any(|time| !time.is_zero() && time < Duration::from_millis(1)) {
        return Err(refused(400, "Interval in Healthcheck cannot be less than 1ms"));
    }
    if let Some(folder) = absent {
        let why =
            format!("invalid mount config for type \"bind\": bind source path does not exist: {folder}");
        return Err(refused(400, why));
    }
    // It is put into other networks than the first once it is made.
    if let Some(network) =
        spec.networks.keys().skip(1).find(|network| !engine.networks.contains_key(*network))
    {
        return Err(refused(404, format!("network {network} not found")));
    }
    let id = engine.new_id(name);
    let mut container = Container::new(id.clone(), name, spec, &image, now);
    for folder in &image.config.volumes {
        if container.spec.mounts.iter().all(|mount| mount.target != *folder) {
            let source = MountSource::Volume(engine.new_id(folder));
            container.spec.mounts.push(Mount { source, target: folder.clone(), read_only: false });
        }
    }
    for volume in container.volumes() {
        let made = || Volume { labels: BTreeMap::new(), created: now, files: BTreeMap::new() };
        engine.volumes.entry(volume.clone()).or_insert_with(made);
    }
    engine.containers.insert(id.clone(), container);
    Ok(id)
}

/// Whether a path of the Mac's is one of the engine's machine too: Colima's has the home folder alone.
pub(super) fn is_there(mac: &Mac, socket: &Utf8PathBuf, path: &Utf8Path) -> bool {
    let lima = mac.state.engines.get(socket).is_some_and(|engine| engine.machine.name.starts_with("colima"));
    let real = mac.disk.resolve(path);
    real.is_some_and(|real| !lima || real.starts_with(mac.home())) || path == "/var/run/docker.sock"
}

/// Another container has that name.
pub(super) fn taken(name: &str, id: &str) -> String {
    format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{id}\". You have to remove (or rename) \
         that container to be able to reuse that name."
    )
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    name.len() > 1 && name.bytes().all(fits) && name.as_bytes()[0].is_ascii_alphanumeric()
}

/// Fails when the disk of the engine's machine has no room.
fn full(mac: &mut Mac, socket: &Utf8PathBuf) -> Result<(), Refused> {
    if mac.state.faults.take(Fault::EngineDiskFull) {
        let why = "mkdir /var/lib/docker/overlay2/5f3c-init: no space left on device";
        return Err(refused(500, why));
    }
    engine(mac, socket).map(drop)
}

/// Starts a container; one that runs is left as it is.
pub(super) fn start(mac: &mut Mac, socket: &Utf8PathBuf, name: &str) -> Result<(), Refused> {
    let found = engine(mac, socket)?.find(name).ok_or_else(|| no_container(name))?;
    let (id, stage) = (found.id.clone(), found.stage);
    match stage {
        Stage::Running => return Ok(()),
        Stage::Paused => {
            return Err(refused(409, "cannot start a paused container, try unpause instead"));
        }
        _ => {}
    }
    if let Some(container) = super::life::container(mac, socket, &id) {
        container.restarts = 0;
        container.pause = Duration::ZERO;
        container.restart_at = None;
    }
    super::life::start(mac, socket, &id)
}

/// Asks a container to stop; answers with how long it may take until it is killed, or `None` when it does not run.
pub(super) fn ask_to_stop(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    grace: Option<Duration>,
) -> Result<Option<Duration>, Refused> {
    const GRACE: Duration = Duration::from_secs(10);
    const AT_ONCE: Duration = Duration::from_millis(100);
    let now = mac.state.now;
    let engine = engine(mac, socket)?;
    let id = engine.find(name).map(|found| found.id.clone()).ok_or_else(|| no_container(name))?;
    let Some(container) = engine.containers.get_mut(&id) else { return Ok(None) };
    if container.stage == Stage::Restarting {
        container.stage = Stage::Exited;
        container.stopped = true;
        container.restart_at = None;
    }
    let grace = grace.or(container.spec.stop_grace_period).unwrap_or(GRACE);
    let init = container.spec.init;
    let Some(run) = container.run.as_mut() else { return Ok(None) };
    let minds = run.term.or_else(|| init.then_some(143));
    let (after, code) = minds.map_or((grace, 137), |code| (AT_ONCE.min(grace), code));
    let ends = crate::sim::clock::after(now, after);
    if run.ends.is_none_or(|(at, _)| at > ends) {
        run.ends = Some((ends, code));
    }
    container.stage = Stage::Running;
    container.stopped = true;
    container.stopping = Some(crate::sim::clock::after(now, grace));
    Ok(Some(after))
}

/// Removes a container, running or not, and if asked its volumes without a name.
pub(super) fn remove(mac: &mut Mac, socket: &Utf8PathBuf, name: &str, volumes: bool) -> Result<(), Refused> {
    let engine = engine(mac, socket)?;
    let id = engine.find(name).map(|found| found.id.clone()).ok_or_else(|| no_container(name))?;
    let Some(gone) = engine.containers.remove(&id) else { return Ok(()) };
    for volume in gone.volumes().filter(|name| volumes && is_nameless(name)) {
        if !engine.containers.values().any(|other| other.volumes().any(|used| used == volume)) {
            engine.volumes.remove(volume);
        }
    }
    Ok(())
}
