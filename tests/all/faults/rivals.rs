//! Others where the server is to listen: who is in the way, and who is not.

use forgectl::sim::{
    Program, Session,
    tool::{launchd::with_brew_ollama, ollama::desktop::with_desktop_app},
};

use super::*;
use crate::support::spine_with;

/// Somebody else's server on port 11434.
fn listener(mac: &mut Mac, uid: u32, address: &str) {
    let program = Program::Listener { address: address.into(), port: 11434 };
    mac.spawn_process(uid, vec!["/usr/local/bin/other".into()], [].into(), program);
}

fn on(listen: &str) -> Stack {
    spine_with("listen: loopback", &format!("listen: {listen}"))
}

#[track_caller]
fn held(stack: &Stack, uid: u32, address: &str) -> String {
    let mut mac = fresh(&spine());
    listener(&mut mac, uid, address);
    let plan = plan(&sim(mac), stack);
    plan.refusals.iter().map(text).collect()
}

#[test]
fn the_port_counts_where_the_server_is_to_listen() {
    let studio = "192.168.1.20";
    for (listen, uid, address) in [
        ("loopback", USER, "127.0.0.1"),
        ("loopback", 0, "127.0.0.1"),
        ("loopback", USER, "*"),
        (studio, USER, studio),
        (studio, 0, studio),
        (studio, 0, "*"),
        ("lan", USER, studio),
        ("lan", 0, "127.0.0.1"),
    ] {
        says(
            &held(&on(listen), uid, address),
            &["port 11434 is held by", "it listens on", "stack.yaml:14:9"],
        );
    }
    for (listen, address) in [("loopback", studio), (studio, "127.0.0.1"), (studio, "192.168.1.21")] {
        assert_eq!(held(&on(listen), USER, address), "", "{listen}, beside {address}");
        let mut mac = fresh(&spine());
        listener(&mut mac, USER, address);
        mac.state.addresses.push(studio.parse().unwrap());
        let sim = sim(mac);
        apply_well(&sim, &on(listen));
        nothing_to_do(&sim, &on(listen));
        assert!(engine::status(&sim, &on(listen)).unwrap().ok());
    }
}

const BREW: &str = "homebrew.mxcl.ollama";
const RIVAL: &str = "rival-job/homebrew.mxcl.ollama";

fn with_brew() -> Mac {
    let mut mac = fresh(&spine());
    with_brew_ollama(&mut mac, BREW).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    mac
}

pub(super) fn ids(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(|item| item.id.to_string()).collect()
}

/// `launchctl list` over SSH does not show what the screen's domain has.
#[test]
fn a_rival_at_the_screen_is_seen_over_ssh() {
    let mut mac = with_brew();
    mac.state.spec.session = Session::Ssh;
    let sim = sim(mac);
    assert!(!well(&sim, "launchctl list").stdout.contains(BREW));
    let seen = plan(&sim, &spine());
    assert!(seen.refusals.is_empty(), "{:?}", seen.refusals);
    assert!(ids(&seen).contains(&RIVAL.to_owned()));
    // Its property list gone, the port alone hints at it.
    sim.with_mac(|mac| {
        let (plist, now) = (mac.home().join(format!("Library/LaunchAgents/{BREW}.plist")), mac.state.now);
        mac.disk.remove(USER, &plist, now).unwrap();
    });
    let seen = plan(&sim, &spine());
    assert!(seen.refusals.is_empty(), "{:?}", seen.refusals);
    assert!(ids(&seen).contains(&RIVAL.to_owned()));
}

#[test]
fn the_desktop_app_at_the_screen_is_seen_over_ssh() {
    let mut mac = fresh(&spine());
    with_desktop_app(&mut mac).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    mac.state.spec.session = Session::Ssh;
    let refusals = plan(&sim(mac), &spine()).refusals;
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    says(&text(&refusals[0]), &["the Ollama desktop app runs here", "quit Ollama from the menu bar"]);
}

/// It serves on Ollama's own port, and this stack on another.
#[test]
fn who_serves_on_another_port_is_no_rival() {
    let elsewhere = spine_with("port: 11434", "port: 11500");
    let brew = sim(with_brew());
    assert!(!ids(&plan(&brew, &elsewhere)).contains(&RIVAL.to_owned()));
    apply_well(&brew, &elsewhere);
    assert!(well(&brew, &format!("launchctl print gui/501/{BREW}")).stdout.contains("state = running"));
    nothing_to_do(&brew, &elsewhere);
    let mut mac = fresh(&spine());
    with_desktop_app(&mut mac).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    let app = sim(mac);
    assert_eq!(plan(&app, &elsewhere).refusals, []);
    apply_well(&app, &elsewhere);
}

/// What was put aside for a port that this stack has left waits for destroy; started anew by its owner it is let be.
#[test]
fn a_rival_that_is_none_any_more_is_let_be() {
    let elsewhere = spine_with("port: 11434", "port: 11500");
    let sim = sim(with_brew());
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    apply_well(&sim, &elsewhere);
    nothing_to_do(&sim, &elsewhere);
    sim.with_mac(|mac| with_brew_ollama(mac, BREW).unwrap());
    wait(&sim, 3);
    apply_well(&sim, &elsewhere);
    nothing_to_do(&sim, &elsewhere);
    destroy_well(&sim, &elsewhere);
    assert!(well(&sim, &format!("launchctl print gui/501/{BREW}")).stdout.contains("state = running"));
}
