use camino::Utf8Path;

use super::*;
use crate::{
    machine::{Changing, Command, Looking, Tool},
    sim::{
        Fault, Node, differences,
        testing::{mac, sim},
    },
    value::PowerSource,
};

struct Refuses;

impl Person for Refuses {
    fn password(&mut self, _: &[String]) -> bool {
        false
    }
}

fn path(text: &str) -> &Utf8Path {
    Utf8Path::new(text)
}

fn halt<T>(result: Result<T>) -> Option<Halt> {
    result.err().and_then(|error| Halt::of(&error))
}

#[test]
fn looking_answers_what_is_there_and_changes_nothing() {
    let sim = sim();
    let before = sim.with_mac(|mac| mac.copy().unwrap());
    assert_eq!(sim.read(path("/nowhere")).unwrap(), None);
    assert_eq!(sim.list(path("/nowhere")).unwrap(), None);
    assert_eq!(sim.stat(path("/tmp")).unwrap().unwrap().target.as_deref(), Some(path("private/tmp")));
    assert_eq!(sim.resolve(path("/var/db")).unwrap().as_deref(), Some(path("/private/var/db")));
    assert!(sim.list(path("/private/var/db/sudo/ts")).is_err(), "not allowed is not absent");
    assert!(sim.stat(path("/private/var/db/sudo/ts/501")).is_err());
    assert!(sim.read(path("/opt/homebrew/opt/ollama/bin/ollama")).is_err(), "too large");
    assert_eq!(
        sim.digest(path("/opt/homebrew/opt/ollama/bin/ollama")).unwrap().map(|digest| digest.len()),
        Some(64)
    );
    assert_eq!(sim.space(path("/")).unwrap().free, 460_000_000_000);
    assert!(sim.identity().unwrap().is_admin());
    assert_eq!(sim.identity().unwrap().state, "/Users/lab/.local/state/forgectl");
    assert_eq!(sim.power_settings().unwrap()[&PowerSource::Ac]["sleep"], "1");
    assert_eq!(sim.sysctl(&["hw.memsize", "nonsense"]).unwrap().len(), 1);
    assert_eq!(sim.tool(Tool::DeveloperFolder).unwrap().code, 2);
    let facts = crate::machine::facts::gather(&sim).unwrap();
    assert_eq!((facts.chip.as_deref(), facts.gpu_cores, facts.at_screen), (Some("M4 Pro"), Some(20), true));
    assert_eq!(
        (facts.macos.as_deref(), facts.build.as_deref(), facts.managed),
        (Some("15.5"), Some("24F74"), false)
    );
    assert!(sim.now() > before.state.now, "it takes time");
    sim.with_mac(|mac| assert_eq!(differences(&before, mac, true), []));
}

#[test]
fn files_are_written_as_the_user_and_protected_ones_are_refused_by_name() {
    let sim = sim();
    sim.make_dir(path("/Users/lab/d"), 0o700).unwrap();
    sim.make_dir(path("/Users/lab/d"), 0o755).unwrap();
    assert_eq!(sim.stat(path("/Users/lab/d")).unwrap().unwrap().mode, 0o700, "left as it is");
    sim.write(path("/Users/lab/d/x"), b"text", 0o600).unwrap();
    assert_eq!(sim.read_text(path("/Users/lab/d/x")).unwrap().as_deref(), Some("text"));
    let protect = |act: fn(&mut Node)| {
        sim.with_mac(|mac| act(mac.disk.memory_mut().unwrap().node_mut("/Users/lab/d/x").unwrap()));
    };
    protect(|node| node.acl = true);
    let refused = sim.write(path("/Users/lab/d/x"), b"", 0o600).unwrap_err().to_string();
    assert_eq!(refused, "`/Users/lab/d/x` has an access control list");
    protect(|node| (node.acl, node.immutable) = (false, true));
    let refused = sim.write(path("/Users/lab/d/x"), b"", 0o600).unwrap_err().to_string();
    assert_eq!(refused, "`/Users/lab/d/x` is immutable");
    let refused = sim.write(path("/Library/x"), b"", 0o600).unwrap_err().to_string();
    assert_eq!(refused, "`/Library/x`: Permission denied");
    protect(|node| node.immutable = false);
    assert!(sim.remove(path("/Users/lab/d")).is_err(), "not empty");
    sim.remove_tree(path("/Users/lab/d")).unwrap();
    sim.remove(path("/Users/lab/d")).unwrap();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::DiskFull, 1));
    let full = sim.write(path("/Users/lab/x"), b"", 0o600).unwrap_err().to_string();
    assert_eq!(full, "`/Users/lab/x`: No space left on device");
}

#[test]
fn forgectls_own_files_are_private() {
    let sim = sim();
    let journal = path("/Users/lab/.local/state/forgectl/journal.jsonl");
    sim.append(journal, "one".to_owned()).unwrap();
    sim.append(journal, "two".to_owned()).unwrap();
    assert_eq!(sim.read_text(journal).unwrap().as_deref(), Some("one\ntwo\n"));
    assert_eq!(sim.stat(journal).unwrap().unwrap().mode, 0o600);
    assert_eq!(sim.stat(path("/Users/lab/.local")).unwrap().unwrap().mode, 0o700);
    let receipts = path("/Users/lab/.local/state/forgectl/receipts.json");
    sim.keep(receipts, b"{}").unwrap();
    assert_eq!(sim.stat(receipts).unwrap().unwrap().mode, 0o600);
    let meter = sim.with_mac(|mac| mac.state.meter.clone());
    assert_eq!((meter.effects, meter.bookkeeping), (0, 3));
}

#[test]
fn a_lock_is_let_go_when_dropped_or_when_its_process_dies() {
    let sim = sim();
    let file = path("/Users/lab/.local/state/forgectl/lock");
    let hold = sim.lock(file, "first".to_owned()).unwrap().unwrap();
    assert_eq!(sim.lock(file, "second".to_owned()).unwrap().err().as_deref(), Some("first"));
    drop(hold);
    let stale = sim.lock(file, "second".to_owned()).unwrap().unwrap();
    sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::Before(1)));
    assert_eq!(halt(sim.make_dir(path("/Users/lab/d"), 0o700)), Some(Halt::Killed));
    sim.revive();
    let hold = sim.lock(file, "third".to_owned()).unwrap().unwrap();
    drop(stale);
    assert!(sim.lock(file, "fourth".to_owned()).unwrap().is_err(), "a stale hold lets go of nothing");
    drop(hold);
}

#[test]
fn a_kill_before_an_effect_leaves_it_undone_and_after_it_done() {
    for (kill, done) in [(Kill::Before(2), false), (Kill::After(2), true)] {
        let sim = sim();
        sim.with_mac(|mac| mac.state.faults.kill = Some(kill));
        sim.make_dir(path("/Users/lab/a"), 0o700).unwrap();
        assert_eq!(halt(sim.make_dir(path("/Users/lab/b"), 0o700)), Some(Halt::Killed));
        assert_eq!(halt(sim.stat(path("/Users/lab/b"))), Some(Halt::Killed));
        assert_eq!(halt(sim.wait(Duration::from_secs(1), Wait::Settle)), Some(Halt::Killed));
        assert!(sim.is_killed());
        sim.revive();
        assert_eq!(sim.stat(path("/Users/lab/b")).unwrap().is_some(), done);
        sim.make_dir(path("/Users/lab/c"), 0o700).unwrap();
    }
}

#[test]
fn an_interruption_stops_polls_and_a_second_one_settling_too() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.interrupts = vec![1, 2]);
    let second = Duration::from_secs(1);
    sim.wait(second, Wait::Poll).unwrap();
    sim.make_dir(path("/Users/lab/a"), 0o700).unwrap();
    assert_eq!(halt(sim.wait(second, Wait::Poll)), Some(Halt::Interrupted));
    sim.wait(second, Wait::Settle).unwrap();
    sim.make_dir(path("/Users/lab/b"), 0o700).unwrap();
    assert_eq!(halt(sim.wait(second, Wait::Settle)), Some(Halt::Interrupted));
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let sim = sim();
    let hangs = Command::new(&["/usr/bin/caffeinate", "-i"]).limit(Duration::from_secs(90));
    let before = sim.now();
    let output = sim.run(&hangs, &Quiet).unwrap();
    assert_eq!((output.code, output.stderr.as_str()), (143, "ended after 90 s, the time that it may take\n"));
    assert_eq!(sim.now().duration_since(before).as_secs(), 90);
}

#[test]
fn a_command_that_has_done_its_work_and_hangs_counts_as_done() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesHangAfterDone, 1));
    sim.ask_sudo(vec!["tools".to_owned()]).unwrap();
    let touch = ["/usr/bin/touch", "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress"];
    sim.run_ok(&Command::new(&touch).as_root(), &Quiet).unwrap();
    let mut install = Command::new(&["/usr/sbin/softwareupdate", "-i", "Command Line Tools for Xcode-16.4"]);
    install = install.as_root().limit(Duration::from_hours(1));
    install.done_mark = Some("Done.");
    let before = sim.now();
    assert_eq!(sim.run(&install, &Quiet).unwrap().code, 0);
    let took = sim.now().duration_since(before).as_secs();
    assert!((270..400).contains(&took), "{took}");
    assert!(sim.stat(path("/Library/Developer/CommandLineTools/usr/bin/git")).unwrap().is_some());
    assert!(sim.with_mac(|mac| mac.state.meter.peak_disk) > 745_661 * 1024);
}

#[test]
fn a_ticket_is_kept_while_forgectl_lives_and_wants_it() {
    let sim = sim();
    assert!(sim.ask_sudo(vec!["power".to_owned()]).unwrap().ok());
    assert!(sim.ask_sudo(vec!["power".to_owned()]).unwrap().ok());
    assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), 1);
    sim.wait(Duration::from_mins(20), Wait::Settle).unwrap();
    assert!(sim.tool(Tool::SudoReady).unwrap().ok());
    sim.done(&Change::Sudo(crate::machine::Sudo::Release)).unwrap();
    sim.wait(Duration::from_secs(301), Wait::Settle).unwrap();
    assert_eq!(sim.tool(Tool::SudoReady).unwrap().code, 1);
}

#[test]
fn nobody_or_a_person_who_does_not_know_the_password_gives_no_leave() {
    let nobody = Sim::new(mac(), Options { can_ask: false, ..Options::default() });
    assert!(nobody.ask_sudo(vec![]).unwrap().stderr.contains("a terminal is required"));
    let refuses = Sim::new(mac(), Options { person: Box::new(Refuses), ..Options::default() });
    let output = refuses.ask_sudo(vec![]).unwrap();
    assert_eq!((output.code, output.stderr.as_str()), (1, "sudo: 3 incorrect password attempts\n"));
    assert_eq!(refuses.tool(Tool::SudoReady).unwrap().code, 1);
}

#[test]
fn the_mac_is_kept_awake_as_long_as_forgectl_lives() {
    let sim = sim();
    sim.done(&Change::Awake).unwrap();
    let live = || Command::new(&["/usr/bin/pmset", "-g"]);
    assert!(
        sim.run(&live(), &Quiet)
            .unwrap()
            .stdout
            .contains("sleep                1 (sleep prevented by caffeinate)")
    );
    let mac = sim.into_mac();
    assert!(mac.state.processes.values().all(|process| process.command() != "caffeinate"));
}

#[test]
fn a_listener_is_seen_and_another_users_is_seen_without_a_name() {
    let sim = sim();
    let program = |port| Program::Listener { address: "127.0.0.1".to_owned(), port };
    sim.with_mac(|mac| {
        mac.spawn_process(501, vec!["/bin/own".to_owned()], [].into(), program(1000));
        mac.spawn_process(0, vec!["/bin/other".to_owned()], [].into(), program(2000));
    });
    let at = |port: u16| sim.listeners(([127, 0, 0, 1], port).into()).unwrap();
    assert_eq!(at(1000)[0].command.as_deref(), Some("own"));
    assert_eq!(at(2000)[0].command, None);
    assert_eq!(at(3000), []);
    let elsewhere = sim.listeners(([192, 168, 1, 20], 1000).into()).unwrap();
    assert_eq!(elsewhere, [], "another address of the same port");
    assert_eq!(sim.listeners(([0, 0, 0, 0], 1000).into()).unwrap().len(), 1);
}

#[test]
fn it_is_the_same_mac_after_it_was_kept() {
    let sim = sim();
    sim.make_dir(path("/Users/lab/d"), 0o700).unwrap();
    let mac = sim.into_mac();
    let again = Mac::from_json(&mac.to_json().unwrap()).unwrap();
    assert_eq!(differences(&mac, &again, true), []);
    assert_eq!((again.state.now, again.state.meter), (mac.state.now, mac.state.meter));
    assert!(Mac::from_json("{\"version\": 9}").is_err_and(|error| error.to_string().contains("version 9")));
    assert!(Mac::from_json("nonsense").is_err());
}
