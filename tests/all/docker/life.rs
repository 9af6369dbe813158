//! What becomes of a service from its first apply to the last of it.
#![expect(clippy::disallowed_methods, reason = "a port is held from outside")]

use super::lab::{Lab, STORE, WEB, unwrapped};

/// The calls of an engine in a trace.
fn calls<'t>(trace: &'t str, kind: &str) -> Vec<&'t str> {
    trace.lines().filter(|line| line.contains(kind) && line.contains(" unix:")).collect()
}

#[test]
fn a_service_comes_up_and_another_apply_changes_nothing_and_asks_little() {
    let Some(lab) = Lab::new(&format!("{WEB}{STORE}")).map(Lab::with_secret) else { return };
    let applied = lab.apply();
    assert!(applied.contains("running and healthy"), "{applied}");
    assert_eq!(lab.inside("web", "wget -q -O - http://127.0.0.1:8080/"), "hello");
    let page = ureq(lab.port);
    assert!(page.contains("hello"), "published on this machine: {page}");

    let plan = lab.run("plan stack.yaml --detailed-exitcode --trace");
    assert_eq!(plan.code, 0, "{plan:?}");
    let asked = calls(&plan.err, "look");
    assert!((1..=6).contains(&asked.len()), "{asked:#?}");
    let again = lab.run("apply stack.yaml --trace");
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.out.contains("Nothing to do"), "{again:?}");
    assert_eq!(calls(&again.err, "effect"), Vec::<&str>::new(), "{}", again.err);
    lab.well("status stack.yaml");

    // Docker's own tools see a project of Compose's.
    let project = lab.inspected("web", "{{index .Config.Labels \"com.docker.compose.project\"}}");
    assert_eq!(project, format!("forge-{}", lab.key));

    let secret = lab.inside("store", "echo $PASSWORD");
    assert_eq!(secret.len(), 32, "{secret}");
    let told = [
        applied,
        plan.out,
        plan.err,
        again.err,
        lab.run("plan stack.yaml --output json").out,
        lab.run("status stack.yaml --output json").out,
        lab.file("/Users/lab/.local/state/forgectl/journal.jsonl"),
    ];
    assert!(told.iter().all(|text| !text.contains(&secret)), "a secret is told");
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.left_over(), Vec::<String>::new());
}

/// The answer of a server of this machine.
fn ureq(port: u16) -> String {
    use std::io::{Read, Write};
    let mut line = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    line.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    line.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn volumes_stay_with_their_data_until_all_data_is_to_go() {
    let Some(lab) = Lab::new(STORE).map(Lab::with_secret) else { return };
    lab.apply();
    lab.inside("store", "echo kept > /data/note; echo kept > /nameless/note");
    let password = lab.inside("store", "echo $PASSWORD");
    lab.compose(&STORE.replace("two words", "three words here"));
    lab.apply();
    assert_eq!(
        lab.inside("store", "cat /data/note /nameless/note; echo $PLAIN"),
        "kept\nkept\nthree words here"
    );

    let destroyed = lab.well("destroy stack.yaml --yes");
    assert!(unwrapped(&destroyed).contains("destroy --all-data"), "{destroyed}");
    assert_eq!(lab.left_over(), [format!("volume forge-{}_data", lab.key)]);
    lab.apply();
    assert_eq!(lab.inside("store", "cat /data/note; echo $PASSWORD"), format!("kept\n{password}"));
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.left_over(), Vec::<String>::new());
    let nameless = lab.rig.docker(&["volume", "ls", "--quiet", "--filter", "dangling=true"]);
    assert_eq!(
        nameless
            .lines()
            .filter(|name| lab.rig.docker(&["volume", "inspect", name]).contains(&lab.key))
            .count(),
        0
    );
}

#[test]
fn two_stacks_share_an_engine_and_an_image_and_neither_takes_it_from_the_other() {
    let Some(lab) = Lab::new(&format!("{WEB}{STORE}")).map(Lab::with_secret) else { return };
    lab.apply();
    let Some(mut other) = Lab::new(STORE) else { return };
    // The same Mac, another stack, the same image.
    let text = std::fs::read_to_string(lab.shell.path("stack.yaml")).unwrap();
    let text = text.replace("stack: lab", "stack: second").replace(&lab.key, &other.key);
    std::fs::write(lab.shell.path("second.yaml"), text).unwrap();
    other.image.clone_from(&lab.image);
    other.compose(STORE);
    std::fs::copy(
        other.shell.path(&format!("{}.yaml", other.key)),
        lab.shell.path(&format!("{}.yaml", other.key)),
    )
    .unwrap();
    lab.well("apply second.yaml --yes");
    assert!(lab.rig.try_docker(&["exec", &other.name("store"), "true"]).0);
    let before = lab.inspected("store", "{{.Id}}");
    let destroyed = lab.well("destroy second.yaml --all-data --yes");
    assert!(unwrapped(&destroyed).contains("the stack `lab` wants it too"), "{destroyed}");
    assert_eq!(lab.inspected("store", "{{.Id}} {{.State.Status}}"), format!("{before} running"));
    assert!(!lab.rig.try_docker(&["inspect", &other.name("store")]).0, "that of the other is gone");
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0);
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.left_over(), Vec::<String>::new());
}

#[test]
fn what_somebody_else_has_under_our_names_is_refused_and_never_touched() {
    let Some(lab) = Lab::new(STORE).map(Lab::with_secret) else { return };
    let (container, project) = (lab.name("store"), format!("forge-{}", lab.key));
    let (network, volume) = (format!("{project}_default"), format!("{project}_data"));
    let label = format!("com.docker.compose.project={project}");
    let image = super::rig::fresh("foreign");
    lab.rig.built(&image, "CMD [\"sleep\", \"1000\"]");
    lab.rig.docker(&["run", "--detach", "--init", "--name", &container, "--label", &label, &image]);
    lab.rig.docker(&["network", "create", "--label", &label, &network]);
    lab.rig.docker(&["volume", "create", "--label", &label, &volume]);
    let before = lab.rig.docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &container]);
    let said = lab.fails("apply stack.yaml --yes");
    for (kind, name) in [("container", &container), ("network", &network), ("volume", &volume)] {
        assert!(said.contains(&format!("somebody else's {kind} has the name `{name}`")), "{said}");
    }
    assert!(said.contains("docker --host unix://"), "{said}");
    lab.run("destroy stack.yaml --all-data --yes");
    let after = lab.rig.docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &container]);
    assert_eq!(before, after);
    assert!(lab.left_over().contains(&format!("volume {volume}")));
    lab.rig.docker(&["rm", "--force", &container]);
    lab.rig.docker(&["rmi", &image]);
}

#[test]
fn a_port_that_somebody_holds_is_told_before_anything_is_done() {
    let Some(lab) = Lab::new(WEB) else { return };
    let held = std::net::TcpListener::bind(("127.0.0.1", lab.port)).unwrap();
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains(&format!("port {} is held by", lab.port)), "{said}");
    assert_eq!(lab.left_over(), Vec::<String>::new(), "nothing was done");
    drop(held);
    lab.apply();
    lab.well("destroy stack.yaml --all-data --yes");
}

#[test]
fn an_image_that_is_not_to_be_had_is_told_before_anything_is_stopped() {
    let Some(lab) = Lab::new(WEB) else { return };
    lab.apply();
    let before = lab.inspected("web", "{{.Id}} {{.State.StartedAt}}");
    lab.compose(&WEB.replace("IMAGE", "IMAGE:nothere"));
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("no such image") && said.contains(&format!("{}.yaml:2", lab.key)), "{said}");
    assert_eq!(lab.inspected("web", "{{.Id}} {{.State.StartedAt}}"), before);

    // An image of another platform: the engine would fetch it all the same.
    let name = super::rig::fresh("alien");
    lab.rig.alien(&name);
    lab.compose(&WEB.replace("IMAGE", &format!("lab.example/{name}:1")));
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("has nothing for linux/"), "{said}");
    assert_eq!(lab.inspected("web", "{{.Id}} {{.State.StartedAt}}"), before);
    lab.compose(WEB);
    lab.well("destroy stack.yaml --all-data --yes");
}
