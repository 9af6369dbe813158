use std::{sync::Mutex, time::Duration};

use anyhow::Result;
use camino::Utf8Path;

use crate::{
    machine::{Changing, Command, Halt, Look, Looking, Machine, Quiet, Recorded, Task, Wait},
    sim::{
        Kill, Mac, Options, Sim, SudoMode,
        testing::{mac, sim},
    },
};

fn path(text: &str) -> &Utf8Path {
    Utf8Path::new(text)
}

fn halt<T>(result: Result<T>) -> Option<Halt> {
    result.err().and_then(|error| Halt::of(&error))
}

/// Two tasks that wait and act; the trace of the whole, and the names in the order of their making.
fn trace(kill: Option<Kill>) -> (Vec<String>, Vec<String>, Mac) {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.kill = kill);
    let heard = Mutex::new(vec![]);
    {
        let recorded = Recorded::new(&sim, |entry| {
            if let Ok(mut heard) = heard.lock() {
                heard.push(format!("{} {:?} {}", entry.at, entry.took, entry.what));
            }
        });
        let machine = &recorded;
        let work = |name: &'static str, pause: u64| -> Task<'_> {
            Box::new(move || {
                for nth in 0..5 {
                    let _ = machine.make_dir(&path("/Users/lab").join(format!("{name}{nth}")), 0o700);
                    let _ = machine.wait(Duration::from_millis(pause), Wait::Settle);
                }
            })
        };
        let mut ended = vec![];
        machine.crew(&mut |number| {
            ended.extend(number);
            match (number, ended.len()) {
                (None, _) => vec![(1, work("slow", 700)), (2, work("fast", 200))],
                (Some(2), 1) => vec![(3, work("late", 100))],
                _ => vec![],
            }
        });
        assert_eq!(ended, if kill.is_some() { ended.clone() } else { vec![2, 3, 1] });
    }
    let heard = heard.into_inner().unwrap();
    let made = heard
        .iter()
        .filter_map(|line| Some(line.split_once("make folder /Users/lab/")?.1.to_owned()))
        .collect();
    (heard, made, sim.into_mac())
}

#[test]
fn tasks_take_turns_by_their_clocks_and_the_same_way_every_time() {
    let (first, made, _) = trace(None);
    let order: Vec<&str> = made.iter().filter_map(|name| name.split(' ').next()).collect();
    assert_eq!(
        order,
        [
            "slow0", "fast0", "fast1", "fast2", "fast3", "slow1", "fast4", "late0", "late1", "late2",
            "late3", "slow2", "late4", "slow3", "slow4"
        ]
    );
    for _ in 0..20 {
        assert_eq!(trace(None).0, first);
    }
}

#[test]
fn a_kill_hits_the_same_effect_of_a_crew_every_time_and_stops_all_tasks() {
    let made = |kill| {
        let (_, _, mac) = trace(Some(kill));
        let names = mac.disk.list(0, path("/Users/lab")).unwrap();
        names.into_iter().filter(|name| name.ends_with(|c: char| c.is_ascii_digit())).collect::<Vec<_>>()
    };
    for _ in 0..5 {
        assert_eq!(made(Kill::Before(5)), ["fast0", "fast1", "fast2", "slow0"]);
        assert_eq!(made(Kill::After(5)), ["fast0", "fast1", "fast2", "fast3", "slow0"]);
    }
}

#[test]
fn stages_of_a_long_command_let_others_act_in_between() {
    let sim = sim();
    let order = Mutex::new(vec![]);
    let note = |what: &str| order.lock().unwrap().push(what.to_owned());
    sim.crew(&mut |ended| {
        if ended.is_some() {
            return vec![];
        }
        let long: Task = Box::new(|| {
            sim.run(&Command::new(&["/usr/sbin/softwareupdate", "-l"]), &Quiet).unwrap();
            note("listed");
        });
        let short: Task = Box::new(|| {
            sim.wait(Duration::from_secs(5), Wait::Poll).unwrap();
            note("waited");
        });
        vec![(1, long), (2, short)]
    });
    assert_eq!(order.into_inner().unwrap(), ["waited", "listed"]);
}

#[test]
fn a_command_outlives_the_forgectl_that_started_it() {
    let mut mac = mac();
    mac.state.spec.sudo = SudoMode::Nopasswd;
    mac.state.faults.kill = Some(Kill::Before(3));
    let sim = Sim::new(mac, Options::default());
    sim.crew(&mut |ended| {
        if ended.is_some() {
            return vec![];
        }
        let install: Task = Box::new(|| {
            let touch = ["/usr/bin/touch", "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress"];
            sim.run_ok(&Command::new(&touch).as_root(), &Quiet).unwrap();
            let label = "Command Line Tools for Xcode-16.4";
            let install = Command::new(&["/usr/sbin/softwareupdate", "-i", label]).as_root();
            assert_eq!(halt(sim.run(&install.limit(Duration::from_hours(1)), &Quiet)), Some(Halt::Killed));
        });
        let other: Task = Box::new(|| {
            sim.wait(Duration::from_secs(30), Wait::Poll).unwrap();
            assert_eq!(halt(sim.make_dir(path("/Users/lab/d"), 0o700)), Some(Halt::Killed));
        });
        vec![(1, install), (2, other)]
    });
    sim.revive();
    assert!(sim.stat(path("/Library/Developer/CommandLineTools/usr/bin/git")).unwrap().is_some());
}

#[test]
fn an_interruption_ends_polls_of_other_tasks_at_once() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.interrupts = vec![1]);
    let began = sim.now();
    sim.crew(&mut |ended| {
        if ended.is_some() {
            return vec![];
        }
        let polls: Task = Box::new(|| {
            assert_eq!(halt(sim.wait(Duration::from_mins(10), Wait::Poll)), Some(Halt::Interrupted));
        });
        let acts: Task = Box::new(|| {
            sim.wait(Duration::from_secs(2), Wait::Settle).unwrap();
            sim.make_dir(path("/Users/lab/d"), 0o700).unwrap();
        });
        vec![(1, polls), (2, acts)]
    });
    assert_eq!(sim.now().duration_since(began).as_secs(), 2);
}

#[test]
fn a_task_that_panics_does_not_hang_its_crew() {
    let sim = sim();
    let done = Mutex::new(vec![]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sim.crew(&mut |ended| {
            if let Some(number) = ended {
                done.lock().unwrap().push(number);
                return vec![];
            }
            let panics: Task = Box::new(|| panic!("on purpose"));
            let waits: Task = Box::new(|| sim.wait(Duration::from_secs(1), Wait::Poll).unwrap());
            vec![(1, panics), (2, waits)]
        });
    }));
    assert!(panicked.is_err());
    assert_eq!(done.into_inner().unwrap(), [1, 2]);
    sim.wait(Duration::from_secs(1), Wait::Poll).unwrap();
}

#[test]
fn a_crew_whose_master_panics_comes_down() {
    let sim = sim();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sim.crew(&mut |ended| {
            assert_eq!(ended, None, "on purpose");
            let short: Task = Box::new(|| {});
            let waits: Task = Box::new(|| {
                assert_eq!(halt(sim.wait(Duration::from_secs(9), Wait::Poll)), Some(Halt::Killed));
            });
            vec![(1, waits), (2, short)]
        });
    }));
    assert!(panicked.is_err());
}

#[test]
fn a_task_may_have_a_crew_of_its_own() {
    let sim = sim();
    let order = Mutex::new(vec![]);
    let note = |what: &'static str| order.lock().unwrap().push(what);
    let waits = |millis: u64| sim.wait(Duration::from_millis(millis), Wait::Settle).unwrap();
    sim.crew(&mut |ended| {
        if ended.is_some() {
            return vec![];
        }
        let outer: Task = Box::new(|| {
            waits(10);
            sim.crew(&mut |ended| {
                if ended.is_some() {
                    return vec![];
                }
                let first: Task = Box::new(|| {
                    waits(20);
                    note("inner at 30");
                });
                let second: Task = Box::new(|| {
                    waits(50);
                    note("inner at 60");
                });
                vec![(1, first), (2, second)]
            });
            waits(10);
            note("outer at 70");
        });
        let other: Task = Box::new(|| {
            waits(40);
            note("other at 40");
            waits(25);
            note("other at 65");
        });
        vec![(1, outer), (2, other)]
    });
    assert_eq!(
        order.into_inner().unwrap(),
        ["inner at 30", "other at 40", "inner at 60", "other at 65", "outer at 70"]
    );
}
