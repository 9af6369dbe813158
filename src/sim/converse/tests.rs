use std::sync::Mutex;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::*;
use crate::{
    machine::{Changing, Halt, Looking, Machine, Quiet, Task},
    sim::{
        Fault, Kill, USER,
        testing::sim,
        tool::{launchd::with_brew_ollama, ollama::Weights},
    },
};

const SMALL: Weights = Weights { bytes: 300_000_000, train_context: 8192, num_ctx: None };

/// A server that runs, and two models to pull.
fn serving() -> Sim {
    let sim = sim();
    sim.with_mac(|mac| {
        with_brew_ollama(mac, "homebrew.mxcl.ollama").unwrap();
        mac.advance(Duration::from_secs(3));
        for name in ["small", "other"] {
            mac.state.internet.registry.publish(name, SMALL);
        }
    });
    sim
}

fn order(name: &str, limit: u64) -> Request {
    let body = json!({ "model": name }).to_string();
    let url = "http://127.0.0.1:11434/api/pull";
    Request { lines: true, ..Request::post(url, body, Duration::from_secs(limit)) }
}

#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Tell for Ears {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

fn last(ears: &Ears) -> Value {
    serde_json::from_str(ears.0.lock().unwrap().last().unwrap()).unwrap()
}

/// What is noted of the first part of a pull that was broken off.
fn noted(sim: &Sim) -> u64 {
    sim.with_mac(|mac| {
        let folder = Utf8Path::new("/Users/lab/.ollama/models/blobs");
        let names = mac.disk.list(USER, folder).unwrap();
        let note = names.iter().find(|name| name.ends_with("-partial-0")).expect("a note");
        let bytes = mac.disk.read(USER, &folder.join(note)).unwrap().bytes(1000).unwrap().into_owned();
        serde_json::from_slice::<Value>(&bytes).unwrap()["Completed"].as_u64().unwrap()
    })
}

#[test]
fn the_lines_of_a_pull_are_told_as_they_come_and_the_last_is_the_answer() {
    let sim = serving();
    let ears = Ears::default();
    let reply = sim.send(order("small", 30), &ears).unwrap().unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, br#"{"status":"success"}"#.as_slice()));
    let told = ears.0.lock().unwrap().clone();
    assert_eq!(told.first().map(String::as_str), Some(r#"{"status":"pulling manifest"}"#));
    assert!(told.iter().any(|line| line.contains("\"completed\":")));
    assert_eq!(told.last().map(String::as_str), Some(r#"{"status":"success"}"#));
}

#[test]
fn whoever_does_not_listen_line_by_line_gets_the_whole() {
    let sim = serving();
    let reply = sim.send(Request { lines: false, ..order("small", 30) }, &Quiet).unwrap().unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    assert!(
        text.starts_with("{\"status\":\"pulling manifest\"}\n")
            && text.ends_with("{\"status\":\"success\"}\n")
    );
}

#[test]
fn the_person_ends_a_pull_and_the_next_goes_on_where_it_was() {
    let sim = serving();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::PullInterrupted, 1));
    let halted = sim.send(order("small", 30), &Quiet).unwrap_err();
    assert_eq!(Halt::of(&halted), Some(Halt::Interrupted));
    assert!(noted(&sim) > 30_000_000);
    sim.revive();
    sim.send(order("small", 30), &Quiet).unwrap().unwrap();
    assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded) / 1_000_000, 300, "no byte twice");
}

#[test]
fn a_forgectl_that_is_killed_ends_its_pulls_with_it() {
    let sim = serving();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::PullKilled, 1));
    let halted = sim.send(order("small", 30), &Quiet).unwrap_err();
    assert_eq!(Halt::of(&halted), Some(Halt::Killed));
    let before = noted(&sim);
    assert!(before > 30_000_000);
    sim.with_mac(|mac| mac.advance(Duration::from_mins(1)));
    assert_eq!(noted(&sim), before, "nothing comes any more");
    sim.revive();
    sim.send(order("small", 30), &Quiet).unwrap().unwrap();
    assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded) / 1_000_000, 300);
}

#[test]
fn a_silence_longer_than_the_limit_is_given_up() {
    let sim = serving();
    sim.with_mac(|mac| mac.state.faults.arm_always(Fault::PullStalls));
    let begun = sim.now();
    assert_eq!(sim.send(order("small", 20), &Quiet).unwrap(), Err("nothing new within 20 s".to_owned()));
    assert!((20..60).contains(&sim.now().duration_since(begun).as_secs()));
    assert!(noted(&sim) > 0, "the pull ended with its connection");
}

#[test]
fn a_server_that_dies_breaks_the_answer_off() {
    let sim = serving();
    let ears = Ears::default();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::PullServerKilled, 1));
    assert_eq!(sim.send(order("small", 30), &ears).unwrap(), Err(BROKEN.to_owned()));
    assert!(last(&ears)["total"].is_u64());
}

/// Runs two pulls at the same time, and a file that is written ten seconds later.
fn together(sim: &Sim) -> Vec<String> {
    let outcomes = Mutex::new(vec![]);
    let mut tasks: Vec<(usize, Task)> = vec![];
    for (number, name) in ["small", "other"].into_iter().enumerate() {
        let outcomes = &outcomes;
        tasks.push((
            number,
            Box::new(move || {
                let outcome = match sim.send(order(name, 60), &Quiet) {
                    Ok(reply) => String::from_utf8(reply.unwrap().body).unwrap(),
                    Err(halted) => format!("{:?}", Halt::of(&halted)),
                };
                outcomes.lock().unwrap().push(outcome);
            }),
        ));
    }
    tasks.push((
        2,
        Box::new(|| {
            let _ = sim.wait(Duration::from_secs(10), Wait::Settle);
            let _ = sim.make_dir(Utf8Path::new("/Users/lab/d"), 0o700);
        }),
    ));
    let mut tasks = Some(tasks);
    sim.crew(&mut |_| tasks.take().unwrap_or_default());
    let outcomes = outcomes.lock().unwrap();
    outcomes.clone()
}

#[test]
fn two_pulls_share_the_line_and_others_act_meanwhile() {
    let sim = serving();
    let begun = sim.now();
    assert_eq!(together(&sim), [r#"{"status":"success"}"#; 2]);
    let took = sim.now().duration_since(begun).as_secs_f64();
    assert!((23.5..26.0).contains(&took), "600 MB at 200 Mbit/s: {took}");
    let made = sim.stat(Utf8Path::new("/Users/lab/d")).unwrap().unwrap().modified;
    assert!(made.duration_since(begun).as_secs() <= 11, "not after them");
}

#[test]
fn a_kill_by_another_task_ends_both_in_the_middle() {
    let sim = serving();
    sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::Before(3)));
    assert_eq!(together(&sim), ["Some(Killed)"; 2]);
    let downloaded = sim.with_mac(|mac| mac.state.meter.downloaded) / 1_000_000;
    assert!((240..260).contains(&downloaded), "ten seconds' worth: {downloaded}");
}

#[test]
fn the_same_pulls_pass_the_same_way_each_time() {
    let run = || {
        let sim = serving();
        together(&sim);
        sim.into_mac().to_json().unwrap()
    };
    assert_eq!(run(), run());
}
