//! Containers on a simulated Mac: a service of somebody's own, from plan to destroy, and what others do to it meanwhile.

use std::time::Duration;

use forgectl::{
    engine,
    machine::Looking,
    manifest::Stack,
    sim::{Caller, Fault, Mac, Sim, differences},
    value::Problem,
};

use crate::support::{
    APP, SOCKET, app, app_as, apply, apply_well, copy, destroy_well, engine_runs, fresh, sim,
};

fn mac() -> Mac {
    let mut mac = fresh(&app("running"));
    engine_runs(&mut mac);
    mac
}

fn lab() -> Sim {
    sim(mac())
}

/// The Mac on which the service is up.
fn lived() -> Sim {
    let sim = lab();
    apply_well(&sim, &app("running"));
    sim
}

fn docker(sim: &Sim, line: &str) -> String {
    let argv: Vec<String> = format!("docker {line}").split(' ').map(str::to_owned).collect();
    let ran = sim.exec(Caller::user(true), &argv);
    assert!(ran.ok(), "docker {line}: {ran:?}");
    ran.stdout
}

/// The ids of the containers, to see which were made anew.
fn ids(sim: &Sim) -> [String; 2] {
    ["store", "web"].map(|part| {
        let found = sim.container(SOCKET.into(), &format!("forge-app-{part}-1")).unwrap().unwrap();
        found.unwrap().id
    })
}

fn says(sim: &Sim) -> Result<String, String> {
    sim.with_mac(|mac| mac.advance(Duration::from_secs(3)));
    let reply = sim.get("http://127.0.0.1:3005/").unwrap();
    reply.map(|reply| String::from_utf8(reply.body).unwrap())
}

/// What a plan says of what is to be done, a line each.
fn planned(sim: &Sim, stack: &Stack) -> Vec<String> {
    let plan = engine::survey(sim, stack).unwrap();
    assert!(plan.refusals.is_empty(), "{:#?}", plan.refusals);
    plan.changes().map(|item| format!("{} {}", item.id, item.reason)).collect()
}

fn failure(sim: &Sim, stack: &Stack) -> String {
    let ears = crate::support::Ears::default();
    let ran = engine::apply(sim, stack, &crate::support::yes(), &forgectl::desk::Nobody, &ears);
    match ran {
        Ok(summary) => {
            assert!(!summary.ok(), "it went well");
            let told = ears.told();
            told.into_iter().filter(|event| event.contains("resource-failed")).collect()
        }
        Err(error) => format!("{:?}", Problem::all_of(&error)),
    }
}

#[test]
fn a_service_comes_up_answers_and_goes() {
    let sim = lived();
    let shown = docker(&sim, "ps");
    assert!(shown.contains("forge-app-web-1") && shown.contains("(healthy)"), "{shown}");
    assert_eq!(says(&sim), Ok("hello\n".to_owned()));
    destroy_well(&sim, &app("running"));
    assert_eq!(docker(&sim, "ps -aq"), "");
    let found = differences(&mac(), &sim.into_mac(), false);
    assert!(found.is_empty(), "{found:#?}");
}

/// Whatever somebody does to a container is seen by what they did, and mended with its data and without the other one.
#[test]
fn what_others_do_to_containers_is_seen_and_mended() {
    let stack = app("running");
    for (line, word) in [
        ("stop forge-app-web-1", "ended with 143"),
        ("rm -f forge-app-web-1", ""),
        ("pause forge-app-web-1", "paused"),
    ] {
        let sim = lived();
        let [store, _] = ids(&sim);
        docker(&sim, line);
        let planned = planned(&sim, &stack);
        let about = planned.iter().find(|line| line.starts_with("container/app/web "));
        assert!(about.is_some_and(|about| about.contains(word)), "{line}: {planned:#?}");
        apply_well(&sim, &stack);
        assert_eq!(says(&sim), Ok("hello\n".to_owned()), "{line}");
        assert_eq!(ids(&sim)[0], store, "{line}: the other one is left alone");
        assert!(engine::survey(&sim, &stack).unwrap().is_empty(), "{line}");
    }
}

/// A close look alone sees what `docker update` did.
#[test]
fn what_was_updated_by_hand_is_put_back_by_the_next_apply() {
    let (sim, stack) = (lived(), app("running"));
    docker(&sim, "update --restart no forge-app-store-1");
    assert!(!engine::status(&sim, &stack).unwrap().ok());
    apply_well(&sim, &stack);
    assert!(engine::status(&sim, &stack).unwrap().ok());
}

#[test]
fn a_change_makes_only_its_container_anew_and_keeps_the_data() {
    let sim = lived();
    let [store, web] = ids(&sim);
    docker(&sim, "exec forge-app-store-1 touch /data/mine");
    let other = app_as("running", &APP.replace("echo hello", "echo goodbye"));
    apply_well(&sim, &other);
    assert_eq!(says(&sim), Ok("goodbye\n".to_owned()));
    assert_eq!(ids(&sim)[0], store);
    assert_ne!(ids(&sim)[1], web);
    let limited = app_as(
        "running",
        &APP.replace(
            "    init: true\n    command: [sh, -c, \"echo kept",
            "    init: true\n    mem_limit: 64m\n    command: [sh, -c, \"echo kept",
        ),
    );
    apply_well(&sim, &limited);
    assert_ne!(ids(&sim)[0], store);
    docker(&sim, "exec forge-app-store-1 cat /data/mine");
}

#[test]
fn a_name_or_a_port_of_somebody_elses_is_refused_and_left_alone() {
    let stack = app("running");
    for line in [
        "--name forge-app-web-1 busybox:1.36 sleep 100000",
        "-p 127.0.0.1:3005:80 --name own busybox:1.36 httpd -f",
    ] {
        let sim = lab();
        docker(&sim, "pull busybox:1.36");
        docker(&sim, &format!("run -d {line}"));
        sim.with_mac(|mac| mac.advance(Duration::from_secs(3)));
        let before = copy(&sim.into_mac());
        let sim = crate::support::sim(copy(&before));
        let said = failure(&sim, &stack);
        assert!(said.contains("forge-app-web-1") || said.contains("3005"), "{said}");
        let theirs = docker(&sim, "ps");
        assert!(theirs.contains("sleep 100000") || theirs.contains("own"), "{theirs}");
    }
}

#[test]
fn an_image_that_is_nowhere_is_refused_before_anything_is_changed() {
    let sim = lived();
    let before = sim.with_mac(|mac| mac.copy().unwrap());
    for (image, word) in [("busybox:9.99", "busybox:9.99"), ("nowhere.example/a:1", "nowhere.example")] {
        let said = failure(&sim, &app_as("running", &APP.replace("busybox:1.37", image)));
        assert!(said.contains(word), "{said}");
        let found = sim.with_mac(|mac| differences(&before, mac, false));
        assert!(found.is_empty(), "{image}: {found:#?}");
    }
}

/// Each of these is got over by the same run, or fails it with words of its own; then the next one heals.
#[test]
fn an_engine_in_trouble_is_told_and_the_next_apply_heals() {
    let stack = app("running");
    let faults = [
        (Fault::EngineDiskFull, 1, Some("no space left on device")),
        (Fault::ImagePullCut, 4, None),
        (Fault::ImagePullCut, 200, Some("unexpected EOF")),
        (Fault::CreateAnswers500, 1, None),
        (Fault::ImageRegistryBusy, 200, Some("rate limit")),
        (Fault::HealthNever, 10_000, Some("its health test failed 3 times in a row")),
    ];
    for (fault, times, words) in faults {
        let mut mac = mac();
        mac.state.faults.arm(fault, times);
        let sim = sim(mac);
        match words {
            None => drop(apply(&sim, &stack)),
            Some(words) => {
                let said = failure(&sim, &stack);
                assert!(said.contains(words), "{fault:?}: {said}");
            }
        }
        // A test of health comes every two seconds.
        sim.with_mac(|mac| {
            mac.state.faults.disarm(fault);
            mac.advance(Duration::from_secs(5));
        });
        apply_well(&sim, &stack);
        assert_eq!(says(&sim), Ok("hello\n".to_owned()), "{fault:?}");
    }
}

/// Whichever call it is at which the engine breaks down: it comes back, and the next apply heals.
#[test]
fn an_engine_that_breaks_down_at_any_call_is_got_over() {
    let stack = app("running");
    let whole = lab();
    apply_well(&whole, &stack);
    let calls = whole.with_mac(|mac| mac.state.meter.engine_calls);
    assert!(calls > 20, "{calls}");
    for call in 1..=calls {
        let mut mac = mac();
        mac.state.faults.engine_deaths.push(call);
        let sim = sim(mac);
        let _ = apply(&sim, &stack);
        sim.with_mac(|mac| mac.advance(Duration::from_mins(1)));
        apply_well(&sim, &stack);
        assert_eq!(says(&sim), Ok("hello\n".to_owned()), "call {call}");
        destroy_well(&sim, &stack);
        let found = differences(&self::mac(), &sim.into_mac(), false);
        assert!(found.is_empty(), "call {call}: {found:#?}");
    }
}

#[test]
fn a_service_that_ends_right_after_its_start_fails_the_run_with_its_log() {
    let crashes =
        APP.replace("echo hello > /www/index.html; httpd -f -p 8080 -h /www", "echo no config found; exit 3");
    let said = failure(&lab(), &app_as("running", &crashes));
    assert!(said.contains("no config found"), "{said}");
}

fn image_names(sim: &Sim) -> Vec<String> {
    let listed = docker(sim, "images");
    let name = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(":");
    listed.lines().skip(1).map(name).collect()
}

/// Only the names that a pull brought go; what a person called the same image, before or since, stays with the image.
#[test]
fn what_somebody_else_calls_an_image_stays_when_the_image_leaves() {
    let stack = app("running");
    let sim = lab();
    docker(&sim, "pull busybox:1.37");
    docker(&sim, "tag busybox:1.37 localhost:5000/library/busybox:1.36");
    apply_well(&sim, &stack);
    docker(&sim, "tag busybox:1.36 busybox:mine");
    docker(&sim, "tag busybox:1.36 localhost:5000/library/busybox:keep");
    destroy_well(&sim, &stack);
    let names = image_names(&sim);
    for name in ["busybox:mine", "localhost:5000/library/busybox:keep", "localhost:5000/library/busybox:1.36"]
    {
        assert!(names.iter().any(|other| other == name), "{name}: {names:?}");
    }
    assert!(names.contains(&"busybox:1.37".to_owned()), "it was there before: {names:?}");
    assert!(!names.contains(&"busybox:1.36".to_owned()), "{names:?}");
}

#[test]
fn a_second_pull_does_not_make_ours_what_somebody_added_in_between() {
    let (sim, stack) = (lived(), app("running"));
    docker(&sim, "tag busybox:1.36 localhost:5000/library/busybox:1.36");
    docker(&sim, "rmi busybox:1.36");
    apply_well(&sim, &stack);
    destroy_well(&sim, &stack);
    let names = image_names(&sim);
    assert!(names.contains(&"localhost:5000/library/busybox:1.36".to_owned()), "{names:?}");
}

/// Containers are in their network, and run from their image, until they are made anew.
#[test]
fn a_network_and_an_image_that_leave_go_in_the_same_apply_that_changes_their_containers() {
    let sim = lived();
    let other = APP
        .replace("busybox:1.36", "busybox:1.37")
        .replace("    init: true\n", "    init: true\n    networks: [own]\n")
        .replace("volumes: {data: {}}", "volumes: {data: {}}\nnetworks: {own: {}}");
    let other = app_as("running", &other);
    apply_well(&sim, &other);
    let networks = docker(&sim, "network ls");
    assert!(networks.contains("forge-app_own") && !networks.contains("forge-app_default"), "{networks}");
    assert_eq!(image_names(&sim), ["busybox:1.37"]);
    assert_eq!(says(&sim), Ok("hello\n".to_owned()));
    apply_well(&sim, &app("running"));
    let networks = docker(&sim, "network ls");
    assert!(!networks.contains("forge-app_own") && networks.contains("forge-app_default"), "{networks}");
    assert!(engine::survey(&sim, &app("running")).unwrap().is_empty());
}

/// An image from which somebody runs a container of his own is told, known on, and goes once that has gone.
#[test]
fn an_image_that_somebody_elses_container_runs_from_is_held() {
    let (sim, stack) = (lived(), app("running"));
    docker(&sim, "run -d --name theirs busybox:1.36 sleep 100000");
    let destroy = || {
        let ears = crate::support::Ears::default();
        engine::destroy(&sim, &stack, &crate::support::yes(), true, &forgectl::desk::Nobody, &ears).unwrap()
    };
    let summary = destroy();
    assert!(summary.ok(), "{summary:?}");
    let kept = summary.kept.iter().find(|(id, _)| id.to_string().ends_with("busybox:1.36"));
    assert!(kept.is_some_and(|(_, why)| why.contains("container")), "{:?}", summary.kept);
    assert!(docker(&sim, "ps").contains("theirs"));
    docker(&sim, "rm -f theirs");
    assert!(destroy().ok());
    assert!(image_names(&sim).is_empty(), "{:?}", image_names(&sim));
}

/// An engine keeps some values otherwise than they were said: that is no difference.
#[test]
fn what_an_engine_keeps_otherwise_than_it_was_said_is_no_change() {
    for (key, check) in [
        ("working_dir: /tmp/", ""),
        ("working_dir: \"\"", ""),
        ("user: \"\"", ""),
        ("entrypoint: []", ""),
        ("restart: on-failure:0", ""),
        ("stop_grace_period: 1500ms", ""),
        ("init: true", ", start_period: 0s"),
        ("init: true", ", timeout: 0s"),
    ] {
        let last = "interval: 2s, retries: 3}\n    restart: always\n";
        let said = format!("interval: 2s, retries: 0{check}}}\n");
        let own = APP.replace(last, &said).replace(
            "    init: true\n    command: [sh, -c, \"echo hello",
            &format!("    {key}\n    command: [sh, -c, \"echo hello"),
        );
        let (sim, stack) = (lab(), app_as("running", &own));
        apply_well(&sim, &stack);
        assert_eq!(says(&sim), Ok("hello\n".to_owned()), "{key}{check}");
        let first = ids(&sim);
        apply_well(&sim, &stack);
        assert!(engine::status(&sim, &stack).unwrap().ok(), "{key}{check}");
        assert_eq!(ids(&sim), first, "{key}{check}");
    }
}

/// An image may ask for a volume that nobody names: what a service keeps there is data as well.
#[test]
fn a_volume_without_a_name_goes_only_with_all_data() {
    let own = "services:\n  cache:\n    image: redis:7.4.9\n    environment: {A: \"${STORE_PASSWORD:?}\", B: \"${PORT:?}\"}\n";
    for all_data in [false, true] {
        let (sim, stack) = (lab(), app_as("running", own));
        apply_well(&sim, &stack);
        let volume = docker(&sim, "volume ls -q");
        assert_eq!(volume.trim().len(), 64, "{volume}");
        let ears = crate::support::Ears::default();
        let yes = crate::support::yes();
        let gone = engine::destroy(&sim, &stack, &yes, all_data, &forgectl::desk::Nobody, &ears).unwrap();
        assert!(gone.ok(), "{gone:?}");
        assert_eq!(docker(&sim, "ps -aq"), "");
        assert_eq!(docker(&sim, "volume ls -q"), if all_data { String::new() } else { volume.clone() });
        let told = ears.told().join("\n").contains(&format!("volume rm {}", volume.trim()));
        assert_eq!(told, !all_data, "what stays is named");
    }
}
