//! A container as fields: the same function for what is wanted and for what is found.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::value::{
    ContainerSpec, Field, Healthcheck, Mount, MountSource, Protocol, PublishedPort, Restart, Value,
    fingerprint, looks_secret,
};

/// The label in which a container bears the names of the fields that its service sets: whatever else is seen of it comes from its
/// image, or from somebody else.
pub(super) const SET: &str = "dev.forge.fields";

/// The label in which a container bears the names of the variables that secrets are in.
pub(super) const HIDDEN_VARIABLES: &str = "dev.forge.hidden";

/// What `/dev/shm` is without a word of it.
const SHARED: u64 = 64 << 20;

/// The fields of a container. Those that there is one of are always among them, absent where nothing is said.
pub(super) type Fields = BTreeMap<Field, Value>;

/// `spec` as fields. `value` gives the value of a variable as it may be shown; `None` is not known yet. To an engine an empty text, an
/// empty list and most zeros are nothing said, so that here they are too (docs/service-facts.md#engine-zeros).
pub(super) fn of(spec: &ContainerSpec, value: impl Fn(&str) -> Option<Value>) -> Fields {
    let text = |text: &Option<String>| Value::from(text.clone().filter(|text| !text.is_empty()));
    let words = |words: &Option<Vec<String>>| {
        Value::from(words.as_deref().filter(|words| !words.is_empty()).map(joined))
    };
    let spelt = |time: Option<Duration>| Value::from(time.map(|time| format!("{time:?}")));
    let time = |time: Option<Duration>| spelt(time.filter(|time| !time.is_zero()));
    let list = |mut list: Vec<String>| {
        list.sort();
        Value::from(Some(list.join(", ")).filter(|list| !list.is_empty()))
    };
    let check = spec.healthcheck.clone().unwrap_or_default();
    let Healthcheck { test, interval, timeout, retries, start_period } = check;
    let mut fields: Fields = [
        ("command", words(&spec.command)),
        ("entrypoint", words(&spec.entrypoint)),
        ("health", Value::from(Some(joined(&test)).filter(|test| !test.is_empty()))),
        ("health.interval", time(interval)),
        ("health.timeout", time(timeout)),
        ("health.retries", Value::from(retries.filter(|times| *times > 0).map(i64::from))),
        ("health.start", time(start_period)),
        ("restart", Value::from(restart(spec.restart))),
        ("hosts", list(spec.extra_hosts.clone())),
        ("user", text(&spec.user)),
        ("folder", text(&spec.working_dir)),
        ("memory", Value::from(spec.mem_limit.map(bytes))),
        ("cpus", Value::from(spec.nano_cpus.map(cpus))),
        ("shm", Value::from(spec.shm_size.filter(|size| *size != SHARED).map(bytes))),
        ("read-only", Value::from(spec.read_only.then_some(true))),
        ("dropped", list(spec.cap_drop.iter().map(|name| capability(name)).collect())),
        ("security", list(spec.security_opt.clone())),
        // Nothing would be the engine's ten seconds.
        ("grace", spelt(spec.stop_grace_period)),
        ("init", Value::from(spec.init.then_some(true))),
    ]
    .into_iter()
    .map(|(name, value)| (Field::from(name), value))
    .collect();
    for name in spec.environment.keys() {
        fields.extend(value(name).map(|value| (Field::from(format!("env.{name}")), value)));
    }
    for (target, ports) in by_target(&spec.ports) {
        fields.insert(format!("port.{target}").into(), ports.into());
    }
    fields.extend(spec.mounts.iter().map(|mount| (mount_field(&mount.target), mounted(mount).into())));
    fields.extend(spec.tmpfs.iter().map(|(target, options)| {
        let words = if options.is_empty() { "in memory".to_owned() } else { format!("in memory, {options}") };
        (mount_field(target), words.into())
    }));
    for (network, names) in &spec.networks {
        let mut names = names.clone();
        names.sort();
        names.dedup();
        fields.insert(format!("network.{network}").into(), format!("as {}", names.join(", ")).into());
    }
    let labels = spec.labels.iter().filter(|(name, _)| ![SET, HIDDEN_VARIABLES].contains(&name.as_str()));
    fields.extend(labels.map(|(name, value)| (Field::from(format!("label.{name}")), value.as_str().into())));
    for (name, (soft, hard)) in &spec.ulimits {
        fields.insert(format!("limit.{name}").into(), format!("{soft}:{hard}").into());
    }
    fields
}

/// The field of what is mounted at `target`.
pub(super) fn mount_field(target: &str) -> Field {
    format!("mount.{target}").into()
}

/// The value of a variable as it may be shown.
pub(super) fn shown(name: &str, value: &str, hidden: bool) -> Value {
    if hidden || looks_secret(name) { fingerprint(value).into() } else { value.into() }
}

/// Whether a field holds one thing of a kind that there may be any number of.
pub(super) fn is_one_of_many(field: &Field) -> bool {
    let one = |kind: &str| field.as_str().strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
    ["env", "port", "mount", "network", "label", "limit"].into_iter().any(one)
}

/// `spec` with labels that say what of it its service sets, and in which variables secrets are.
pub fn labelled(mut spec: ContainerSpec) -> ContainerSpec {
    let all = of(&spec, |_| Some(Value::Bool(true)));
    let set: Vec<&str> =
        all.iter().filter(|(_, value)| **value != Value::Absent).map(|(field, _)| field.as_str()).collect();
    let hidden: Vec<&String> =
        spec.environment.iter().filter(|(_, value)| value.plain().is_none()).map(|(name, _)| name).collect();
    let (set, hidden) = (serde_json::json!(set).to_string(), serde_json::json!(hidden).to_string());
    spec.labels.extend([(SET.to_owned(), set), (HIDDEN_VARIABLES.to_owned(), hidden)]);
    spec
}

/// The names that a label of [`labelled`] bears.
pub(super) fn names(spec: &ContainerSpec, label: &str) -> BTreeSet<String> {
    spec.labels.get(label).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn joined(words: &[String]) -> String {
    words.iter().map(|word| crate::value::shell_word(word)).collect::<Vec<_>>().join(" ")
}

fn restart(restart: Restart) -> String {
    match restart {
        Restart::No => "no".into(),
        Restart::Always => "always".into(),
        Restart::UnlessStopped => "unless-stopped".into(),
        Restart::OnFailure(None | Some(0)) => "on-failure".into(),
        Restart::OnFailure(Some(times)) => format!("on-failure:{times}"),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

fn cpus(nano: u64) -> String {
    let (whole, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:09}").trim_end_matches('0').to_owned() }
}

/// Newer engines write the same capability with a prefix.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
}

fn by_target(ports: &[PublishedPort]) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for port in ports {
        let protocol = match port.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        let at = std::net::SocketAddr::new(port.address, port.published);
        map.entry(format!("{}/{protocol}", port.target)).or_default().push(at.to_string());
    }
    map.into_iter()
        .map(|(target, mut at)| {
            at.sort();
            (target, at.join(", "))
        })
        .collect()
}

fn mounted(mount: &Mount) -> String {
    let source = match &mount.source {
        MountSource::Volume(name) => format!("volume {name}"),
        MountSource::Bind(path) => path.to_string(),
    };
    if mount.read_only { format!("{source}, read-only") } else { source }
}
