//! A service in one form, whoever has read it.

use std::{collections::BTreeMap, time::Duration};

use forgectl::{
    manifest::compose::{Condition, Service},
    value::{MountSource, Restart},
};
use serde_json::{Map, Value, json};

fn seconds(time: Duration) -> Value {
    json!(time.as_secs_f64())
}

/// A service as forgectl has read it.
pub(super) fn told(name: &str, service: &Service) -> Map<String, Value> {
    let spec = &service.spec;
    let environment: BTreeMap<_, _> =
        spec.environment.iter().map(|(name, text)| (name, text.plain().unwrap())).collect();
    let ports =
        spec.ports.iter().map(|port| json!([port.address, port.published, port.target, port.protocol]));
    let mounts = spec.mounts.iter().map(|mount| match &mount.source {
        MountSource::Volume(volume) => json!(["volume", volume, mount.target, mount.read_only]),
        MountSource::Bind(path) => json!(["bind", path, mount.target, mount.read_only]),
    });
    let tmpfs = spec
        .tmpfs
        .iter()
        .map(|(path, options)| if options.is_empty() { path.clone() } else { format!("{path}:{options}") });
    let networks: BTreeMap<_, _> = spec
        .networks
        .iter()
        .map(|(network, names)| {
            assert_eq!(names[0], name, "a service is known by its own name first");
            (network, names[1..].to_vec())
        })
        .collect();
    let depends: BTreeMap<_, _> = service
        .depends_on
        .iter()
        .map(|(name, condition)| {
            (
                name,
                match condition {
                    Condition::Started => "service_started",
                    Condition::Healthy => "service_healthy",
                    Condition::CompletedSuccessfully => "service_completed_successfully",
                },
            )
        })
        .collect();
    let health = spec.healthcheck.as_ref().map(|check| {
        json!([
            check.test,
            check.interval.map(seconds),
            check.timeout.map(seconds),
            check.retries,
            check.start_period.map(seconds)
        ])
    });
    let restart = match spec.restart {
        Restart::No => "no".to_owned(),
        Restart::Always => "always".to_owned(),
        Restart::UnlessStopped => "unless-stopped".to_owned(),
        Restart::OnFailure(None) => "on-failure".to_owned(),
        Restart::OnFailure(Some(times)) => format!("on-failure:{times}"),
    };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let cpus = spec.nano_cpus.map(|cpus| cpus as f64 / 1e9);
    let all = json!({
        "image": spec.image, "command": spec.command, "entrypoint": spec.entrypoint, "environment": environment,
        "ports": ports.collect::<Vec<_>>(), "volumes": mounts.collect::<Vec<_>>(), "tmpfs": tmpfs.collect::<Vec<_>>(),
        "networks": networks, "depends_on": depends, "healthcheck": health, "restart": restart,
        "extra_hosts": spec.extra_hosts, "labels": spec.labels, "user": spec.user, "working_dir": spec.working_dir,
        "mem_limit": spec.mem_limit, "cpus": cpus, "ulimits": spec.ulimits, "shm_size": spec.shm_size,
        "read_only": spec.read_only, "cap_drop": spec.cap_drop, "security_opt": spec.security_opt,
        "stop_grace_period": spec.stop_grace_period.map(seconds), "init": spec.init,
    });
    all.as_object().unwrap().clone()
}

/// The same as Compose tells it; what it leaves out is what forgectl has for it.
pub(super) fn normal(name: &str, theirs: &Value) -> Map<String, Value> {
    let time = |value: &Value| {
        if value.is_null() { Value::Null } else { seconds(duration(value.as_str().unwrap())) }
    };
    let size = |value: &Value| value.as_str().map(|size| size.parse::<u64>().unwrap());
    let list = |key: &str| theirs[key].as_array().cloned().unwrap_or_default();
    let map = |key: &str| theirs[key].as_object().cloned().unwrap_or_default();
    let ports = list("ports").into_iter().map(|port| {
        let published: u16 = port["published"].as_str().unwrap().parse().unwrap();
        let address = if port["host_ip"].is_null() { json!("0.0.0.0") } else { port["host_ip"].clone() };
        json!([address, published, port["target"], port["protocol"]])
    });
    let volumes = list("volumes").into_iter().map(|mount| {
        json!([
            mount["type"],
            straight(mount["source"].as_str().unwrap()),
            mount["target"],
            mount["read_only"] == json!(true)
        ])
    });
    let networks: BTreeMap<_, _> = map("networks")
        .into_iter()
        .map(|(network, said)| {
            let aliases = said["aliases"].as_array().cloned().unwrap_or_default();
            (network, aliases)
        })
        .collect();
    let depends: BTreeMap<_, _> =
        map("depends_on").into_iter().map(|(name, said)| (name, said["condition"].clone())).collect();
    let check = &theirs["healthcheck"];
    let health = match (check.is_null(), check["disable"] == json!(true)) {
        (true, _) => Value::Null,
        (_, true) => json!([["NONE"], null, null, null, null]),
        _ => json!([
            check["test"],
            time(&check["interval"]),
            time(&check["timeout"]),
            check["retries"],
            time(&check["start_period"])
        ]),
    };
    let ulimits: BTreeMap<_, _> = map("ulimits")
        .into_iter()
        .map(|(name, limit)| {
            (
                name,
                if limit.is_object() {
                    json!([limit["soft"].as_i64().unwrap_or(0), limit["hard"].as_i64().unwrap_or(0)])
                } else {
                    json!([limit, limit])
                },
            )
        })
        .collect();
    // An engine cleans these paths, and their order says nothing.
    let mut tmpfs: Vec<_> = list("tmpfs").iter().map(|path| clean(path.as_str().unwrap())).collect();
    tmpfs.sort();
    let hosts: Vec<_> =
        list("extra_hosts").iter().map(|host| host.as_str().unwrap().replacen('=', ":", 1)).collect();
    let image = theirs["image"].as_str().unwrap();
    // An engine takes whole seconds, and no less than was asked for.
    let grace = time(&theirs["stop_grace_period"]).as_f64().map(f64::ceil);
    let known = json!({
        "image": whole(image), "command": theirs["command"], "entrypoint": theirs["entrypoint"],
        "environment": map("environment"), "ports": ports.collect::<Vec<_>>(), "volumes": volumes.collect::<Vec<_>>(),
        "tmpfs": tmpfs, "networks": networks, "depends_on": depends, "healthcheck": health,
        "restart": theirs["restart"].as_str().unwrap_or("no"), "extra_hosts": hosts, "labels": map("labels"),
        "user": theirs["user"], "working_dir": theirs["working_dir"].as_str().map(straight), "mem_limit": size(&theirs["mem_limit"]),
        "cpus": theirs["cpus"].as_f64(), "ulimits": ulimits, "shm_size": size(&theirs["shm_size"]),
        "read_only": theirs["read_only"] == json!(true), "cap_drop": list("cap_drop"), "security_opt": list("security_opt"),
        "stop_grace_period": grace, "init": theirs["init"] == json!(true),
    });
    let mut all = known.as_object().unwrap().clone();
    // What it says beyond that has to be told.
    for key in theirs.as_object().unwrap().keys().filter(|key| !known.as_object().unwrap().contains_key(*key))
    {
        all.insert(format!("{name}: {key}"), theirs[key].clone());
    }
    all
}

/// A path of the host's as an engine takes it: Compose leaves absolute ones as they are written.
fn straight(path: &str) -> String {
    let mut parts = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if path.starts_with('/') { format!("/{}", parts.join("/")) } else { path.to_owned() }
}

/// A path without doubled slashes, and with the options behind it.
fn clean(text: &str) -> String {
    let (path, options) = text.split_once(':').unwrap_or((text, ""));
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = format!("/{}", parts.join("/"));
    if options.is_empty() { path } else { format!("{path}:{options}") }
}

/// A name of an image as this test expects it to be completed.
fn whole(image: &str) -> String {
    let image = match image {
        short if !short.contains('/') => format!("docker.io/library/{short}"),
        short if !short.split('/').next().unwrap().contains(['.', ':']) => format!("docker.io/{short}"),
        whole => whole.to_owned(),
    };
    if image.contains('@') || image.rsplit('/').next().unwrap().contains(':') {
        image
    } else {
        format!("{image}:latest")
    }
}

/// A duration in Go's own spelling.
fn duration(text: &str) -> Duration {
    let mut sum = 0.0;
    let mut number = String::new();
    let mut unit = String::new();
    for c in text.chars().chain(['0']) {
        if c.is_ascii_digit() || c == '.' {
            if !unit.is_empty() {
                let size = match unit.as_str() {
                    "h" => 3600.0,
                    "m" => 60.0,
                    "s" => 1.0,
                    "ms" => 1e-3,
                    "µs" => 1e-6,
                    "ns" => 1e-9,
                    other => panic!("{other}"),
                };
                sum += number.parse::<f64>().unwrap() * size;
                number.clear();
                unit.clear();
            }
            number.push(c);
        } else {
            unit.push(c);
        }
    }
    Duration::from_secs_f64(sum)
}
