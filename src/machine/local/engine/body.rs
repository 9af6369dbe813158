//! What an engine is sent to make a container.

use std::{collections::HashMap, time::Duration};

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, Mount as Asked, MountType,
    NetworkingConfig, PortBinding, PortMap, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum as Name,
};

use super::paths::Paths;
use crate::value::{ContainerSpec, Healthcheck, Mount, MountSource, Protocol, PublishedPort, Restart};

/// `spec` in the words of the Engine API, with these variables; in its first network only: older engines take no more than one
/// at once (docs/service-facts.md#engine-aliases).
pub(super) fn of(spec: &ContainerSpec, environment: Vec<String>, paths: &Paths) -> ContainerCreateBody {
    let first = spec.networks.iter().next();
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: spec.command.clone(),
        entrypoint: spec.entrypoint.clone(),
        env: Some(environment),
        exposed_ports: Some(spec.ports.iter().map(target).collect()),
        healthcheck: spec.healthcheck.as_ref().map(healthcheck),
        labels: Some(spec.labels.clone().into_iter().collect()),
        user: spec.user.clone(),
        working_dir: spec.working_dir.clone(),
        stop_timeout: spec.stop_grace_period.and_then(|time| i64::try_from(time.as_secs()).ok()),
        networking_config: first.map(|(name, aliases)| NetworkingConfig {
            endpoints_config: Some([(name.clone(), end(aliases))].into()),
        }),
        host_config: Some(HostConfig {
            network_mode: first.map(|(name, _)| name.clone()),
            ..host(spec, paths)
        }),
        ..ContainerCreateBody::default()
    }
}

/// A container's end of a network, where it has these names.
pub(super) fn end(aliases: &[String]) -> EndpointSettings {
    EndpointSettings { aliases: Some(aliases.to_vec()), ..EndpointSettings::default() }
}

fn host(spec: &ContainerSpec, paths: &Paths) -> HostConfig {
    let number = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    HostConfig {
        port_bindings: Some(ports(&spec.ports)),
        mounts: Some(spec.mounts.iter().map(|mount| mounted(mount, paths)).collect()),
        tmpfs: Some(spec.tmpfs.clone().into_iter().collect()),
        restart_policy: Some(restart(spec.restart)),
        extra_hosts: Some(spec.extra_hosts.clone()),
        memory: number(spec.mem_limit),
        nano_cpus: number(spec.nano_cpus),
        shm_size: number(spec.shm_size),
        readonly_rootfs: Some(spec.read_only),
        cap_drop: Some(spec.cap_drop.clone()),
        security_opt: Some(spec.security_opt.clone()),
        init: spec.init.then_some(true),
        ulimits: Some(
            spec.ulimits
                .iter()
                .map(|(name, (soft, hard))| ResourcesUlimits {
                    name: Some(name.clone()),
                    soft: Some(*soft),
                    hard: Some(*hard),
                })
                .collect(),
        ),
        ..HostConfig::default()
    }
}

/// `3000/tcp`.
fn target(port: &PublishedPort) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{}/{protocol}", port.target)
}

fn ports(ports: &[PublishedPort]) -> PortMap {
    let mut map: PortMap = HashMap::new();
    for port in ports {
        let binding = PortBinding {
            host_ip: Some(port.address.to_string()),
            host_port: Some(port.published.to_string()),
        };
        map.entry(target(port)).or_default().get_or_insert_default().push(binding);
    }
    map
}

/// A folder that is not there is refused by the engine, and not made as root's.
fn mounted(mount: &Mount, paths: &Paths) -> Asked {
    let (source, typ) = match &mount.source {
        MountSource::Volume(name) => (name.clone(), MountType::VOLUME),
        MountSource::Bind(path) => (paths.real(path), MountType::BIND),
    };
    Asked {
        target: Some(mount.target.clone()),
        source: Some(source),
        typ: Some(typ),
        read_only: Some(mount.read_only),
        ..Asked::default()
    }
}

fn restart(restart: Restart) -> RestartPolicy {
    let (name, times) = match restart {
        Restart::No => (Name::NO, None),
        Restart::Always => (Name::ALWAYS, None),
        Restart::UnlessStopped => (Name::UNLESS_STOPPED, None),
        Restart::OnFailure(times) => (Name::ON_FAILURE, times),
    };
    RestartPolicy { name: Some(name), maximum_retry_count: times.map(i64::from) }
}

fn healthcheck(check: &Healthcheck) -> HealthConfig {
    let time = |time: Option<Duration>| time.and_then(|time| i64::try_from(time.as_nanos()).ok());
    HealthConfig {
        test: (!check.test.is_empty()).then(|| check.test.clone()),
        interval: time(check.interval),
        timeout: time(check.timeout),
        retries: check.retries.map(i64::from),
        start_period: time(check.start_period),
        ..HealthConfig::default()
    }
}
