//! What the listings of an engine hold.

use std::collections::BTreeMap;

use bollard::models::{
    ContainerSummary, ContainerSummaryStateEnum as State, Network, PortSummary, PortSummaryTypeEnum, Volume,
};
use jiff::Timestamp;

use super::seen::{NO_ADDRESS, time};
use crate::{
    machine::engine::{ContainerLine, NetworkView, Stage, VolumeView},
    value::{Protocol, PublishedPort},
};

pub(super) fn container(found: ContainerSummary) -> ContainerLine {
    let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let mounts = found.mounts.unwrap_or_default();
    ContainerLine {
        id: found.id.unwrap_or_default(),
        name: own_name(&found.names.unwrap_or_default()),
        image: found.image.unwrap_or_default(),
        image_id: found.image_id.unwrap_or_default(),
        created: found.created.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default(),
        stage: found.state.map_or(Stage::Dead, stage),
        status: found.status.unwrap_or_default(),
        labels: found.labels.map(BTreeMap::from_iter).unwrap_or_default(),
        ports: found.ports.unwrap_or_default().into_iter().filter_map(|found| port(&found)).collect(),
        volumes: mounts.into_iter().filter_map(|mount| mount.name.filter(|name| !name.is_empty())).collect(),
        networks: networks.into_keys().collect(),
    }
}

/// A container that others link to has their names for it too, with another slash in them.
fn own_name(names: &[String]) -> String {
    let bare = |name: &String| name.trim_start_matches('/').to_owned();
    let own = names.iter().map(bare).find(|name| !name.contains('/'));
    own.unwrap_or_default()
}

fn stage(state: State) -> Stage {
    match state {
        State::CREATED => Stage::Created,
        State::RUNNING | State::STOPPING => Stage::Running,
        State::PAUSED => Stage::Paused,
        State::RESTARTING => Stage::Restarting,
        State::REMOVING => Stage::Removing,
        State::EXITED => Stage::Exited,
        State::DEAD | State::EMPTY => Stage::Dead,
    }
}

fn port(found: &PortSummary) -> Option<PublishedPort> {
    Some(PublishedPort {
        address: found.ip.as_deref().and_then(|ip| ip.parse().ok()).unwrap_or(NO_ADDRESS),
        published: found.public_port?,
        target: found.private_port,
        protocol: match found.typ {
            Some(PortSummaryTypeEnum::UDP) => Protocol::Udp,
            _ => Protocol::Tcp,
        },
    })
}

pub(super) fn network(found: Network) -> NetworkView {
    NetworkView {
        id: found.id.unwrap_or_default(),
        name: found.name.unwrap_or_default(),
        driver: found.driver.unwrap_or_default(),
        labels: found.labels.map(BTreeMap::from_iter).unwrap_or_default(),
    }
}

pub(super) fn volume(found: Volume) -> VolumeView {
    VolumeView {
        name: found.name,
        driver: found.driver,
        labels: found.labels.into_iter().collect(),
        created: time(found.created_at.as_deref()),
    }
}
