//! Engines that come with an application, and those that others keep.

use std::time::Duration;

use camino::Utf8Path;
use forgectl::{
    desk::Nobody,
    engine,
    machine::DockerVariables,
    manifest::Stack,
    sim::{
        Content, Mac, Session, Sim, Spec, USER,
        tool::{apps, docker},
    },
};

use crate::support::{Ears, apply, apply_well, destroy_well, fresh, own_spec, sim, stack, yes};

fn with(engine: &str) -> Stack {
    stack(&format!("forge: 1\nstack: lab\nnode: {{memory: 32GB}}\ncontainers: {{engine: {engine}}}\n"))
}

/// An engine that somebody else keeps at `socket`.
fn put(mac: &mut Mac, socket: &str) {
    let (path, now) = (Utf8Path::new(socket), mac.state.now);
    mac.disk.make_dirs(0, path.parent().unwrap(), 0o755, now).unwrap();
    mac.disk.write(0, path, Content::Bytes(vec![]), 0o666, now).unwrap();
    let machine = docker::Machine { name: "theirs".into(), system: "Linux".into(), memory: 2 << 30, cpus: 2 };
    let mut engine = docker::Engine::new(machine);
    engine.start(now);
    // By its real path, as the socket itself.
    let real = mac.disk.resolve(path).unwrap();
    mac.state.engines.insert(real, engine);
}

fn at(sim: &Sim, stack: &Stack) -> Result<String, String> {
    let plan = engine::survey(sim, stack).unwrap();
    if let Some(problem) = plan.refusals.first() {
        return Err(format!("{problem:?}"));
    }
    apply_well(sim, stack);
    let told = engine::outputs(sim, Some("lab"), "forgectl apply stack.yaml", false).unwrap();
    Ok(format!("{told:?}"))
}

#[test]
fn docker_desktop_comes_with_its_licence_accepted_and_answers() {
    let stack = with("docker-desktop");
    let sim = sim(fresh(&stack));
    let plan = engine::survey(&sim, &stack).unwrap();
    assert!(plan.counts().sudo.contains(&"Docker Desktop".to_owned()), "{:?}", plan.counts());
    apply_well(&sim, &stack);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    assert!(sim.with_mac(|mac| mac.state.dialogs.is_empty()));
    destroy_well(&sim, &stack);
    sim.with_mac(|mac| assert!(mac.state.processes.values().all(|process| process.command() != "Docker")));
}

#[test]
fn where_a_person_has_to_click_it_stops_and_says_so() {
    let stack = with("orbstack");
    let sim = sim(fresh(&stack));
    let ears = Ears::default();
    let summary = engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap();
    let said = ears.told().join("\n");
    assert!(!summary.ok() && said.contains("goes on after a click"), "{said}");
    sim.with_mac(|mac| {
        apps::click(mac, Utf8Path::new("/Applications/OrbStack.app"));
        mac.advance(Duration::from_mins(1));
    });
    apply_well(&sim, &stack);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

#[test]
fn an_application_needs_somebody_at_the_screen() {
    let stack = with("docker-desktop");
    let spec = Spec { session: Session::Ssh, ..own_spec(&stack) };
    let sim = sim(Mac::new(&spec, 0));
    assert!(at(&sim, &stack).unwrap_err().contains("graphical session"));
    assert!(apply(&sim, &stack).is_err());
}

#[test]
fn a_running_engine_is_found_as_the_docker_cli_finds_it() {
    let stack = with("running");
    let new = || sim(fresh(&stack));
    let none = at(&new(), &stack).unwrap_err();
    assert!(none.contains("no container engine answers") && none.contains("engine: colima"), "{none}");

    let named = |variables: DockerVariables| {
        let sim = new();
        sim.with_mac(|mac| {
            put(mac, "/var/run/docker.sock");
            put(mac, "/Users/lab/own.sock");
            put(mac, "/Users/lab/.orbstack/run/docker.sock");
            let (home, now) = (mac.home(), mac.state.now);
            let folder = home.join(".docker/contexts/meta").join(
                "2d89b732b01a00a2d1675ed3cee9fd0f965daadf90603c989dd3afd4569c6896",
            );
            mac.disk.make_dirs(USER, &folder, 0o755, now).unwrap();
            let told = br#"{"Name":"orbstack","Endpoints":{"docker":{"Host":"unix:///Users/lab/.orbstack/run/docker.sock"}}}"#;
            mac.disk.write(USER, &folder.join("meta.json"), Content::Bytes(told.to_vec()), 0o644, now).unwrap();
            mac.state.docker = variables;
        });
        at(&sim, &stack)
    };
    let host = |host: &str| DockerVariables { host: Some(host.into()), ..DockerVariables::default() };
    let context = |name: &str| DockerVariables { context: Some(name.into()), ..DockerVariables::default() };
    assert!(named(DockerVariables::default()).unwrap().contains("unix:///var/run/docker.sock"));
    assert!(named(host("unix:///Users/lab/own.sock")).unwrap().contains("unix:///Users/lab/own.sock"));
    assert!(named(context("orbstack")).unwrap().contains("unix:///Users/lab/.orbstack/run/docker.sock"));
    let both = DockerVariables { context: Some("orbstack".into()), ..host("unix:///Users/lab/own.sock") };
    assert!(named(both).unwrap().contains("own.sock"), "DOCKER_HOST wins");
    for (elsewhere, told) in
        [("tcp://10.0.0.2:2375", "tcp://10.0.0.2:2375"), ("ssh://lab@server", "ssh://[hidden]@server")]
    {
        let said = named(host(elsewhere)).unwrap_err();
        assert!(said.contains(told) && said.contains("not on a socket of this Mac"), "{said}");
    }
    assert!(named(context("gone")).unwrap_err().contains("docker has no context `gone`"));
    assert!(named(host("unix:///nowhere.sock")).unwrap_err().contains("nothing is there"));
}

#[test]
fn a_stack_stays_on_the_engine_that_it_stands_on() {
    let stack = with("running");
    let sim = sim(fresh(&stack));
    sim.with_mac(|mac| put(mac, "/Users/lab/.orbstack/run/docker.sock"));
    apply_well(&sim, &stack);
    sim.with_mac(|mac| {
        put(mac, "/var/run/docker.sock");
        mac.state.docker.host = Some("unix:///var/run/docker.sock".into());
    });
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.state.engines.get_mut(Utf8Path::new("/Users/lab/.orbstack/run/docker.sock")).unwrap().stop(now);
    });
    let said = at(&sim, &stack).unwrap_err();
    assert!(said.contains("that this stack stands on does not answer"), "{said}");
}

#[test]
fn a_running_engine_that_is_too_small_for_the_services_is_refused() {
    let stack = stack(
        "forge: 1\nstack: lab\nnode: {memory: 32GB}\ncontainers: {engine: running}\nservices: {langfuse: {}}\n",
    );
    let sim = sim(fresh(&stack));
    sim.with_mac(|mac| put(mac, "/var/run/docker.sock"));
    let said = at(&sim, &stack).unwrap_err();
    assert!(said.contains("too small: 2GB") && said.contains("colima start --memory 4"), "{said}");
}
