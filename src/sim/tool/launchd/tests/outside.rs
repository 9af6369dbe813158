//! Jobs whose processes are real ones, on a Mac in a folder.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use crate::{
    machine::tool::launchctl::JobView,
    sim::{
        Host, Spawn,
        tool::bench::{Bench, JOB, LABEL, PLIST, PROGRAM},
    },
};

/// What happened outside: processes with how they ended, and what was asked for.
#[derive(Default)]
struct Outside {
    processes: BTreeMap<u32, Option<i32>>,
    spawned: Vec<Spawn>,
    signals: Vec<(u32, i32)>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Outside>>);

impl Host for Fake {
    fn spawn(&mut self, spawn: &Spawn) -> io::Result<u32> {
        let mut outside = self.0.lock().unwrap();
        outside.spawned.push(spawn.clone());
        let pid = 40_000 + u32::try_from(outside.spawned.len()).unwrap();
        outside.processes.insert(pid, None);
        Ok(pid)
    }

    fn ended(&mut self, pid: u32) -> Option<i32> {
        self.0.lock().unwrap().processes.get(&pid).copied().flatten()
    }

    fn signal(&mut self, pid: u32, signal: i32) -> io::Result<()> {
        self.0.lock().unwrap().signals.push((pid, signal));
        Ok(())
    }
}

impl Fake {
    fn ends(&self, pid: u32, status: i32) {
        self.0.lock().unwrap().processes.insert(pid, Some(status));
    }
}

fn bench(keys: &str) -> (Bench, Fake) {
    let fake = Fake::default();
    let mut bench = Bench::new();
    bench.mac.host = Some(Box::new(fake.clone()));
    bench.plist(&format!("<key>RunAtLoad</key><true/>{keys}"));
    assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
    bench.pass(1.0);
    (bench, fake)
}

#[test]
fn a_process_is_started_outside_with_all_that_launchd_gives_it() {
    let log = "/Users/lab/Library/Logs/new/out.log";
    let (mut bench, fake) = bench(&format!("<key>StandardOutPath</key><string>{log}</string>"));
    assert_eq!(bench.job().pid(), Some(40_001));
    let spawned = fake.0.lock().unwrap().spawned[0].clone();
    assert_eq!(
        (spawned.label.as_str(), spawned.argv),
        (LABEL, vec![PROGRAM.to_owned(), "--flag".to_owned()])
    );
    assert_eq!(spawned.environment["HOME"], "/Users/lab");
    assert_eq!(spawned.stdout.unwrap(), log);
    assert!(bench.mac.disk.node(log.into()).is_some(), "launchd has made it");
    let known = &bench.mac.state.processes[&40_001];
    assert_eq!((known.argv[0].as_str(), known.uid), (PROGRAM, 501), "`ps` finds it by its real number");
}

#[test]
fn a_real_process_that_ended_is_found_and_started_again() {
    let (mut bench, fake) = bench("<key>KeepAlive</key><true/>");
    fake.ends(40_001, 3);
    bench.pass(1.0);
    assert_eq!(bench.job().pid(), None);
    assert_eq!(bench.value("last exit code").as_deref(), Some("3"));
    bench.pass(10.0);
    assert_eq!(bench.job().pid(), Some(40_002));
    fake.ends(40_002, -11);
    bench.pass(1.0);
    assert_eq!(bench.value("last terminating signal").as_deref(), Some("Segmentation fault: 11"));
}

#[test]
fn a_bootout_asks_then_kills_and_the_job_goes_with_the_process() {
    let (mut bench, fake) = bench("<key>KeepAlive</key><true/>");
    assert!(bench.ctl(&format!("bootout {JOB}")).ok());
    bench.pass(4.0);
    assert_eq!(fake.0.lock().unwrap().signals, [(40_001, 15)]);
    assert_eq!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).code, 5);
    bench.pass(2.0);
    assert_eq!(fake.0.lock().unwrap().signals, [(40_001, 15), (40_001, 9)]);
    assert_eq!(bench.value("state").as_deref(), Some("SIGKILLed"));
    fake.ends(40_001, -9);
    bench.pass(0.1);
    assert_eq!(bench.view(), JobView::NotLoaded);
    assert_eq!(fake.0.lock().unwrap().spawned.len(), 1, "it is not started again");
}
