use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{
    About, Definition, Step, definition_matches,
    launchd::{launchctl, load, target, unload},
};
use crate::{
    machine::{Changing, Command, Look, Looking, Machine, Tell, tool::colima},
    value::{Domain, Problem},
};

/// The program, by Homebrew's link to it.
pub const COLIMA: &str = "/opt/homebrew/opt/colima/bin/colima";

/// How long a machine whose process is not there may be coming up: its disk is made meanwhile.
const RISING: Duration = Duration::from_mins(1);

/// How often launchd may have started Colima in vain before it is put right.
const VAIN: u64 = 2;

/// A virtual machine of ours and the job that runs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ColimaStart {
    /// The launchd domain of the job.
    pub domain: Domain,
    /// The label of the job.
    pub label: String,
    /// What launchd should have of the job.
    pub definition: Definition,
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// The profile of the machine.
    pub profile: String,
    /// Where the job logs.
    pub log: Utf8PathBuf,
}

impl ColimaStart {
    /// Adds what is known of why it does not come up.
    pub(super) fn advise(&self, look: &dyn Look, mut problem: Problem) -> Problem {
        problem.why.extend(colima::last_words(look, &self.log));
        problem
            .hint("see what it does, and what it has said:")
            .remedy(format!("launchctl print {}", target(self.domain, &self.label)))
            .remedy(format!("tail -n 40 {}", self.log))
    }

    /// Takes the job down, ends what is left of its machine, and loads the job again. The machine's data is not touched.
    fn mend(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        unload(machine, self.domain, &self.label, tell)?;
        // Of a machine that is down already it says so, and that is as good.
        machine.run(&stop(&self.home, &self.profile), tell)?;
        let is_it = |printed: &_| definition_matches(&self.definition, printed);
        load(machine, self.domain, &self.label, &self.definition.path, is_it, tell)
    }
}

/// Ends a machine whatever state it is in (docs/service-facts.md#colima-broken).
fn stop(home: &Utf8Path, profile: &str) -> Command {
    colima_command(home, profile, &["stop", "--force", profile]).limit(Duration::from_mins(3))
}

fn colima_command(home: &Utf8Path, profile: &str, words: &[&str]) -> Command {
    let argv: Vec<&str> = std::iter::once(COLIMA).chain(words.iter().copied()).collect();
    let mut command = Command::new(&argv);
    command.environment = colima_environment(home, profile);
    command
}

/// What Colima is told by variables: where its own things are, and that the context which it makes for docker goes with them
/// and not among the user's (docs/service-facts.md#colima-context).
pub fn colima_environment(home: &Utf8Path, profile: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("COLIMA_HOME", home.to_string()),
        ("DOCKER_CONFIG", home.join(profile).join("docker").to_string()),
        ("LANG", "en_US.UTF-8".to_owned()),
    ])
}

/// What is seen of a start while its engine is waited for.
pub(super) struct Watch<'s> {
    start: &'s ColimaStart,
    runs: Option<u64>,
    down_since: Option<Timestamp>,
    began: Timestamp,
    mended: bool,
    told: Option<String>,
}

impl<'s> Watch<'s> {
    pub(super) fn new(start: &'s ColimaStart, now: Timestamp) -> Self {
        Self { start, runs: None, down_since: None, began: now, mended: false, told: None }
    }

    /// Tells what Colima says, and puts right what will not become so by itself, once.
    pub(super) fn look(&mut self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let start = self.start;
        if let Some(said) =
            colima::last_words(machine, &start.log).filter(|said| self.told.as_ref() != Some(said))
        {
            tell.line(&said);
            self.told = Some(said);
        }
        let Some(why) = self.stuck(machine)? else { return Ok(()) };
        if self.mended {
            let problem = Problem::mac("Colima does not bring its virtual machine up").why(why);
            return Err(start.advise(machine, problem).into());
        }
        tell.line(&format!("{why}; ending what is left of it, and starting it anew"));
        start.mend(machine, tell)?;
        *self = Self { mended: true, told: self.told.take(), ..Self::new(start, machine.now()) };
        Ok(())
    }

    /// Why waiting alone will not do.
    fn stuck(&mut self, machine: &dyn Machine) -> Result<Option<String>> {
        let now = machine.now();
        let Some(printed) = machine.loaded_job(self.start.domain, &self.start.label)? else {
            let problem = Problem::mac(format!("launchd does not have the job: `{}`", self.start.label));
            return Err(problem.hint("apply again: it is loaded then").into());
        };
        let before = *self.runs.get_or_insert(printed.runs());
        let tries = printed.runs().saturating_sub(before);
        if tries >= VAIN {
            let code = printed.get("last exit code").unwrap_or("unknown");
            return Ok(Some(format!("Colima ended {tries} times, the last time with {code}")));
        }
        let lies =
            printed.pid().is_some() && colima::is_down(machine, &self.start.home, &self.start.profile)?;
        let since = match (lies, self.down_since) {
            (false, _) => None,
            (true, None) => Some(now),
            (true, since) => since,
        };
        self.down_since = since;
        let long = since.is_some_and(|since| {
            Duration::try_from(now.duration_since(since.max(self.began))).is_ok_and(|time| time >= RISING)
        });
        Ok(long.then(|| "Colima runs, and its virtual machine does not".to_owned()))
    }
}

/// Takes the job down, and with it the machine: what is loaded next starts it anew. A machine that lost its Colima does not end with
/// the job, and would keep the next one from running (docs/service-facts.md#colima-start).
#[derive(Debug)]
pub struct StopColima {
    /// The launchd domain of the job.
    pub domain: Domain,
    /// The label of the job.
    pub label: String,
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// The profile of the machine.
    pub profile: String,
    /// The containers that stop with it.
    pub stops: Vec<String>,
}

impl Step for StopColima {
    fn about(&self) -> About {
        let containers = match self.stops.as_slice() {
            [] => String::new(),
            stops => format!(", and with it every container: {}", stops.join(", ")),
        };
        About {
            words: format!("stop Colima's machine {}{containers}", self.profile),
            why: "what it is changes only when it starts anew".into(),
            commands: vec![
                launchctl(self.domain, &["bootout", &target(self.domain, &self.label)]).to_string(),
                stop(&self.home, &self.profile).to_string(),
            ],
            undo: "started again by the next step".into(),
            restarts: Some(self.label.clone()),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        unload(machine, self.domain, &self.label, tell)?;
        if colima::is_up(machine, &self.home, &self.profile)? {
            machine.run_ok(&stop(&self.home, &self.profile), tell)?;
        }
        Ok(())
    }
}

/// Deletes a virtual machine with all that is in it: images, containers, volumes.
#[derive(Debug)]
pub struct DeleteMachine {
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// The profile.
    pub profile: String,
    /// What Colima and Lima leave in that folder, and came with us; `.` is the folder itself.
    pub left: Vec<&'static str>,
}

impl Step for DeleteMachine {
    fn about(&self) -> About {
        let left = self.left.iter().map(|&name| match name {
            "." => format!("rmdir {}", self.home),
            name => format!("rm -r {}", self.home.join(name)),
        });
        About {
            words: format!("delete Colima's machine {}", self.profile),
            why: "forgectl brought it; every image, container and volume in it goes along".into(),
            commands: std::iter::once(self.command().to_string()).chain(left).collect(),
            undo: "made anew by apply, empty".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Self { home, profile, .. } = self;
        let there = colima::is_there(machine, home, profile)?;
        if there && machine.resolve(Utf8Path::new(COLIMA))?.is_some() {
            machine.run_ok(&self.command(), tell)?;
        }
        // Without Colima it is down, and what it would remove is known.
        for rest in [colima::instance(home, profile), colima::data_disk(home, profile), home.join(profile)] {
            machine.remove_tree(&rest)?;
        }
        machine.remove(&home.join("_store").join(format!("colima-{profile}.json")))?;
        let machines = machine.list(&home.join("_lima"))?.unwrap_or_default();
        if machines.iter().any(|name| !name.starts_with('_')) {
            // Others need it.
            return Ok(());
        }
        for &name in &self.left {
            match name {
                "." if machine.list(home)?.is_some_and(|names| names.is_empty()) => machine.remove(home)?,
                "." => {}
                name => machine.remove_tree(&home.join(name))?,
            }
        }
        Ok(())
    }
}

impl DeleteMachine {
    /// Without `--data` the disk with the volumes would stay (docs/service-facts.md#colima-delete).
    fn command(&self) -> Command {
        colima_command(&self.home, &self.profile, &["delete", "--force", "--data", &self.profile])
            .limit(Duration::from_mins(5))
    }
}
