//! What the tests of the promises share: the spine's stack, simulated Macs, and runs on them.

use std::sync::{Arc, Mutex};

use forgectl::{
    desk::Nobody,
    engine::{
        self, How,
        event::{Event, Sink, Summary},
    },
    machine::Machine,
    manifest::{self, Stack, compose::Beside},
    sim::{Mac, Options, Sim, Spec, tool::docker},
    value::Source,
};

pub(crate) const SPINE: &str = include_str!("../../stacks/spine.yaml");

/// The stack that `text` says.
pub(crate) fn stack(text: &str) -> Stack {
    manifest::read(&Source::new("stack.yaml", text)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// An engine of somebody's own, which runs already.
pub(crate) const SOCKET: &str = "/Users/lab/.orbstack/run/docker.sock";

/// Puts an engine there that answers, and the docker command.
pub(crate) fn engine_runs(mac: &mut Mac) {
    let machine = docker::Machine {
        name: "orbstack".to_owned(),
        system: "OrbStack".to_owned(),
        memory: 8 << 30,
        cpus: 8,
    };
    docker::with_engine(mac, SOCKET.into(), machine).unwrap();
    docker::cli::with_docker(mac).unwrap();
    mac.state.docker.host = Some(format!("unix://{SOCKET}"));
}

/// A service of somebody's own: a web server that waits for a store, which keeps its data in a volume.
pub(crate) const APP: &str = r#"services:
  store:
    image: busybox:1.36
    init: true
    command: [sh, -c, "echo kept > /data/up; httpd -f -p 5432 -h /data"]
    environment: {PASSWORD: "${STORE_PASSWORD:?}"}
    volumes: [data:/data]
    healthcheck: {test: [CMD, wget, -q, -O-, "http://127.0.0.1:5432/up"], interval: 2s, retries: 3}
    restart: unless-stopped
  web:
    image: busybox:1.37
    init: true
    command: [sh, -c, "echo hello > /www/index.html; httpd -f -p 8080 -h /www"]
    ports: ["127.0.0.1:${PORT:?}:8080"]
    depends_on: {store: {condition: service_healthy}}
    healthcheck: {test: [CMD, wget, -q, -O-, "http://127.0.0.1:8080/"], interval: 2s, retries: 3}
    restart: always
volumes: {data: {}}
"#;

/// A stack with that service alone, on an engine of this kind.
pub(crate) fn app(engine: &str) -> Stack {
    app_as(engine, APP)
}

/// The same with another Compose file.
pub(crate) fn app_as(engine: &str, compose: &str) -> Stack {
    app_with(engine, compose, "STORE_PASSWORD")
}

/// The same with other secrets.
pub(crate) fn app_with(engine: &str, compose: &str, secrets: &str) -> Stack {
    let open = |path: &camino::Utf8Path| Ok((path == "app.yaml").then(|| Source::new("app.yaml", compose)));
    let beside = Beside { folder: "/Users/lab".into(), typed: "".into(), open: &open };
    let text = format!(
        "forge: 1\nstack: app\nnode: {{memory: 32GB, chip: M4 Pro}}\ncontainers: {{engine: {engine}}}\nservices:\n  app: {{compose: app.yaml, values: {{PORT: 3005}}, secrets: [{secrets}]}}\n"
    );
    stack(&text).with_services(&beside).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn spine() -> Stack {
    stack(SPINE)
}

/// The spine with `from` written as `to`.
pub(crate) fn spine_with(from: &str, to: &str) -> Stack {
    assert!(SPINE.contains(from), "the spine does not say {from}");
    stack(&SPINE.replace(from, to))
}

pub(crate) fn own_spec(stack: &Stack) -> Spec {
    engine::own_node(stack).unwrap()
}

/// A fresh simulated Mac of the stack's own node.
pub(crate) fn fresh(stack: &Stack) -> Mac {
    Mac::new(&own_spec(stack), 0)
}

pub(crate) fn sim(mac: Mac) -> Sim {
    Sim::new(mac, Options::default())
}

/// The same Mac once more.
pub(crate) fn copy(mac: &Mac) -> Mac {
    Mac::from_json(&mac.to_json().unwrap()).unwrap()
}

pub(crate) fn yes() -> How {
    How { yes: true, command: "forgectl apply stack.yaml".into(), ..How::default() }
}

pub(crate) fn apply(machine: &dyn Machine, stack: &Stack) -> anyhow::Result<Summary> {
    engine::apply(machine, stack, &yes(), &Nobody, &Ears::default())
}

pub(crate) fn destroy(machine: &dyn Machine, stack: &Stack) -> anyhow::Result<Summary> {
    engine::destroy(machine, stack, &yes(), true, &Nobody, &Ears::default())
}

/// Applies, and insists that all went well.
pub(crate) fn apply_well(machine: &dyn Machine, stack: &Stack) -> Summary {
    let ears = Ears::default();
    let summary =
        engine::apply(machine, stack, &yes(), &Nobody, &ears).unwrap_or_else(|error| panic!("{error:#}"));
    assert!(summary.ok(), "{summary:?}\n{}", ears.told().join("\n"));
    summary
}

/// Destroys with all data, and insists that all went well.
pub(crate) fn destroy_well(machine: &dyn Machine, stack: &Stack) -> Summary {
    let ears = Ears::default();
    let summary = engine::destroy(machine, stack, &yes(), true, &Nobody, &ears)
        .unwrap_or_else(|error| panic!("{error:#}"));
    assert!(summary.ok(), "{summary:?}\n{}", ears.told().join("\n"));
    summary
}

/// How many effects `work` makes.
pub(crate) fn effects(sim: &Sim, work: impl FnOnce()) -> u64 {
    sim.with_mac(|mac| mac.state.meter.effects = 0);
    work();
    sim.with_mac(|mac| mac.state.meter.effects)
}

/// Hears the events of a run, and tells them as JSON.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<String>>>);

impl Ears {
    pub(crate) fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Sink for Ears {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(serde_json::to_string(event).unwrap());
    }
}
