use super::*;
use crate::{
    machine::engine::HealthStatus,
    value::{Mount, MountSource, Protocol, PublishedPort},
};

fn service(image: &str, alias: &str, variables: &[(&str, &str)], test: &[&str]) -> ContainerSpec {
    ContainerSpec {
        image: image.to_owned(),
        environment: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
        networks: [("net".to_owned(), vec![alias.to_owned()])].into(),
        healthcheck: Some(Healthcheck {
            test: test.iter().map(|word| (*word).to_owned()).collect(),
            interval: Some(Duration::from_secs(3)),
            retries: Some(10),
            start_period: Some(Duration::from_mins(1)),
            ..Healthcheck::default()
        }),
        restart: Restart::UnlessStopped,
        ..ContainerSpec::default()
    }
}

fn postgres(password: &str) -> ContainerSpec {
    let test =
        ["CMD", "psql", "--host=127.0.0.1", "--username=forge", "--dbname=forge", "--command=SELECT 1"];
    let variables = [
        ("POSTGRES_USER", "forge"),
        ("POSTGRES_DB", "forge"),
        ("POSTGRES_PASSWORD", password),
        ("PGPASSWORD", password),
        ("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256"),
    ];
    let data = Mount {
        source: MountSource::Volume("data".to_owned()),
        target: "/var/lib/postgresql/data".to_owned(),
        read_only: false,
    };
    let image = "docker.io/library/postgres:17.10";
    ContainerSpec { mounts: vec![data], ..service(image, "postgres", &variables, &test) }
}

fn health(sim: &Sim, name: &str) -> HealthStatus {
    view(sim, name).health.unwrap().status
}

/// A database keeps the password that it was made with, whatever its container is told later.
#[test]
fn a_database_is_healthy_with_its_own_password_and_with_no_other() {
    let sim = lab();
    change(&sim, EngineChange::CreateNetwork { name: "net".to_owned(), labels: [].into() }).unwrap();
    pull(&sim, "docker.io/library/postgres:17.10").unwrap();
    run(&sim, "db", postgres("first"));
    assert_eq!(health(&sim, "db"), HealthStatus::Starting);
    wait(&sim, 30.0);
    assert_eq!(health(&sim, "db"), HealthStatus::Healthy);
    change(&sim, EngineChange::Remove { name: "db".to_owned(), volumes: true }).unwrap();
    run(&sim, "db", postgres("second"));
    wait(&sim, 200.0);
    assert_eq!(health(&sim, "db"), HealthStatus::Unhealthy);
    change(&sim, EngineChange::Remove { name: "db".to_owned(), volumes: true }).unwrap();
    change(&sim, EngineChange::RemoveVolume("data".to_owned())).unwrap();
    run(&sim, "db", postgres("second"));
    wait(&sim, 30.0);
    assert_eq!(health(&sim, "db"), HealthStatus::Healthy);
}

#[test]
fn open_webui_answers_on_the_mac_once_it_is_ready() {
    let sim = lab();
    let image = "ghcr.io/open-webui/open-webui:v0.12.4";
    pull(&sim, image).unwrap();
    change(&sim, EngineChange::CreateNetwork { name: "net".to_owned(), labels: [].into() }).unwrap();
    let test = ["CMD", "curl", "--silent", "--fail", "http://127.0.0.1:8080/ready"];
    let port = PublishedPort {
        address: "127.0.0.1".parse().unwrap(),
        published: 3000,
        target: 8080,
        protocol: Protocol::Tcp,
    };
    let web = service(image, "open-webui", &[("WEBUI_SECRET_KEY", "k"), ("OFFLINE_MODE", "true")], &test);
    run(&sim, "web", ContainerSpec { ports: vec![port], ..web });
    wait(&sim, 3.0);
    let health = || sim.get("http://127.0.0.1:3000/health").unwrap().map(|reply| reply.status);
    assert!(health().is_err(), "nothing listens in the container yet");
    wait(&sim, 60.0);
    assert_eq!(health(), Ok(200));
    assert_eq!(self::health(&sim, "web"), HealthStatus::Healthy);
    change(&sim, EngineChange::Stop("web".to_owned())).unwrap();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::ContainerSlow, 1));
    start(&sim, "web").unwrap();
    wait(&sim, 290.0);
    assert!(health().is_err());
    wait(&sim, 60.0);
    assert_eq!(health(), Ok(200));
    sim.with_mac(|mac| mac.state.faults.arm_always(Fault::HealthNever));
    wait(&sim, 60.0);
    assert_eq!(self::health(&sim, "web"), HealthStatus::Unhealthy);
}

/// Without its databases Langfuse ends at its start, again and again.
#[test]
fn langfuse_alone_comes_down_and_is_started_anew() {
    let sim = lab();
    let image = "docker.io/langfuse/langfuse:4.59.0";
    pull(&sim, image).unwrap();
    change(&sim, EngineChange::CreateNetwork { name: "net".to_owned(), labels: [].into() }).unwrap();
    run(
        &sim,
        "web",
        service(image, "web", &[("DATABASE_URL", "postgresql://a:b@postgres:5432/a")], &["NONE"]),
    );
    wait(&sim, 120.0);
    let found = view(&sim, "web");
    assert!(found.restarts > 1 && found.health.is_none(), "{found:?}");
    assert!(!sim.container_log(socket(), "web", 100, None).unwrap().unwrap().is_empty());
}
