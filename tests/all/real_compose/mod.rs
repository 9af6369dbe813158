//! Compose itself beside the reader of forgectl: what both take they read alike. It is the `docker-compose` that `FORGE_COMPOSE`
//! names. Without one nothing of this is tested, and that is an error where `FORGE_STRICT` is set.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a real program is looked for and run from outside"
)]

mod any;
mod told;

use std::{collections::BTreeMap, env, fs, process::Command, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    manifest::compose::{self, Beside, Project},
    value::{Source, Text},
};
use serde_json::{Map, Value};
use tempfile::TempDir;

use told::{normal, told};

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
    mem_limit: 8388608
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
        let ours = self.read(values).at_home(self.path());
        let theirs = self.config(values).unwrap_or_else(|error| panic!("{error}"));
        let names = |key: &str| {
            theirs.get(key).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone())
        };
        assert_eq!(names("networks").collect::<Vec<_>>(), ours.networks.iter().cloned().collect::<Vec<_>>());
        assert_eq!(names("volumes").collect::<Vec<_>>(), ours.volumes.iter().cloned().collect::<Vec<_>>());
        assert_eq!(names("services").collect::<Vec<_>>(), ours.services.keys().cloned().collect::<Vec<_>>());
        let mut apart = vec![];
        for (name, service) in &ours.services {
            let (ours, theirs) = (told(name, service), normal(name, &theirs["services"][name]));
            for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
                let (ours, theirs) = (ours.get(key), theirs.get(key));
                if ours != theirs {
                    apart.push(format!("{name} {key}: forgectl {ours:?}, Compose {theirs:?}"));
                }
            }
        }
        assert!(apart.is_empty(), "{}", apart.join("\n"));
    }
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
