use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};

use super::{
    Caller, Kill, Mac, Person, Program, Simulated, USER, answering, changing, locks::Locks,
    schedule::Schedule,
};
use crate::machine::{
    Answer, Change, Class, Halt, Look, Machine, Outcome, Output, Query, Quiet, Task, Tell, Wait,
};

/// How forgectl stands on a simulated Mac.
pub struct Options {
    /// Whether it has a terminal, so that sudo can ask.
    pub can_ask: bool,
    /// Who answers.
    pub person: Box<dyn Person>,
}

impl Default for Options {
    /// At a terminal, where a simulated person answers.
    fn default() -> Self {
        Self { can_ask: true, person: Box::new(Simulated) }
    }
}

/// A simulated Mac behind the door, with forgectl's own process on it.
pub struct Sim {
    mac: Mutex<Mac>,
    pub(super) schedule: Schedule,
    pub(super) person: Mutex<Box<dyn Person>>,
    pub(super) can_ask: bool,
    pub(super) locks: Locks,
    life: Mutex<Life>,
}

/// What ends with forgectl's process.
#[derive(Clone, Copy, Default)]
pub(super) struct Life {
    /// Its process.
    pub(super) pid: u32,
    /// The process that keeps the Mac awake.
    pub(super) awake: Option<u32>,
    /// Since when it renews sudo's ticket each minute.
    pub(super) renewing: Option<Timestamp>,
    killed: bool,
    interrupts: u32,
}

impl Sim {
    /// Starts forgectl on `mac`.
    pub fn new(mac: Mac, options: Options) -> Self {
        let sim = Self {
            mac: Mutex::new(mac),
            schedule: Schedule::default(),
            person: Mutex::new(options.person),
            can_ask: options.can_ask,
            locks: Locks::default(),
            life: Mutex::new(Life::default()),
        };
        sim.revive();
        sim
    }

    /// Starts forgectl anew, as after a kill.
    pub fn revive(&self) {
        self.end();
        let argv = vec!["/usr/local/bin/forgectl".to_owned()];
        let pid = self.with_mac(|mac| mac.spawn_process(USER, argv, [].into(), Program::Idle));
        *self.life() = Life { pid, ..Life::default() };
    }

    /// The Mac once forgectl's process has ended.
    pub fn into_mac(self) -> Mac {
        self.end();
        self.mac.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into the Mac, or tampers with it.
    pub fn with_mac<R>(&self, act: impl FnOnce(&mut Mac) -> R) -> R {
        act(&mut self.mac.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a program on the Mac that is not forgectl's own, to its end; one that never ends is stopped as by Ctrl-C (130).
    pub fn exec(&self, caller: Caller, argv: &[String]) -> Output {
        self.execute(caller, argv, None, None, &Quiet)
    }

    /// Asks forgectl to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.life().interrupts += 1;
        self.schedule.interrupt(self.now());
    }

    /// Whether forgectl was killed.
    pub fn is_killed(&self) -> bool {
        self.life().killed
    }

    /// Who forgectl is to the Mac's tools.
    pub(super) fn caller(&self) -> Caller {
        let user = Caller::user(self.can_ask);
        if self.can_ask { user } else { Caller { session: self.life().pid, ..user } }
    }

    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass; tasks whose clock is earlier act first.
    pub(super) fn pass(&self, time: Duration) {
        self.pass_until(time, false);
    }

    fn pass_until(&self, time: Duration, polls: bool) {
        let now = self.now();
        let until = now.checked_add(time).unwrap_or(now);
        self.set_clock(self.schedule.hand_over(until, polls));
    }

    /// Moves the clock; forgectl's keeper renews sudo's ticket each minute while there is one.
    fn set_clock(&self, until: Timestamp) {
        let renewing = self.life().renewing;
        let session = self.caller().session;
        self.with_mac(|mac| {
            let kept = renewing.is_some() && mac.state.sudo.holds(session, mac.state.now);
            mac.advance_to(until);
            if let Some(since) = renewing.filter(|_| kept) {
                let minutes = mac.state.now.duration_since(since).as_mins();
                let last = since.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(since);
                mac.state.sudo.renew(session, last);
            }
        });
    }

    /// Fails once forgectl was killed.
    pub(super) fn alive(&self) -> Result<()> {
        if self.life().killed || self.schedule.is_broken() { Err(Halt::Killed.into()) } else { Ok(()) }
    }

    /// Ends forgectl's process, and with it all that lives only as long.
    fn end(&self) {
        let life = std::mem::take(&mut *self.life());
        self.locks.clear();
        self.with_mac(|mac| {
            for pid in life.awake.into_iter().chain([life.pid]) {
                mac.kill_process(pid, 9);
            }
        });
    }

    fn die(&self) -> anyhow::Error {
        self.end();
        self.life().killed = true;
        Halt::Killed.into()
    }

    /// Counts a change; an effect may be the one that forgectl is killed before or asked to stop at. Answers with
    /// whether it is to be killed after it.
    fn begin(&self, class: Class) -> Result<bool> {
        let (interrupts, kill, number) = self.with_mac(|mac| {
            let meter = &mut mac.state.meter;
            match class {
                Class::Bookkeeping => meter.bookkeeping += 1,
                Class::Use => meter.uses += 1,
                Class::Effect => meter.effects += 1,
            }
            let number = meter.effects;
            let faults = &mut mac.state.faults;
            if class != Class::Effect {
                return (0, None, number);
            }
            let before = faults.interrupts.len();
            faults.interrupts.retain(|&effect| effect != number);
            let kill =
                faults.kill.take_if(|kill| matches!(kill, Kill::Before(n) | Kill::After(n) if *n == number));
            (before - faults.interrupts.len(), kill, number)
        });
        (0..interrupts).for_each(|_| self.interrupt());
        match kill {
            Some(Kill::Before(_)) => Err(self.die().context(format!("before effect {number}"))),
            Some(Kill::After(_)) => Ok(true),
            None => Ok(false),
        }
    }
}

impl Look for Sim {
    fn look(&self, query: &Query) -> Result<Answer> {
        self.alive()?;
        let answer = answering::answer(self, query);
        self.alive()?;
        answer
    }

    fn now(&self) -> Timestamp {
        self.with_mac(|mac| mac.state.now)
    }

    fn wait(&self, time: Duration, how: Wait) -> Result<()> {
        let halts = |interrupts: u32| match how {
            Wait::Poll => interrupts > 0,
            Wait::Settle => interrupts > 1,
        };
        self.alive()?;
        if !halts(self.life().interrupts) {
            self.pass_until(time, how == Wait::Poll);
            self.alive()?;
        }
        if halts(self.life().interrupts) { Err(Halt::Interrupted.into()) } else { Ok(()) }
    }
}

impl Machine for Sim {
    fn change(&self, change: &Change, tell: &dyn Tell) -> Result<Outcome> {
        self.alive()?;
        let last = self.begin(change.class())?;
        let outcome = changing::perform(self, change, tell);
        self.with_mac(Mac::measure);
        self.alive()?;
        if last {
            return Err(self.die());
        }
        outcome
    }

    fn crew<'t>(&self, next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>) {
        self.schedule.crew(next, &|| self.now(), &|clock| self.set_clock(clock));
    }
}

/// What a Unix call's failure on `path` is to forgectl.
pub(super) fn refused(path: &camino::Utf8Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!("`{path}`: {}", super::tool::files::reason(error))
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;
    use crate::{
        machine::{Changing, Command, Looking, Recorded, Tool},
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
        assert_eq!(
            (facts.chip.as_deref(), facts.gpu_cores, facts.at_screen),
            (Some("M4 Pro"), Some(20), true)
        );
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
            sim.with_mac(|mac| act(mac.disk.memory_mut().unwrap().node_mut("/Users/lab/d/x").unwrap()))
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
        assert_eq!(sim.run(&hangs, &Quiet).unwrap().code, 143);
        assert_eq!(sim.now().duration_since(before).as_secs(), 90);
    }

    #[test]
    fn a_command_that_has_done_its_work_and_hangs_counts_as_done() {
        let sim = sim();
        sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesHangAfterDone, 1));
        sim.ask_sudo(vec!["tools".to_owned()]).unwrap();
        let touch = ["/usr/bin/touch", "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress"];
        sim.run_ok(&Command::new(&touch).as_root(), &Quiet).unwrap();
        let mut install =
            Command::new(&["/usr/sbin/softwareupdate", "-i", "Command Line Tools for Xcode-16.4"]);
        install = install.as_root().limit(Duration::from_secs(3600));
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
        sim.wait(Duration::from_secs(1200), Wait::Settle).unwrap();
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
        assert_eq!(sim.listeners(1000).unwrap()[0].command.as_deref(), Some("own"));
        assert_eq!(sim.listeners(2000).unwrap()[0].command, None);
        assert_eq!(sim.listeners(3000).unwrap(), []);
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
        mac.state.spec.sudo = super::super::SudoMode::Nopasswd;
        mac.state.faults.kill = Some(Kill::Before(3));
        let sim = Sim::new(mac, Options::default());
        sim.crew(&mut |ended| {
            if ended.is_some() {
                return vec![];
            }
            let install: Task = Box::new(|| {
                let touch =
                    ["/usr/bin/touch", "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress"];
                sim.run_ok(&Command::new(&touch).as_root(), &Quiet).unwrap();
                let label = "Command Line Tools for Xcode-16.4";
                let install = Command::new(&["/usr/sbin/softwareupdate", "-i", label]).as_root();
                assert_eq!(
                    halt(sim.run(&install.limit(Duration::from_secs(3600)), &Quiet)),
                    Some(Halt::Killed)
                );
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
                assert_eq!(halt(sim.wait(Duration::from_secs(600), Wait::Poll)), Some(Halt::Interrupted));
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
    fn it_is_the_same_mac_after_it_was_kept() {
        let sim = sim();
        sim.make_dir(path("/Users/lab/d"), 0o700).unwrap();
        let mac = sim.into_mac();
        let again = Mac::from_json(&mac.to_json().unwrap()).unwrap();
        assert_eq!(differences(&mac, &again, true), []);
        assert_eq!((again.state.now, again.state.meter), (mac.state.now, mac.state.meter));
        assert!(
            Mac::from_json("{\"version\": 9}").is_err_and(|error| error.to_string().contains("version 9"))
        );
        assert!(Mac::from_json("nonsense").is_err());
    }
}
