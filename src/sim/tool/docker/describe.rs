use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use sha2::{Digest, Sha256};

use super::{Engine, container::Container, engine::PREDEFINED, reference::Reference};
use crate::{machine::engine::Stage, value::hex};

/// What engines keep, to be compared: a name for each thing, and what it is. Ids and times say when, not what; values that may be
/// secret are told by what follows from them.
pub(in crate::sim) fn describe<'e>(
    engines: impl IntoIterator<Item = (&'e Utf8PathBuf, &'e Engine)>,
) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for (socket, engine) in engines {
        let mut tell = |kind: &str, name: &str, what: String| {
            told.insert(format!("{kind} {name} at {socket}"), what);
        };
        for (name, volume) in &engine.volumes {
            if !is_nameless(name) {
                tell("volume", name, format!("{:?}, holds {}", volume.labels, fingerprint(&volume.files)));
            }
        }
        let nameless = engine.volumes.keys().filter(|name| is_nameless(name)).count();
        if nameless > 0 {
            tell("volumes", "without a name", nameless.to_string());
        }
        for (name, network) in &engine.networks {
            if !PREDEFINED.contains(&name.as_str()) {
                tell("network", name, format!("{:?}", network.labels));
            }
        }
        for image in engine.images.values() {
            let bare = image.tags.is_empty();
            for name in if bare { &image.digests } else { &image.tags } {
                tell("image", &Reference::familiar(name), image.id.clone());
            }
        }
        for container in engine.containers.values() {
            tell("container", &container.name, of_container(container));
        }
    }
    told
}

fn of_container(container: &Container) -> String {
    let runs = match container.stage {
        Stage::Running | Stage::Restarting => "runs",
        Stage::Paused => "paused",
        Stage::Created => "never started",
        Stage::Exited | Stage::Removing | Stage::Dead => "ended",
    };
    let mut spec = container.spec.clone();
    for mount in &mut spec.mounts {
        if let crate::value::MountSource::Volume(name) = &mut mount.source
            && is_nameless(name)
        {
            name.clear();
        }
    }
    format!("{} {}, {runs}, made as {}", spec.image, container.image_id, fingerprint(&spec))
}

/// Whether the engine itself has given a volume its name.
pub(super) fn is_nameless(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn fingerprint(what: &impl std::fmt::Debug) -> String {
    hex(&Sha256::digest(format!("{what:?}"))[..6])
}
