use super::*;
use crate::{
    machine::engine::Stage,
    sim::{differences, testing::exec},
};

/// A Mac with an engine and the docker command, whose current context is the engine's.
fn desk() -> Sim {
    let sim = lab();
    sim.with_mac(|mac| {
        cli::with_docker(mac).unwrap();
        mac.state.docker.host = Some(format!("unix://{SOCKET}"));
    });
    sim
}

fn docker(sim: &Sim, line: &str) -> String {
    let ran = exec(sim, &format!("docker {line}"));
    assert_eq!(ran.code, 0, "docker {line}: {ran:?}");
    ran.stdout
}

#[test]
fn people_look_after_containers() {
    let sim = desk();
    let id = docker(&sim, "run -d --name web --restart always -p 127.0.0.1:3000:80 busybox:1.36 httpd -f");
    assert_eq!(id.trim().len(), 64);
    wait(&sim, 5.0);
    let shown = docker(&sim, "ps");
    assert!(shown.starts_with("CONTAINER ID   IMAGE          COMMAND      CREATED"), "{shown}");
    assert!(shown.contains("127.0.0.1:3000->80/tcp") && shown.trim_end().ends_with("web"), "{shown}");
    assert!(sim.get("http://127.0.0.1:3000/").unwrap().is_ok());
    docker(&sim, "stop -t 1 web");
    assert!(!docker(&sim, "ps").contains("web"));
    assert!(docker(&sim, "ps -a").contains("Exited (137) "));
    docker(&sim, "rename web www");
    docker(&sim, "start www");
    docker(&sim, "update --restart=no -m 64m www");
    let found = view(&sim, "www");
    assert_eq!((found.stage, found.spec.restart), (Stage::Running, Restart::No));
    assert_eq!(found.spec.mem_limit, Some(64 << 20));
    let refused = exec(&sim, "docker rm www");
    assert!(refused.code == 1 && refused.stderr.contains("container is running"), "{refused:?}");
    docker(&sim, "rm -f www");
    assert_eq!(docker(&sim, "ps -aq"), "");
}

#[test]
fn volumes_networks_and_images_come_and_go() {
    let sim = desk();
    docker(&sim, "volume create data");
    docker(&sim, "network create net");
    assert_eq!(docker(&sim, "volume ls -q"), "data\n");
    docker(&sim, "run -d --name web --network net -v data:/data busybox:1.36 sleep 1000");
    for line in ["volume rm data", "network rm net", "rmi busybox:1.36", "network create net"] {
        let refused = exec(&sim, &format!("docker {line}"));
        assert!(refused.code == 1 && refused.stderr.starts_with("Error response from daemon: "), "{line}");
    }
    docker(&sim, "rm -f web");
    docker(&sim, "volume rm data");
    docker(&sim, "network rm net");
    assert!(docker(&sim, "images").contains("busybox      1.36"));
    docker(&sim, "rmi busybox:1.36");
    docker(&sim, "pull busybox:1.37");
    assert!(docker(&sim, "images").contains("busybox      1.37"));
}

#[test]
fn the_command_finds_its_engine_by_host_context_and_configuration() {
    let sim = desk();
    sim.with_mac(|mac| mac.state.docker.host = None);
    let lost = exec(&sim, "docker ps");
    assert!(lost.code == 1 && lost.stderr.starts_with("Cannot connect to the Docker daemon"), "{lost:?}");
    let unknown = exec(&sim, "docker --context nope ps");
    assert!(unknown.code == 1 && unknown.stderr.contains("context not found"), "{unknown:?}");
    docker(&sim, &format!("-H unix://{SOCKET} ps"));
    let dir =
        "/Users/lab/.docker/contexts/meta/f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16";
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dirs(USER, dir.into(), 0o755, now).unwrap();
        let told =
            format!("{{\"Name\":\"colima\",\"Endpoints\":{{\"docker\":{{\"Host\":\"unix://{SOCKET}\"}}}}}}");
        let meta = format!("{dir}/meta.json");
        mac.disk.write(USER, meta.as_str().into(), Content::Bytes(told.into()), 0o644, now).unwrap();
    });
    docker(&sim, "--context colima ps");
    let config = Content::Bytes(b"{\"currentContext\":\"colima\"}".to_vec());
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.write(USER, "/Users/lab/.docker/config.json".into(), config, 0o644, now).unwrap();
    });
    docker(&sim, "ps");
    assert!(docker(&sim, "context ls").contains("colima *"));
}

#[test]
fn what_an_engine_keeps_is_compared() {
    let sim = desk();
    let before = sim.with_mac(|mac| mac.copy().unwrap());
    let differing = || -> Vec<String> {
        sim.with_mac(|mac| differences(&before, mac, false)).into_iter().map(|it| it.what).collect()
    };
    docker(&sim, "volume create data");
    docker(&sim, "network create net");
    docker(&sim, "run -d --name web -e TOKEN=s3cret -v data:/d busybox:1.36 sleep 1000");
    docker(&sim, "tag busybox:1.36 own:1");
    let at = format!("at {SOCKET}");
    let kinds = ["container web", "image own:1", "network net", "volume data"];
    assert_eq!(differing(), kinds.map(|kind| format!("{kind} {at}")));
    let told = sim.with_mac(|mac| describe(&mac.state.engines));
    assert!(told.values().all(|what| !what.contains("s3cret")));
    for line in ["rm -f web", "rmi own:1", "network rm net", "volume rm data"] {
        docker(&sim, line);
    }
    assert_eq!(differing(), [] as [&str; 0]);
}
