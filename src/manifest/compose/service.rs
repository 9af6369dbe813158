use std::collections::BTreeMap;

use super::{
    super::types::Wrong, Condition, command, depends, environment, health, hosts, image, limits, mounts,
    networks, node::Node, ports, reading::Reading, units,
};
use crate::value::{ContainerSpec, Mount, Problem, cleaned};

/// The keys of a service that are taken.
pub(super) const KEYS: &[&str] = &[
    "cap_drop",
    "command",
    "cpus",
    "depends_on",
    "entrypoint",
    "env_file",
    "environment",
    "extra_hosts",
    "healthcheck",
    "image",
    "init",
    "labels",
    "mem_limit",
    "networks",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "ulimits",
    "user",
    "volumes",
    "working_dir",
];

/// What a service says, before it is seen beside the others.
pub(super) struct Said<'t> {
    pub(super) node: Node<'t>,
    pub(super) spec: ContainerSpec,
    pub(super) depends_on: BTreeMap<String, (Condition, Node<'t>)>,
    pub(super) networks: BTreeMap<String, (Vec<String>, Node<'t>)>,
    /// Where its mounts are told.
    pub(super) volumes: Option<Node<'t>>,
}

/// Reads the service at `node`.
pub(super) fn service<'t>(reading: &Reading<'_>, node: &Node<'t>) -> Said<'t> {
    let keys = reading.keys(node, KEYS, instead);
    let get = |key| keys.get(key);
    let text = |key| get(key).and_then(|node| reading.string(node));
    let texts = |key| get(key).map_or(vec![], |node| command::texts(reading, node));
    let switch = |key| get(key).and_then(|node| reading.switch(node)).unwrap_or_default();
    let amount = |key| get(key).and_then(|node| reading.parsed_any(node, units::size));
    if get("image").is_none() {
        let problem = Problem::manifest(format!("missing key of {}: `image`", node.name()))
            .why("a service is a container of an image");
        reading.fault(problem, &reading.at(node.key_place()));
    }
    let mut variables = get("env_file").map_or(BTreeMap::new(), |node| environment::files(reading, node));
    variables
        .extend(get("environment").map_or(BTreeMap::new(), |node| environment::variables(reading, node)));
    let spec = ContainerSpec {
        image: get("image").and_then(|node| reading.parsed(node, image::image)).unwrap_or_default(),
        command: get("command").and_then(|node| command::words(reading, node)),
        entrypoint: get("entrypoint").and_then(|node| command::words(reading, node)),
        environment: variables,
        ports: get("ports").map_or(vec![], |node| ports::ports(reading, node)),
        mounts: get("volumes").map_or(vec![], |node| mounts::mounts(reading, node)),
        tmpfs: get("tmpfs").map_or(BTreeMap::new(), |node| mounts::tmpfs(reading, node)),
        networks: BTreeMap::new(),
        healthcheck: get("healthcheck").map(|node| health::healthcheck(reading, node)),
        restart: get("restart").and_then(|node| reading.parsed(node, limits::restart)).unwrap_or_default(),
        extra_hosts: get("extra_hosts").map_or(vec![], |node| hosts::hosts(reading, node)),
        labels: get("labels").map_or(BTreeMap::new(), |node| environment::labels(reading, node)),
        user: text("user"),
        working_dir: get("working_dir").and_then(|node| reading.parsed(node, working_dir)).flatten(),
        mem_limit: get("mem_limit").and_then(|node| reading.parsed_any(node, units::memory)),
        nano_cpus: get("cpus").and_then(|node| reading.parsed_any(node, units::cpus)),
        ulimits: get("ulimits").map_or(BTreeMap::new(), |node| limits::ulimits(reading, node)),
        shm_size: amount("shm_size"),
        read_only: switch("read_only"),
        cap_drop: texts("cap_drop"),
        security_opt: texts("security_opt"),
        stop_grace_period: get("stop_grace_period").and_then(|node| reading.parsed(node, units::seconds)),
        init: switch("init"),
    };
    if let Some(at) = get("tmpfs") {
        let taken = |mount: &&Mount| spec.tmpfs.contains_key(&mount.target);
        if let Some(mount) = spec.mounts.iter().find(taken) {
            reading.wrong(at, Wrong::new(format!("a volume is mounted at `{}` already", mount.target)));
        }
    }
    Said {
        node: node.clone(),
        spec,
        depends_on: get("depends_on").map_or(BTreeMap::new(), |node| depends::depends(reading, node)),
        networks: get("networks").map_or(BTreeMap::new(), |node| networks::networks(reading, node)),
        volumes: get("volumes").cloned(),
    }
}

/// A folder in the container, as an engine cleans it; an empty one is the image's.
fn working_dir(text: &str) -> Result<Option<String>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    cleaned(text).map(Some).ok_or_else(|| Wrong::new("in the container a path begins with `/`"))
}

/// What stands in the place of a key of Compose's that is not taken.
fn instead(key: &str) -> Option<&'static str> {
    Some(match key {
        "build" => "forgectl builds no images: push yours to a registry, and name it with `image`",
        "container_name" => {
            "forgectl names containers as Compose does: the service's key in the manifest, this one and a number"
        }
        "deploy" => "limits are `mem_limit` and `cpus`",
        "expose" => "services on one network reach every port of each other without it",
        "links" => "services on one network reach each other by their names",
        "network_mode" => "give `networks`, and `ports` for what the Mac is to reach",
        "hostname" | "domainname" => {
            "on its networks a service has its own name, and the `aliases` that it gives there"
        }
        "secrets" | "configs" => "give values with `secrets` and `values` of the service in the manifest",
        "profiles" => "every service of the file is brought up: take others out of it",
        "platform" => "images are those of the engine's own platform",
        "mem_reservation" | "memswap_limit" => "the limit of memory is `mem_limit`",
        "cpu_shares" | "cpu_quota" | "cpuset" => "the limit of processors is `cpus`",
        "cap_add" | "privileged" | "devices" => "a container gets no more than an engine gives to everyone",
        _ => return None,
    })
}
