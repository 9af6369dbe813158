use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    About, Step,
    launchd::{launchctl, load, started, target, unload},
    model::await_pulls,
};
use crate::{
    machine::{Changing, Looking, Machine, Tell},
    value::Domain,
};

/// Stops another tool's job that holds what ours needs, and moves its property list aside, so that the next login does not
/// bring it back.
#[derive(Debug)]
pub struct SetAsideJob {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
    /// Its property list.
    pub plist: Utf8PathBuf,
    /// Where that is kept.
    pub aside: Utf8PathBuf,
    /// Where it fetches models to: it is not taken down while that goes on.
    pub store: Utf8PathBuf,
}

impl Step for SetAsideJob {
    fn about(&self) -> About {
        let Self { domain, label, plist, aside, .. } = self;
        About {
            words: format!("stop {label} and put its property list aside"),
            why: "it holds the port that the stack's own job listens on".into(),
            commands: vec![
                launchctl(*domain, &["bootout", &target(*domain, label)]).to_string(),
                format!("mv {plist} {aside}"),
            ],
            undo: "put back and started again by destroy".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        if machine.loaded_job(self.domain, &self.label)?.is_some() {
            await_pulls(machine, &self.store, tell)?;
        }
        unload(machine, self.domain, &self.label, tell)?;
        let Some(digest) = machine.digest(&self.plist)? else { return Ok(()) };
        // The other tool may have written its list anew since it was put aside: each of them is kept.
        if let Some(kept) = machine.digest(&self.aside)? {
            if kept == digest {
                return machine.remove(&self.plist);
            }
            machine.relocate(&self.aside, &self.aside.with_extension(format!("{kept}.plist")))?;
        }
        machine.relocate(&self.plist, &self.aside)
    }
}

/// Puts another tool's job back as it was.
#[derive(Debug)]
pub struct PutBackJob {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
    /// Its property list.
    pub plist: Utf8PathBuf,
    /// Where that is kept.
    pub aside: Utf8PathBuf,
    /// Whether it was loaded.
    pub load: bool,
    /// Whether it had a process.
    pub running: bool,
}

impl Step for PutBackJob {
    fn about(&self) -> About {
        let Self { domain, label, plist, aside, .. } = self;
        let mut commands = vec![];
        if aside != plist {
            commands.push(format!("mv {aside} {plist}"));
        }
        if self.load {
            commands
                .push(launchctl(*domain, &["bootstrap", &domain.to_string(), plist.as_str()]).to_string());
        }
        About {
            words: format!("put {label} back"),
            why: "it was here before forgectl".into(),
            commands,
            undo: "set aside again by apply".into(),
            sudo: (self.load && *domain == Domain::System).then(|| "launch daemon".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        if machine.stat(&self.plist)?.is_none() && machine.stat(&self.aside)?.is_some() {
            machine.relocate(&self.aside, &self.plist)?;
        }
        if !self.load {
            return Ok(());
        }
        match machine.loaded_job(self.domain, &self.label)? {
            Some(printed) if printed.is_going() => unload(machine, self.domain, &self.label, tell)?,
            Some(_) => return Ok(()),
            None => {}
        }
        load(machine, self.domain, &self.label, &self.plist, |_| true, tell)?;
        if self.running { started(machine, self.domain, &self.label, tell) } else { Ok(()) }
    }
}
