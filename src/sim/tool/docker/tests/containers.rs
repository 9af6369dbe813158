use super::*;
use crate::{
    machine::engine::{HealthStatus, Stage},
    sim::{Content, USER},
    value::{Mount, MountSource, Piece, Text},
};

#[test]
fn a_name_is_taken_once_and_an_image_has_to_be_there() {
    let sim = lab();
    create(&sim, "web", spec("sleep 1000")).unwrap();
    let id = view(&sim, "web").id;
    let conflict = format!(
        "Conflict. The container name \"/web\" is already in use by container \"{id}\". You have to remove (or rename) \
         that container to be able to reuse that name."
    );
    assert_eq!(message(create(&sim, "web", spec("sleep 1000"))), (409, conflict));
    let other = ContainerSpec { image: "docker.io/library/busybox:9".to_owned(), ..spec("true") };
    assert_eq!(message(create(&sim, "x1", other)), (404, "No such image: busybox:9".to_owned()));
    assert_eq!(message(start(&sim, "nope")), (404, "No such container: nope".to_owned()));
    change(&sim, EngineChange::Remove { name: "nope".to_owned(), volumes: true }).unwrap();
    assert_eq!(view(&sim, "web").stage, Stage::Created);
}

#[test]
fn what_the_image_gives_and_secrets_are_in_what_a_container_is_made_as() {
    let sim = bare();
    let mut image = sim.with_mac(|mac| mac.state.internet.images.published(BUSYBOX)).unwrap();
    image.config.environment = [("PATH", "/bin"), ("MODE", "own")].map(|(a, b)| (a.into(), b.into())).into();
    image.config.user = Some("65534".to_owned());
    image.config.volumes = vec!["/data".to_owned()];
    sim.with_mac(|mac| {
        mac.state.internet.images.publish(&image);
        let path = "/Users/lab/.local/state/forgectl/secrets/salt";
        let now = mac.state.now;
        for folder in ["", "/state", "/state/forgectl", "/state/forgectl/secrets"] {
            let folder = format!("/Users/lab/.local{folder}");
            mac.disk.make_dir(USER, folder.as_str().into(), 0o700, now).unwrap();
        }
        mac.disk.write(USER, path.into(), Content::Bytes(b"s3cret".to_vec()), 0o600, now).unwrap();
    });
    pull(&sim, BUSYBOX).unwrap();
    let mut wanted = spec("printenv SALT; sleep 1000");
    let salt = Text::new([Piece::Plain("a-".to_owned()), Piece::Secret("salt".parse().unwrap())]);
    wanted.environment = [("SALT".to_owned(), salt), ("MODE".to_owned(), "other".into())].into();
    run(&sim, "web", wanted.clone());
    let found = view(&sim, "web").spec;
    let plain = |name: &str| found.environment[name].plain().unwrap().to_owned();
    assert_eq!(["PATH", "MODE", "SALT"].map(plain), ["/bin", "other", "a-s3cret"]);
    assert_eq!(found.user.as_deref(), Some("65534"));
    let log = sim.container_log(socket(), "web", 9, None).unwrap().unwrap();
    assert_eq!(log.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["a-s3cret"]);
    let nameless = sim.volumes(socket()).unwrap().unwrap().remove(0).name;
    assert_eq!(nameless.len(), 64);
    change(&sim, EngineChange::Remove { name: "web".to_owned(), volumes: true }).unwrap();
    assert!(sim.volumes(socket()).unwrap().unwrap().is_empty());
    wanted.environment.insert("SALT".to_owned(), Text::secret("gone".parse().unwrap()));
    let create = EngineChange::Create {
        name: "web".to_owned(),
        spec: Box::new(wanted),
        secrets: "/Users/lab/.local/state/forgectl/secrets".into(),
    };
    let failed = sim.change(&Change::Engine(SOCKET.into(), create), &Quiet).err().unwrap();
    assert!(failed.to_string().ends_with("secrets/gone`: No such file or directory"), "{failed}");
}

#[test]
fn health_follows_its_test() {
    let sim = lab();
    let check = Healthcheck {
        test: vec!["CMD-SHELL".to_owned(), "test -e /ok || exit 7".to_owned()],
        interval: Some(Duration::from_secs(1)),
        timeout: None,
        retries: Some(2),
        start_period: Some(Duration::from_secs(3)),
    };
    let web =
        ContainerSpec { healthcheck: Some(check), ..spec("sleep 5; touch /ok; sleep 6; rm /ok; sleep 100") };
    run(&sim, "web", web);
    let health = || view(&sim, "web").health.unwrap();
    let mut seen = vec![];
    for _ in 0..150 {
        let now = (health().status, health().failing);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        wait(&sim, 0.1);
    }
    let (starting, healthy, bad) = (HealthStatus::Starting, HealthStatus::Healthy, HealthStatus::Unhealthy);
    assert_eq!(seen[..6], [(starting, 0), (starting, 1), (bad, 2), (healthy, 0), (healthy, 1), (bad, 2)]);
    assert_eq!(health().last, Some((String::new(), 7)));
    assert!(status(&sim, "web").ends_with(" seconds (unhealthy)"), "{}", status(&sim, "web"));
}

#[test]
fn what_ends_comes_back_after_growing_pauses_until_somebody_stops_it() {
    let sim = lab();
    run(&sim, "web", ContainerSpec { restart: Restart::Always, ..spec("exit 3") });
    wait(&sim, 4.0);
    let found = view(&sim, "web");
    assert_eq!((found.stage, found.exit_code), (Stage::Restarting, 3));
    assert!((4..=6).contains(&found.restarts), "{}", found.restarts);
    assert!(status(&sim, "web").starts_with("Restarting (3) "));
    let before = found.restarts;
    wait(&sim, 600.0);
    let later = view(&sim, "web").restarts - before;
    assert!((10..=20).contains(&later), "{later} restarts in ten minutes");
    change(&sim, EngineChange::Stop("web".to_owned())).unwrap();
    wait(&sim, 100.0);
    assert_eq!(view(&sim, "web").stage, Stage::Exited);
    run(&sim, "twice", ContainerSpec { restart: Restart::OnFailure(Some(2)), ..spec("exit 3") });
    run(&sim, "well", ContainerSpec { restart: Restart::OnFailure(None), ..spec("exit 0") });
    wait(&sim, 10.0);
    assert_eq!((view(&sim, "twice").stage, view(&sim, "twice").restarts), (Stage::Exited, 2));
    assert_eq!((view(&sim, "well").stage, view(&sim, "well").restarts), (Stage::Exited, 0));
}

#[test]
fn what_does_not_care_about_a_signal_is_killed_when_its_grace_is_over() {
    let sim = lab();
    run(
        &sim,
        "rude",
        ContainerSpec { stop_grace_period: Some(Duration::from_secs(2)), ..spec("sleep 1000") },
    );
    run(&sim, "polite", ContainerSpec { init: true, ..spec("sleep 1000") });
    for (name, code, least, most) in [("rude", 137, 2000, 2200), ("polite", 143, 0, 500)] {
        let before = sim.now();
        change(&sim, EngineChange::Stop(name.to_owned())).unwrap();
        let took = sim.now().duration_since(before).as_millis();
        assert!((least..=most).contains(&took), "{name}: {took} ms");
        let found = view(&sim, name);
        assert_eq!((found.stage, found.exit_code), (Stage::Exited, code), "{name}");
    }
}

#[test]
fn volumes_outlive_containers_and_own_layers_do_not() {
    let sim = lab();
    let data = Mount {
        source: MountSource::Volume("data".to_owned()),
        target: "/data".to_owned(),
        read_only: false,
    };
    let made =
        ContainerSpec { mounts: vec![data], ..spec("echo kept > /data/a; echo lost > /b; sleep 1000") };
    run(&sim, "web", made.clone());
    let why = message(change(&sim, EngineChange::RemoveVolume("data".to_owned())));
    assert_eq!(why, (409, format!("remove data: volume is in use - [{}]", view(&sim, "web").id)));
    change(&sim, EngineChange::Remove { name: "web".to_owned(), volumes: true }).unwrap();
    run(&sim, "web", ContainerSpec { command: spec("sleep 1000").command, ..made });
    let cat = |path: &str| exec_in(&sim, "web", &["cat", path]);
    assert_eq!(cat("/data/a").stdout, "kept\n");
    assert_eq!(cat("/b").code, 1);
}

#[test]
fn whoever_needs_more_memory_than_there_is_gets_killed() {
    let sim = lab();
    run(&sim, "small", ContainerSpec { restart: Restart::Always, ..spec("sleep 1000") });
    with(&sim, |engine| engine.machine.memory = 301_000_000);
    run(&sim, "other", spec("sleep 1000"));
    wait(&sim, 3.0);
    let found = view(&sim, "other");
    assert_eq!((found.stage, found.exit_code, found.out_of_memory), (Stage::Exited, 137, true));
}

#[test]
fn a_program_that_is_not_there_and_a_network_that_is_not_there_are_told_at_the_start() {
    let sim = lab();
    let wrong = ContainerSpec { command: Some(vec!["nosuch".to_owned()]), ..spec("") };
    create(&sim, "wrong", wrong).unwrap();
    let (status, why) = message(start(&sim, "wrong"));
    assert!(status == 400 && why.contains("exec: \"nosuch\": executable file not found in $PATH"), "{why}");
    assert_eq!(view(&sim, "wrong").stage, Stage::Created);
    let lost = ContainerSpec { networks: [("gone".to_owned(), vec![])].into(), ..spec("sleep 1") };
    create(&sim, "lost", lost).unwrap();
    assert_eq!(message(start(&sim, "lost")), (404, "network gone not found".to_owned()));
}
