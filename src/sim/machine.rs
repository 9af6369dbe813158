use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};

use super::{
    Caller, Kill, Mac, Person, Program, Running, Simulated, USER, answering, changing, clock, locks::Locks,
    orphans::Orphans, schedule::Schedule, tool::ollama,
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
    /// How often a person outside has asked forgectl to stop.
    pub asked: fn() -> u32,
}

impl Default for Options {
    /// At a terminal, where a simulated person answers.
    fn default() -> Self {
        Self { can_ask: true, person: Box::new(Simulated), asked: || 0 }
    }
}

/// A simulated Mac behind the door, with forgectl's own process on it.
pub struct Sim {
    mac: Mutex<Mac>,
    pub(super) schedule: Schedule,
    pub(super) person: Mutex<Box<dyn Person>>,
    pub(super) can_ask: bool,
    root: bool,
    asked: fn() -> u32,
    pub(super) locks: Locks,
    life: Mutex<Life>,
    orphans: Orphans,
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
    /// Whether it dies in the middle of the command that comes next.
    pub(super) dies_within: bool,
    interrupts: u32,
}

impl Sim {
    /// Starts forgectl on `mac`.
    pub fn new(mac: Mac, options: Options) -> Self {
        let root = mac.state.root;
        let sim = Self {
            mac: Mutex::new(mac),
            schedule: Schedule::default(),
            person: Mutex::new(options.person),
            can_ask: options.can_ask,
            root,
            asked: options.asked,
            locks: Locks::default(),
            life: Mutex::new(Life::default()),
            orphans: Orphans::default(),
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

    /// The Mac once forgectl's process has ended, and all that it had started.
    pub fn into_mac(self) -> Mac {
        self.end();
        self.with_mac(|mac| self.orphans.go_on(mac, None));
        self.mac.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into the Mac, or tampers with it.
    pub fn with_mac<R>(&self, act: impl FnOnce(&mut Mac) -> R) -> R {
        act(&mut self.mac.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs a program on the Mac that is not forgectl's own, to its end; one that never ends is stopped as by Ctrl-C (130).
    pub fn exec(&self, caller: Caller, argv: &[String]) -> Output {
        self.execute(caller, argv, &BTreeMap::new(), None, None, &Quiet)
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
        let user = if self.root { user.root() } else { user };
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
        let until = clock::pass(now, time);
        self.set_clock(self.schedule.hand_over(until, polls));
    }

    /// Moves the clock; forgectl's keeper renews sudo's ticket each minute while there is one.
    fn set_clock(&self, until: Timestamp) {
        let renewing = self.life().renewing;
        let session = self.caller().session;
        self.with_mac(|mac| {
            let kept = renewing.is_some() && mac.state.sudo.holds(session, mac.state.now);
            self.orphans.go_on(mac, Some(until));
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
            ollama::pull::hang_up_all(mac);
            for pid in life.awake.into_iter().chain([life.pid]) {
                mac.kill_process(pid, 9);
            }
        });
    }

    /// Ends forgectl's process, which leaves `running`, the rest of the command `argv`, behind.
    pub(super) fn die_within(&self, argv: &[String], running: Running) {
        self.with_mac(|mac| self.orphans.add(mac, argv, running));
        self.die();
    }

    pub(super) fn die(&self) -> anyhow::Error {
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
            let kill = faults.kill.take_if(
                |kill| matches!(kill, Kill::Before(n) | Kill::After(n) | Kill::During(n) if *n == number),
            );
            (before - faults.interrupts.len(), kill, number)
        });
        (0..interrupts).for_each(|_| self.interrupt());
        match kill {
            Some(Kill::Before(_)) => Err(self.die().context(format!("before effect {number}"))),
            Some(Kill::After(_)) => Ok(true),
            Some(Kill::During(_)) => {
                self.life().dies_within = true;
                Ok(true)
            }
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
        let halts = || {
            let interrupts = self.life().interrupts + (self.asked)();
            interrupts > u32::from(how == Wait::Settle)
        };
        self.alive()?;
        if !halts() {
            self.pass_until(time, how == Wait::Poll);
            self.alive()?;
        }
        if halts() { Err(Halt::Interrupted.into()) } else { Ok(()) }
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
    anyhow!("`{path}`: {}", super::tool::unix::reason(error))
}

#[cfg(test)]
mod tests;
