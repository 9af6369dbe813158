//! Compose itself beside the reader of forgectl: what both take they read alike. It is the `docker-compose` that `FORGE_COMPOSE`
//! names. Without one nothing of this is tested, and that is an error where `FORGE_STRICT` is set.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a real program is looked for and run from outside"
)]

use std::{collections::BTreeMap, env, fs, process::Command, sync::Arc, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    manifest::compose::{self, Beside, Condition, Project, Service},
    value::{MountSource, Restart, Source, Text},
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Every key that is taken, in every form in which it is.
const EVERYTHING: &str = r#"
services:
  web:
    image: nginx:1.29
    command: serve --port 80 "a b" 'it''s $$HOME' c"d e"
    entrypoint: ["/init", "x y"]
    env_file: [one.env, {path: two.env, required: true}, {path: gone.env, required: false}]
    environment: {A: text, B: 5, C: true, F: 1.5, HERE: "wins $$A ${PORT}"}
    ports:
      - "127.0.0.1:${PORT:?}:80"
      - {target: 53, published: "5353", host_ip: 127.0.0.1, protocol: udp}
      - "9000-9001:80-81"
      - "[::1]:1:2/udp"
      - {target: 54, published: 5354}
    volumes: ["data:/data", "./conf/../x:/conf:ro", {type: bind, source: ./y, target: /y, read_only: true}, {type: volume, source: data, target: /z/}]
    networks: {back: {aliases: [api, web2]}, default: }
    healthcheck: {test: "curl -f localhost || exit 1", interval: 1m30s, timeout: 5s, retries: 3, start_period: 10s}
    restart: on-failure:3
    extra_hosts: ["host.docker.internal:host-gateway", "db=10.0.0.1", "v6=[::1]"]
    labels: {tier: front, n: 1, on: true}
    user: "101:101"
    working_dir: /srv
    mem_limit: 512m
    cpus: 1.5
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 65535, memlock: -1}
    shm_size: 64mb
    read_only: true
    tmpfs: [/run, "/tmp:size=64m"]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    stop_grace_period: 1m20s
    init: true
    depends_on: {db: {condition: service_healthy}, c: {condition: service_completed_successfully, required: true, restart: false}}
  db:
    image: localhost:5000/a/b@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
    depends_on: [c]
    healthcheck: {test: [CMD, "true", "a  b"], retries: "3"}
    command: ""
    environment: [A=b=c, "E=", "Q=\"q\""]
    labels: [a=b, "c="]
    restart: "no"
    tmpfs: /run
    extra_hosts: {db: 10.0.0.1}
    ulimits: {nproc: "5"}
    cpus: "0.25"
    mem_limit: 1024
    env_file: one.env
    networks: [back]
  c: {image: "ghcr.io/a/b:${PORT}", healthcheck: {disable: true}, mem_limit: 1.5g, stop_grace_period: 1.5s, restart: unless-stopped, shm_size: 1gib}
  d: {image: d, healthcheck: {test: [CMD-SHELL, "a && b"]}, restart: on-failure, init: false, command: [], volumes: ["/opt/x:/x"]}
volumes: {data: , }
networks: {back: {}}
"#;

const ONE: &str = "# first\nX=1 # remark\nexport Y = b c\nZ='${PORT}'\nW=\"x # ${PORT:?} y\"\nV=a#b\nU=${PORT}1\nE=\nD=$$a\nS=a  b\nHERE=loses\n";
const TWO: &str = "X=2\n\n  T=${PORT}\n";

/// The `docker-compose` of this machine; `None` when there is none, which is said.
fn real_compose() -> Option<Utf8PathBuf> {
    let named = env::var("FORGE_COMPOSE").ok().map(Utf8PathBuf::from);
    if named.is_none() {
        let why = "name a `docker-compose` by FORGE_COMPOSE; `tests/compose.sh FOLDER` fetches one";
        assert!(env::var_os("FORGE_STRICT").is_none(), "Compose itself read no file: {why}");
        eprintln!("NOT TESTED: Compose itself read no file: {why}");
    }
    named
}

struct Lab {
    folder: TempDir,
    compose: Utf8PathBuf,
}

impl Lab {
    fn new() -> Option<Self> {
        Some(Self { compose: real_compose()?, folder: TempDir::new().unwrap() })
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// What Compose says of `app.yaml`, with the values of the example environment.
    fn config(&self, values: &BTreeMap<String, Text>) -> Result<Map<String, Value>, String> {
        let line = |(name, value): (&String, &Text)| format!("{name}='{}'\n", value.plain().unwrap());
        self.write("example.env", &values.iter().map(line).collect::<String>());
        let mut command = Command::new(&self.compose);
        command.args(["--env-file", "example.env", "--file", "app.yaml", "--project-name", "forge-app"]);
        command
            .args(["config", "--format", "json"])
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path());
        let output = command.output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        // A dollar is told as it would be written.
        let told = String::from_utf8(output.stdout).unwrap().replace("$$", "$");
        let warnings = String::from_utf8(output.stderr).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        match serde_json::from_str(&told).unwrap() {
            Value::Object(map) => Ok(map),
            other => panic!("{other}"),
        }
    }

    fn read(&self, values: &BTreeMap<String, Text>) -> Project {
        let text = fs::read_to_string(self.path().join("app.yaml")).unwrap();
        let open = |path: &Utf8Path| {
            let text = fs::read_to_string(self.path().join(path)).ok();
            Ok(text.map(|text| -> Arc<Source> { Source::new(path.as_str(), text) }))
        };
        let beside = Beside { folder: self.path(), typed: "".into(), open: &open };
        compose::read(&Source::new("app.yaml", text), values, &beside)
            .unwrap_or_else(|problems| panic!("{:#?}", problems.0))
    }

    /// Compares what both read of `text`.
    fn both_read_alike(&self, text: &str, values: &BTreeMap<String, Text>) {
        self.write("app.yaml", text);
        let ours = self.read(values);
        let theirs = self.config(values).unwrap_or_else(|error| panic!("{error}"));
        let names = |key: &str| {
            theirs.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone())
        };
        assert_eq!(names("networks").collect::<Vec<_>>(), ours.networks.iter().cloned().collect::<Vec<_>>());
        assert_eq!(names("volumes").collect::<Vec<_>>(), ours.volumes.iter().cloned().collect::<Vec<_>>());
        assert_eq!(names("services").collect::<Vec<_>>(), ours.services.keys().cloned().collect::<Vec<_>>());
        for (name, service) in &ours.services {
            let (ours, theirs) = (told(name, service), normal(name, &theirs["services"][name]));
            for (key, ours) in &ours {
                assert_eq!(theirs.get(key), Some(ours), "{name}: {key}");
            }
            let more: Vec<_> = theirs.keys().filter(|key| !ours.contains_key(*key)).collect();
            assert!(more.is_empty(), "{name}: {more:?}");
        }
    }
}

fn seconds(time: Duration) -> Value {
    json!(time.as_secs_f64())
}

/// A service as forgectl has read it.
fn told(name: &str, service: &Service) -> Map<String, Value> {
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
fn normal(name: &str, theirs: &Value) -> Map<String, Value> {
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
        json!([mount["type"], mount["source"], mount["target"], mount["read_only"] == json!(true)])
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
                if limit.is_object() { json!([limit["soft"], limit["hard"]]) } else { json!([limit, limit]) },
            )
        })
        .collect();
    let hosts: Vec<_> =
        list("extra_hosts").iter().map(|host| host.as_str().unwrap().replacen('=', ":", 1)).collect();
    let image = theirs["image"].as_str().unwrap();
    let known = json!({
        "image": whole(image), "command": theirs["command"], "entrypoint": theirs["entrypoint"],
        "environment": map("environment"), "ports": ports.collect::<Vec<_>>(), "volumes": volumes.collect::<Vec<_>>(),
        "tmpfs": list("tmpfs"), "networks": networks, "depends_on": depends, "healthcheck": health,
        "restart": theirs["restart"].as_str().unwrap_or("no"), "extra_hosts": hosts, "labels": map("labels"),
        "user": theirs["user"], "working_dir": theirs["working_dir"], "mem_limit": size(&theirs["mem_limit"]),
        "cpus": theirs["cpus"].as_f64(), "ulimits": ulimits, "shm_size": size(&theirs["shm_size"]),
        "read_only": theirs["read_only"] == json!(true), "cap_drop": list("cap_drop"), "security_opt": list("security_opt"),
        "stop_grace_period": time(&theirs["stop_grace_period"]), "init": theirs["init"] == json!(true),
    });
    let mut all = known.as_object().unwrap().clone();
    // What it says beyond that has to be told.
    for key in theirs.as_object().unwrap().keys().filter(|key| !known.as_object().unwrap().contains_key(*key))
    {
        all.insert(format!("{name}: {key}"), theirs[key].clone());
    }
    all
}

/// A name of an image as this test expects it to be completed.
fn whole(image: &str) -> String {
    let image = match image {
        short if !short.contains('/') => format!("docker.io/library/{short}"),
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
                    "ms" => 0.001,
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

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, Text> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Text::from(*value))).collect()
}

#[test]
fn every_key_that_is_taken_is_read_as_compose_reads_it() {
    let Some(lab) = Lab::new() else { return };
    lab.write("one.env", ONE);
    lab.write("two.env", TWO);
    lab.both_read_alike(EVERYTHING, &values(&[("PORT", "8080")]));
}

#[test]
fn compose_takes_every_definition_and_reads_it_alike() {
    let Some(lab) = Lab::new() else { return };
    for definition in [compose::open_webui(), compose::langfuse()] {
        // An example of each value that the file asks for, found by asking for all.
        let example = |name: &str| match name {
            "PORT" => "3999".to_owned(),
            "LISTEN" => "127.0.0.1".to_owned(),
            "VERSION" => "1.2.3".to_owned(),
            name if name.ends_with("URL") => "http://localhost:3999".to_owned(),
            name => format!("example-of-{}", name.to_lowercase()),
        };
        let behind = definition.text().split("${").skip(1).filter_map(|rest| rest.split(":?").next());
        let names = behind.filter(|name| {
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        });
        let values: BTreeMap<_, _> = names.map(|name| (name.to_owned(), Text::from(example(name)))).collect();
        lab.both_read_alike(definition.text(), &values);
        // And it takes none without them.
        let (missing, _) = values.iter().next().unwrap();
        let mut fewer = values.clone();
        fewer.remove(missing);
        let error = lab.config(&fewer).unwrap_err();
        assert!(error.contains(missing) && error.contains("required variable"), "{error}");
    }
}

#[test]
fn what_compose_refuses_is_refused_here_too() {
    let Some(lab) = Lab::new() else { return };
    let none = BTreeMap::new();
    for body in [
        "command: \"a ${\"",
        "ports: [\"a:80\"]",
        "ports: [\"1:2:3:4:5\"]",
        "volumes: [\"gone:/x\"]",
        "networks: [gone]",
        "depends_on: [gone]",
        "depends_on: [web]",
        "healthcheck: {test: [curl]}",
        "mem_limit: lots",
        "user: 5",
        "imag: x",
        "stop_grace_period: soon",
        "environment: {A: {b: c}}",
        "depends_on: {web: {condition: ready}}",
        "env_file: gone.env",
        "init: 5",
        "extra_hosts: [\"nothing\"]",
        "ulimits: {nofile: many}",
    ] {
        let text = format!("services:\n  web:\n    image: a\n    {body}\n");
        lab.write("app.yaml", &text);
        let open = |_: &Utf8Path| Ok(None);
        let ours = compose::read(
            &Source::new("app.yaml", text),
            &none,
            &Beside { folder: lab.path(), typed: "".into(), open: &open },
        );
        assert!(lab.config(&none).is_err(), "Compose takes it: {body}");
        assert!(ours.is_err(), "{body}");
    }
}
