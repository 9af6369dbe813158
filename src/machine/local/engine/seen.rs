//! A container as a close look at it shows it.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use bollard::models::{
    ContainerConfig, ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Status,
    EndpointSettings, Health as Told, HealthConfig, HealthStatusEnum, HostConfig, MountPoint, PortBinding,
    RestartPolicy, RestartPolicyNameEnum as Name,
};
use jiff::Timestamp;

use super::paths::Paths;
use crate::{
    machine::engine::{ContainerView, Health, HealthStatus, Stage},
    value::{ContainerSpec, Healthcheck, Mount, MountSource, Protocol, PublishedPort, Restart, Text},
};

/// Where a port is published that names no address: everywhere.
pub(super) const NO_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// `/dev/shm` as every container has it that says nothing of it.
const SHARED: i64 = 64 * 1024 * 1024;

pub(super) fn container(found: ContainerInspectResponse, paths: &Paths) -> ContainerView {
    let id = found.id.unwrap_or_default();
    let state = found.state.unwrap_or_default();
    let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let host = found.host_config.unwrap_or_default();
    let mut spec = configured(found.config.unwrap_or_default());
    spec.mounts = mounts(found.mounts.unwrap_or_default(), &host, paths);
    spec.networks = networks.into_iter().map(|(name, end)| (name, aliases(end, &id))).collect();
    limited(host, &mut spec);
    ContainerView {
        name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image_id: found.image.unwrap_or_default(),
        created: time(found.created.as_deref()).unwrap_or_default(),
        stage: state.status.map_or(Stage::Dead, stage),
        exit_code: state.exit_code.unwrap_or(0),
        error: state.error.clone().unwrap_or_default(),
        out_of_memory: state.oom_killed.unwrap_or(false),
        restarts: found.restart_count.and_then(|times| u64::try_from(times).ok()).unwrap_or(0),
        started: time(state.started_at.as_deref()),
        health: health(state),
        spec,
        id,
    }
}

/// What is said of it wherever it runs.
fn configured(config: ContainerConfig) -> ContainerSpec {
    let variable = |line: String| match line.split_once('=') {
        Some((name, value)) => (name.to_owned(), Text::from(value)),
        None => (line, Text::default()),
    };
    ContainerSpec {
        image: config.image.unwrap_or_default(),
        command: named(config.cmd),
        entrypoint: named(config.entrypoint),
        environment: config.env.unwrap_or_default().into_iter().map(variable).collect(),
        healthcheck: healthcheck(config.healthcheck),
        labels: config.labels.map(BTreeMap::from_iter).unwrap_or_default(),
        user: config.user.filter(|user| !user.is_empty()),
        working_dir: config.working_dir.filter(|folder| !folder.is_empty()),
        stop_grace_period: config
            .stop_timeout
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
        ..ContainerSpec::default()
    }
}

/// What is said of it on this engine.
fn limited(host: HostConfig, spec: &mut ContainerSpec) {
    let some = |number: Option<i64>| {
        number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0)
    };
    spec.ports = host.port_bindings.unwrap_or_default().into_iter().flat_map(ports).collect();
    spec.ports.sort();
    spec.tmpfs = host.tmpfs.map(BTreeMap::from_iter).unwrap_or_default();
    spec.restart = restart(host.restart_policy);
    spec.extra_hosts = host.extra_hosts.unwrap_or_default();
    spec.mem_limit = some(host.memory);
    spec.nano_cpus = some(host.nano_cpus);
    spec.shm_size = some(host.shm_size.filter(|bytes| *bytes != SHARED));
    spec.read_only = host.readonly_rootfs.unwrap_or(false);
    spec.cap_drop = host.cap_drop.unwrap_or_default();
    spec.security_opt = host.security_opt.unwrap_or_default();
    spec.init = host.init.unwrap_or(false);
    spec.ulimits = host
        .ulimits
        .unwrap_or_default()
        .into_iter()
        .filter_map(|limit| Some((limit.name?, (limit.soft.unwrap_or(0), limit.hard.unwrap_or(0)))))
        .collect();
}

fn ports((target, bindings): (String, Option<Vec<PortBinding>>)) -> Vec<PublishedPort> {
    let (number, protocol) = target.split_once('/').unwrap_or((&target, "tcp"));
    let Ok(target) = number.parse() else { return vec![] };
    let protocol = if protocol == "udp" { Protocol::Udp } else { Protocol::Tcp };
    let bindings = bindings.unwrap_or_default().into_iter();
    bindings
        .filter_map(|binding| {
            Some(PublishedPort {
                address: binding.host_ip.and_then(|ip| ip.parse().ok()).unwrap_or(NO_ADDRESS),
                published: binding.host_port?.parse().ok()?,
                target,
                protocol,
            })
        })
        .collect()
}

/// What is mounted. A virtual machine may show the folders of its Mac under other paths, so what was asked for counts.
fn mounts(found: Vec<MountPoint>, host: &HostConfig, paths: &Paths) -> Vec<Mount> {
    let mut asked: HashMap<&str, &str> = HashMap::new();
    for line in host.binds.iter().flatten() {
        let mut parts = line.split(':');
        if let (Some(source), Some(target)) = (parts.next(), parts.next()) {
            asked.insert(target, source);
        }
    }
    for mount in host.mounts.iter().flatten() {
        if let (Some(source), Some(target)) = (&mount.source, &mount.target) {
            asked.insert(target, source);
        }
    }
    let mut mounts: Vec<Mount> = found
        .into_iter()
        .filter_map(|mount| {
            let target = mount.destination?;
            let source = match (mount.typ.as_deref(), mount.name) {
                (Some("volume"), Some(name)) => MountSource::Volume(name),
                (Some("bind"), _) => {
                    let real =
                        asked.get(target.as_str()).map(|source| (*source).to_owned()).or(mount.source)?;
                    MountSource::Bind(paths.on_mac(&real))
                }
                _ => return None,
            };
            Some(Mount { source, target, read_only: mount.rw == Some(false) })
        })
        .collect();
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    mounts
}

/// The names of a container in a network; older engines add the beginning of its id (docs/service-facts.md#engine-aliases).
fn aliases(end: EndpointSettings, id: &str) -> Vec<String> {
    let mut names = end.aliases.unwrap_or_default();
    names.retain(|name| !id.starts_with(name.as_str()));
    names.sort();
    names.dedup();
    names
}

fn restart(policy: Option<RestartPolicy>) -> Restart {
    let policy = policy.unwrap_or_default();
    match policy.name {
        Some(Name::ALWAYS) => Restart::Always,
        Some(Name::UNLESS_STOPPED) => Restart::UnlessStopped,
        Some(Name::ON_FAILURE) => Restart::OnFailure(
            policy.maximum_retry_count.and_then(|times| u32::try_from(times).ok()).filter(|times| *times > 0),
        ),
        Some(Name::NO | Name::EMPTY) | None => Restart::No,
    }
}

pub(super) fn healthcheck(found: Option<HealthConfig>) -> Option<Healthcheck> {
    let found = found?;
    let time = |nanoseconds: Option<i64>| {
        nanoseconds
            .and_then(|time| u64::try_from(time).ok())
            .filter(|time| *time > 0)
            .map(Duration::from_nanos)
    };
    let check = Healthcheck {
        test: found.test.unwrap_or_default(),
        interval: time(found.interval),
        timeout: time(found.timeout),
        retries: found.retries.and_then(|times| u32::try_from(times).ok()).filter(|times| *times > 0),
        start_period: time(found.start_period),
    };
    (check != Healthcheck::default()).then_some(check)
}

fn health(state: ContainerState) -> Option<Health> {
    let Told { status, failing_streak, log } = state.health?;
    let last = log.unwrap_or_default().pop();
    Some(Health {
        status: match status? {
            HealthStatusEnum::STARTING => HealthStatus::Starting,
            HealthStatusEnum::HEALTHY => HealthStatus::Healthy,
            HealthStatusEnum::UNHEALTHY => HealthStatus::Unhealthy,
            HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => return None,
        },
        failing: failing_streak.and_then(|times| u64::try_from(times).ok()).unwrap_or(0),
        last: last.map(|last| (last.output.unwrap_or_default(), last.exit_code.unwrap_or(0))),
    })
}

fn stage(status: Status) -> Stage {
    match status {
        Status::CREATED => Stage::Created,
        Status::RUNNING | Status::STOPPING => Stage::Running,
        Status::PAUSED => Stage::Paused,
        Status::RESTARTING => Stage::Restarting,
        Status::REMOVING => Stage::Removing,
        Status::EXITED => Stage::Exited,
        Status::DEAD | Status::EMPTY => Stage::Dead,
    }
}

/// An empty list says as much as none.
pub(super) fn named(words: Option<Vec<String>>) -> Option<Vec<String>> {
    words.filter(|words| !words.is_empty())
}

/// What never happened has a time of the year 1.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse::<Timestamp>().ok().filter(|time| time.as_second() > 0)
}
