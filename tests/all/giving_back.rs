//! What was others' stays theirs: before forgectl came, beside it, and after it left.

use camino::Utf8Path;
use forgectl::{
    desk::Nobody,
    engine,
    machine::{Change, Changing, Kind, Sudo},
    sim::{Caller, Content, Fault, Kill, Mac, Sim, SudoMode, tool::launchd},
    value::PowerSource,
};

use crate::support::{Ears, apply, apply_well, destroy_well, fresh, own_spec, sim, spine, yes};

fn exec(sim: &Sim, line: &str) -> String {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let output = sim.exec(Caller::user(true), &argv);
    assert!(output.ok(), "{line}: {}", output.said());
    output.stdout
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(Utf8Path::new(path)).is_some())
}

fn setting(sim: &Sim, source: PowerSource, key: &str) -> Option<String> {
    sim.with_mac(|mac| {
        mac.state.power.get(&source)?.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    })
}

#[test]
fn data_that_somebody_made_after_a_kill_is_not_ours_to_delete() {
    let stack = spine();
    let mut number = 0;
    loop {
        number += 1;
        let sim = sim(fresh(&stack));
        sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::Before(number)));
        let _ = apply(&sim, &stack);
        assert!(sim.is_killed(), "no effect makes ~/.ollama");
        sim.revive();
        let journal = exec(&sim, "/bin/cat /Users/lab/.local/state/forgectl/journal.jsonl");
        if there(&sim, "/Users/lab/.ollama") || !journal.contains("data/~/.ollama") {
            continue;
        }
        exec(&sim, "/bin/mkdir /Users/lab/.ollama");
        exec(&sim, "/usr/bin/touch /Users/lab/.ollama/precious");
        destroy_well(&sim, &stack);
        assert!(there(&sim, "/Users/lab/.ollama/precious"));
        return;
    }
}

#[test]
fn data_that_somebody_made_anew_is_not_ours_to_delete() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    exec(&sim, "/bin/launchctl bootout gui/501/dev.forge.ollama");
    sim.with_mac(|mac| mac.advance(std::time::Duration::from_mins(1)));
    exec(&sim, "/bin/rm -rf /Users/lab/.ollama");
    exec(&sim, "/bin/mkdir /Users/lab/.ollama");
    exec(&sim, "/usr/bin/touch /Users/lab/.ollama/precious");
    apply_well(&sim, &stack);
    let summary = destroy_well(&sim, &stack);
    assert!(there(&sim, "/Users/lab/.ollama/precious"));
    assert!(
        summary.kept.iter().any(|(id, why)| id.kind() == "data" && why.contains("made anew")),
        "{summary:?}"
    );
}

#[test]
fn a_power_setting_that_the_stack_does_not_want_is_never_touched() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    exec(&sim, "/usr/bin/sudo -n /usr/bin/pmset -c displaysleep 42 sleep 5");
    apply_well(&sim, &stack);
    assert_eq!(setting(&sim, PowerSource::Ac, "sleep").as_deref(), Some("0"));
    destroy_well(&sim, &stack);
    assert_eq!(setting(&sim, PowerSource::Ac, "displaysleep").as_deref(), Some("42"));
    assert_eq!(setting(&sim, PowerSource::Ac, "sleep").as_deref(), Some("1"));
}

#[test]
fn a_power_supply_that_is_unplugged_for_a_while_gets_its_settings_back() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let ups = vec![("sleep".to_owned(), "7".to_owned()), ("disksleep".to_owned(), "8".to_owned())];
    sim.with_mac(|mac| mac.state.power.insert(PowerSource::Ups, ups));
    apply_well(&sim, &stack);
    let unplugged = sim.with_mac(|mac| mac.state.power.remove(&PowerSource::Ups)).unwrap();
    apply_well(&sim, &stack);
    sim.with_mac(|mac| mac.state.power.insert(PowerSource::Ups, unplugged));
    apply_well(&sim, &stack);
    destroy_well(&sim, &stack);
    assert_eq!(setting(&sim, PowerSource::Ups, "sleep").as_deref(), Some("7"));
    assert_eq!(setting(&sim, PowerSource::Ups, "disksleep").as_deref(), Some("8"));
}

#[test]
fn homebrews_job_that_comes_back_is_put_aside_again_and_given_back_once() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let label = "homebrew.mxcl.ollama";
    let plist = sim.with_mac(|mac| launchd::with_brew_ollama(mac, label)).unwrap();
    apply_well(&sim, &stack);
    assert!(!there(&sim, plist.as_str()));
    sim.with_mac(|mac| launchd::with_brew_ollama(mac, label)).unwrap();
    apply_well(&sim, &stack);
    assert!(!there(&sim, plist.as_str()));
    destroy_well(&sim, &stack);
    assert!(there(&sim, plist.as_str()));
    assert!(exec(&sim, &format!("/bin/launchctl print gui/501/{label}")).contains("state = running"));
}

#[test]
fn a_ticket_from_before_is_kept_through_a_long_download() {
    let stack = spine();
    let mut spec = own_spec(&stack);
    spec.sudo = SudoMode::Asks;
    let sim = sim(Mac::new(&spec, 0));
    sim.with_mac(|mac| mac.state.bandwidth = 5_000_000);
    let output = sim.ask_sudo(vec!["before".into()]).unwrap();
    assert!(output.ok());
    sim.done(&Change::Sudo(Sudo::Release)).unwrap();
    apply_well(&sim, &stack);
}

#[test]
fn a_property_list_that_was_there_comes_back_with_its_mode() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let path = "/Users/lab/Library/LaunchAgents/dev.forge.ollama.plist";
    exec(&sim, "/bin/mkdir /Users/lab/Library/LaunchAgents");
    let theirs =
        "<plist version=\"1.0\"><dict><key>Label</key><string>dev.forge.ollama</string></dict></plist>";
    sim.with_mac(|mac| {
        let now = mac.state.now;
        let content = Content::Bytes(theirs.as_bytes().to_vec());
        mac.disk.write(501, Utf8Path::new(path), content, 0o600, now).unwrap();
    });
    apply_well(&sim, &stack);
    destroy_well(&sim, &stack);
    assert_eq!(exec(&sim, &format!("/bin/cat {path}")), theirs);
    let node = sim.with_mac(|mac| mac.disk.node(Utf8Path::new(path))).unwrap();
    assert_eq!((node.kind, node.mode), (Kind::File, 0o600));
}

#[test]
fn a_failure_of_destroy_names_the_place_that_asked_for_it() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    sim.with_mac(|mac| mac.state.faults.arm_always(Fault::PowerWriteIgnored));
    let ears = Ears::default();
    let summary = engine::destroy(&sim, &stack, &yes(), true, &Nobody, &ears).unwrap();
    assert_eq!(summary.failed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["power/ac"]);
    let told = ears.told().into_iter().find(|event| event.contains("resource-failed")).unwrap();
    assert!(told.contains("stack.yaml:9:"), "{told}");
    sim.with_mac(|mac| mac.state.faults.disarm(Fault::PowerWriteIgnored));
    destroy_well(&sim, &stack);
}
