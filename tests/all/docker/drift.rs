//! What changes of a container: in its Compose file, or behind forgectl's back.

use super::{
    lab::{Lab, STORE, WEB, unwrapped},
    rig::Rig,
};

#[test]
fn a_change_of_the_file_is_named_by_its_field_and_makes_only_that_container_anew() {
    let Some(lab) = Lab::new(&format!("{WEB}{STORE}")).map(Lab::with_secret) else { return };
    lab.apply();
    let all = format!("{WEB}{STORE}");
    let with = |line: &str| format!("{all}    {line}\n");
    for (services, field) in [
        (all.replace("exec sleep 1000", "exec sleep 2000"), "command"),
        (all.replace("two words", "others"), "env.PLAIN"),
        (all.replace(", PLAIN: two words", ""), "env.PLAIN"),
        (all.replace("data:/data", "data:/elsewhere"), "mount./elsewhere"),
        (with("ports: [\"127.0.0.1:1:1\"]"), "port.1/tcp"),
        (with("entrypoint: [env]"), "entrypoint"),
        (with("restart: always"), "restart"),
        (with("mem_limit: 100m"), "memory"),
        (with("cpus: 0.5"), "cpus"),
        (with("user: \"1:1\""), "user"),
        (with("working_dir: /data"), "folder"),
        (with("read_only: true"), "read-only"),
        (with("shm_size: 1m"), "shm"),
        (with("tmpfs: [/scratch]"), "mount./scratch"),
        (with("cap_drop: [ALL]"), "dropped"),
        (with("security_opt: [\"no-new-privileges:true\"]"), "security"),
        (with("ulimits: {nofile: 1024}"), "limit.nofile"),
        (with("labels: {of.mine: yes it is}"), "label.of.mine"),
        (with("extra_hosts: [\"mac:host-gateway\"]"), "hosts"),
        (with("healthcheck: {test: [CMD, \"true\"], interval: 1s}"), "health"),
        (
            all.replace("stop_grace_period: 1s\n    environment", "stop_grace_period: 2s\n    environment"),
            "grace",
        ),
        (
            all.replace(
                "init: true\n    stop_grace_period: 1s\n    environment",
                "stop_grace_period: 1s\n    environment",
            ),
            "init",
        ),
    ] {
        assert_ne!(services, all, "{field}: the file is the same");
        lab.compose(&services);
        let changed = lab.changed("store");
        assert!(changed.contains(&field.to_owned()), "{field}: {changed:?}");
        assert_eq!(lab.changed("web"), Vec::<String>::new(), "{field}: the other one is left alone");
    }
    let before = lab.inspected("web", "{{.Id}}");
    lab.compose(&with("mem_limit: 100m\n    cap_drop: [ALL]\n    tmpfs: [/scratch]\n    user: \"0:0\"\n    extra_hosts: [\"mac:host-gateway\"]"));
    let applied = unwrapped(&lab.apply());
    assert!(applied.contains("its volumes stay"), "{applied}");
    assert_eq!(lab.inspected("store", "{{.HostConfig.Memory}}"), "104857600");
    assert_eq!(lab.inside("store", "wc -l < /data/starts"), "2", "its data is that of before");
    assert_eq!(lab.inspected("web", "{{.Id}}"), before);
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0, "{}", lab.run("plan stack.yaml").out);
    lab.compose(&all);
    assert!(lab.changed("store").contains(&"memory".to_owned()), "what is wanted no more is seen too");
    lab.apply();
    assert_eq!(lab.inspected("store", "{{.HostConfig.Memory}}"), "0");
}

#[test]
fn what_is_changed_behind_our_back_is_seen_and_mended() {
    let Some(lab) = Lab::new(STORE).map(Lab::with_secret) else { return };
    lab.apply();
    let name = lab.name("store");

    // Somebody has stopped it.
    lab.rig.docker(&["stop", &name]);
    assert_eq!(lab.changed("store"), ["stage"]);
    let status = lab.run("status stack.yaml");
    assert_eq!(status.code, 2, "{status:?}");
    assert!(status.out.contains("ended with"), "{status:?}");
    let id = lab.inspected("store", "{{.Id}}");
    lab.apply();
    assert_eq!(
        lab.inspected("store", "{{.Id}} {{.State.Running}}"),
        format!("{id} true"),
        "it is only started"
    );

    // Somebody has given it less memory: a look at each shows that, a listing does not.
    lab.rig.docker(&["update", "--memory", "64m", "--memory-swap", "64m", &name]);
    let status = lab.run("status stack.yaml");
    assert_eq!(status.code, 2, "{status:?}");
    assert!(status.out.contains("memory"), "{status:?}");
    lab.apply();
    assert_eq!(lab.inspected("store", "{{.HostConfig.Memory}}"), "0");

    // Somebody has made it anew by hand, with a variable more.
    let image = lab.inspected("store", "{{.Config.Image}}");
    let labels = lab.inspected("store", "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}\n{{end}}");
    let labels: Vec<&str> = labels.lines().flat_map(|label| ["--label", label]).collect();
    lab.rig.docker(&["rm", "--force", &name]);
    let more = ["--env", "MORE=1", "--env", "PASSWORD=guessed", &image, "sleep", "1000"];
    let run = [["run", "--detach", "--init", "--name", &name].as_slice(), &labels, &more].concat();
    lab.rig.docker(&run);
    let changed = lab.changed("store");
    for field in ["beyond", "command", "env.PASSWORD", "env.PLAIN", "mount./data"] {
        assert!(changed.contains(&field.to_owned()), "{field}: {changed:?}");
    }
    let plan = lab.run("plan stack.yaml --output json").out;
    assert!(plan.contains("env.MORE") && !plan.contains("guessed"), "{plan}");
    lab.apply();
    assert_eq!(lab.inside("store", "echo $MORE$PLAIN"), "two words");

    // Somebody has taken it out of its network.
    lab.rig.docker(&["network", "disconnect", &format!("forge-{}_default", lab.key), &name]);
    assert_eq!(lab.changed("store"), [format!("network.forge-{}_default", lab.key)]);
    lab.apply();
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0);
    lab.well("destroy stack.yaml --all-data --yes");
}

#[test]
fn an_image_that_was_published_anew_comes_when_the_lock_is_moved() {
    let Some(lab) = Lab::new(STORE).map(Lab::with_secret) else { return };
    lab.apply();
    let before = lab.inspected("store", "{{.Image}}");
    // Published by somebody who calls the registry otherwise, so that the engine's own names stay as they are.
    let elsewhere = lab.rig.registry.replace("127.0.0.1", "localhost");
    Rig { registry: elsewhere, ..lab.rig.clone() }.published(&lab.key, "ENV NEWER=yes");
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0, "the lock holds what there is");
    lab.well(&format!("lock --stack stack.yaml --update image/{}:latest", lab.image));
    assert_eq!(lab.changed("store"), ["digest"]);
    lab.apply();
    assert_ne!(lab.inspected("store", "{{.Image}}"), before);
    assert_eq!(lab.inside("store", "echo $NEWER; wc -l < /data/starts"), "yes\n2");
    lab.well("destroy stack.yaml --all-data --yes");
}
