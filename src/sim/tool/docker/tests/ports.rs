use super::*;
use crate::{
    sim::{Program, USER, testing::exec},
    value::{Protocol, PublishedPort},
};

fn published(address: &str, port: u16) -> ContainerSpec {
    let port = PublishedPort {
        address: address.parse().unwrap(),
        published: port,
        target: 8080,
        protocol: Protocol::Tcp,
    };
    ContainerSpec { ports: vec![port], ..spec("echo hello > /www/index.html; httpd -f -p 8080 -h /www") }
}

fn get(sim: &Sim, url: &str) -> Result<(u16, String), String> {
    let reply = sim.get(url).unwrap();
    reply.map(|reply| (reply.status, String::from_utf8(reply.body).unwrap()))
}

#[test]
fn a_published_port_is_one_of_the_macs_after_a_while() {
    let sim = lab();
    run(&sim, "web", published("127.0.0.1", 3000));
    wait(&sim, 2.0);
    assert_eq!(get(&sim, "http://127.0.0.1:3000/"), Ok((200, "hello\n".to_owned())));
    let shown = exec(&sim, "lsof -nP -iTCP:3000 -sTCP:LISTEN").stdout;
    assert!(shown.contains("ssh:") && shown.contains("TCP 127.0.0.1:3000 (LISTEN)"), "{shown}");
    change(&sim, EngineChange::Stop("web".to_owned())).unwrap();
    wait(&sim, 0.1);
    assert_eq!(get(&sim, "http://127.0.0.1:3000/"), Err("Connection refused (os error 61)".to_owned()));
}

#[test]
fn a_port_has_one_container() {
    let sim = lab();
    run(&sim, "web", published("127.0.0.1", 3000));
    for (name, address) in [("same", "127.0.0.1"), ("wide", "0.0.0.0")] {
        create(&sim, name, published(address, 3000)).unwrap();
        let (status, why) = message(start(&sim, name));
        let end = format!("Bind for {address}:3000 failed: port is already allocated");
        assert!(status == 500 && why.ends_with(&end), "{why}");
        assert_eq!(view(&sim, name).error, why);
    }
}

/// In Lima's machine nobody knows of the Mac's own ports; the others look before they start.
#[test]
fn a_port_that_the_mac_uses_is_left_to_whoever_has_it() {
    let sim = lab();
    let program = Program::Listener { address: "127.0.0.1".to_owned(), port: 3000 };
    sim.with_mac(|mac| mac.spawn_process(USER, vec!["/usr/bin/node".to_owned()], [].into(), program));
    run(&sim, "web", published("127.0.0.1", 3000));
    wait(&sim, 5.0);
    assert!(get(&sim, "http://127.0.0.1:3000/").is_err());
    change(&sim, EngineChange::Remove { name: "web".to_owned(), volumes: true }).unwrap();
    with(&sim, |engine| engine.machine.name = "docker-desktop".to_owned());
    create(&sim, "web", published("127.0.0.1", 3000)).unwrap();
    let (status, why) = message(start(&sim, "web"));
    assert!(status == 500 && why.ends_with("bind: address already in use"), "{why}");
}

#[test]
fn containers_find_each_other_by_name_and_the_mac_under_its_own() {
    let sim = lab();
    let inside = |name: &str| [("net".to_owned(), vec![name.to_owned()])].into();
    change(&sim, EngineChange::CreateNetwork { name: "net".to_owned(), labels: [].into() }).unwrap();
    run(&sim, "one", ContainerSpec { networks: inside("db"), ..published("127.0.0.1", 3000) });
    run(&sim, "two", ContainerSpec { networks: inside("web"), ..spec("sleep 1000") });
    let wget = |url: &str| exec_in(&sim, "two", &["wget", "-q", "-O-", url]);
    assert_eq!(wget("http://db:8080/").stdout, "hello\n");
    assert_eq!(wget("http://nobody:8080/").code, 1);
    assert_eq!(wget("http://host.docker.internal:11434/").code, 1);
    exec(&sim, "touch /tmp/x");
    sim.with_mac(|mac| {
        let program = Program::Listener { address: "127.0.0.1".to_owned(), port: 11434 };
        mac.spawn_process(USER, vec!["/usr/bin/node".to_owned()], [].into(), program);
    });
    assert!(wget("http://host.docker.internal:11434/").stderr.contains("closed"));
}
