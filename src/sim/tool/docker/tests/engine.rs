use super::*;
use crate::machine::engine::Stage;

#[test]
fn nobody_answers_where_there_is_no_engine_or_where_it_does_not_run() {
    let sim = bare();
    let why = |socket: &str| sim.engine_version(socket.into()).unwrap().unwrap_err().to_string();
    assert_eq!(
        why("/var/run/docker.sock"),
        "dial unix /var/run/docker.sock: connect: no such file or directory"
    );
    let now = sim.now();
    with(&sim, |engine| engine.stop(now));
    assert_eq!(why(SOCKET), format!("dial unix {SOCKET}: connect: connection refused"));
}

#[test]
fn policies_say_who_comes_back_with_the_engine() {
    let sim = lab();
    let policies = [
        ("no", Restart::No),
        ("always", Restart::Always),
        ("unless", Restart::UnlessStopped),
        ("failed", Restart::OnFailure(None)),
    ];
    for (name, restart) in policies {
        run(&sim, name, ContainerSpec { restart, ..spec("sleep 100000") });
        run(&sim, &format!("{name}-stopped"), ContainerSpec { restart, ..spec("sleep 100000") });
        change(&sim, EngineChange::Stop(format!("{name}-stopped"))).unwrap();
    }
    create(&sim, "never", ContainerSpec { restart: Restart::Always, ..spec("sleep 1000") }).unwrap();
    let restart = || {
        let now = sim.now();
        with(&sim, |engine| engine.stop(now));
        wait(&sim, 5.0);
        let now = sim.now();
        with(&sim, |engine| engine.start(now));
        wait(&sim, 5.0);
    };
    restart();
    let all = sim.containers(socket()).unwrap().unwrap();
    let mut up: Vec<&str> =
        all.iter().filter(|it| it.stage == Stage::Running).map(|it| it.name.as_str()).collect();
    up.sort_unstable();
    assert_eq!(up, ["always", "always-stopped", "failed", "failed-stopped", "unless"]);
}

#[test]
fn an_engine_that_breaks_down_takes_its_containers_with_it_and_comes_back() {
    let sim = lab();
    run(&sim, "web", ContainerSpec { restart: Restart::Always, ..spec("sleep 1000") });
    sim.with_mac(|mac| {
        let next = mac.state.meter.engine_calls + 1;
        mac.state.faults.engine_deaths.push(next);
    });
    let gone = sim.containers(socket()).unwrap().unwrap_err();
    assert!(matches!(gone, EngineFault::Unreachable(_)), "{gone}");
    assert!(sim.engine_version(socket()).unwrap().is_err());
    wait(&sim, 5.0);
    assert_eq!(view(&sim, "web").stage, Stage::Running);
}

#[test]
fn a_container_can_be_there_though_the_engine_said_no() {
    let sim = lab();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::CreateAnswers500, 1));
    assert_eq!(message(create(&sim, "web", spec("sleep 1"))).0, 500);
    assert_eq!(view(&sim, "web").stage, Stage::Created);
    sim.with_mac(|mac| mac.state.faults.arm(Fault::EngineDiskFull, 1));
    let (status, why) = message(create(&sim, "other", spec("sleep 1")));
    assert!(status == 500 && why.ends_with("no space left on device"), "{why}");
    assert!(sim.container(socket(), "other").unwrap().unwrap().is_none());
}

#[test]
fn networks_go_when_nobody_is_at_work_in_them() {
    let sim = lab();
    let network = EngineChange::CreateNetwork { name: "net".to_owned(), labels: [].into() };
    change(&sim, network.clone()).unwrap();
    change(&sim, network).unwrap();
    let inside =
        ContainerSpec { networks: [("net".to_owned(), vec!["db".to_owned()])].into(), ..spec("sleep 99") };
    run(&sim, "web", inside);
    let (status, why) = message(change(&sim, EngineChange::RemoveNetwork("net".to_owned())));
    assert!(status == 403 && why.contains("has active endpoints"), "{why}");
    change(&sim, EngineChange::Stop("web".to_owned())).unwrap();
    change(&sim, EngineChange::RemoveNetwork("net".to_owned())).unwrap();
    assert_eq!(message(start(&sim, "web")), (404, "network net not found".to_owned()));
    assert_eq!(message(change(&sim, EngineChange::RemoveNetwork("bridge".to_owned()))).0, 403);
}
