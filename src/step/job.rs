use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    About, Definition, RemoveFile, Step, definition_matches,
    launchd::{launchctl, load, no_session, started, switch_on, target, unload},
    model::await_pulls,
};
use crate::{
    machine::{Changing, Command, Looking, Machine, Tell, tool::launchctl::JobView},
    value::{Domain, Problem},
};

/// What is done about what launchd has of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loading {
    /// It has none of it: it is loaded.
    Load,
    /// It has to forget it first, though it may look the same: the program has changed since it was launched, and launchd
    /// holds on to the old one (docs/mac-facts.md#launchd-code-identity).
    Reload,
    /// It has it as it should be: it is only switched on, and started where launchd has not.
    Start,
}

/// Brings a job of ours to what its property list says: writes the file, reloads what launchd has, and waits until it
/// runs. Does only what is needed.
#[derive(Debug)]
pub struct LoadJob {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
    /// What launchd should have of it.
    pub definition: Definition,
    /// The property list; `None` when the file is as wanted.
    pub write: Option<Vec<u8>>,
    /// Whether the file there has the wrong owner or mode, so that it has to go first.
    pub replace_file: bool,
    /// What is done about what launchd has of it.
    pub loading: Loading,
    /// Whether an override is to be taken away.
    pub switch_on: bool,
    /// Where a file is put before root takes it over.
    pub staging: Utf8PathBuf,
    /// Where it fetches models to: it is not taken down while that goes on.
    pub store: Option<Utf8PathBuf>,
}

impl LoadJob {
    fn install(&self) -> Command {
        let path = self.definition.path.as_str();
        Command::new(&[
            "/usr/bin/install",
            "-o",
            "root",
            "-g",
            "wheel",
            "-m",
            "644",
            self.staging.as_str(),
            path,
        ])
        .as_root()
    }

    fn place_file(&self, machine: &dyn Machine, content: &[u8], tell: &dyn Tell) -> Result<()> {
        let path = &self.definition.path;
        if self.domain != Domain::System {
            if self.replace_file {
                machine.remove(path)?;
            }
            return machine.write(path, content, 0o644);
        }
        machine.keep(&self.staging, content)?;
        machine.run_ok(&self.install(), tell)?;
        // Root took a file over that the user can write: what counts is what arrived.
        let arrived = machine.read(path)?.as_deref() == Some(content);
        machine.forget(&self.staging)?;
        if arrived {
            return Ok(());
        }
        // Nobody knows what it is, and launchd would run it at the next start.
        let remove = RemoveFile { path: path.clone(), root: true };
        remove.run(machine, tell)?;
        Err(Problem::mac(format!("a property list was changed on its way: `{path}`"))
            .why(format!("it was put together in {}, which only you can write to", self.staging))
            .why("what arrived was something else, and was removed")
            .hint("see what else runs as you on this Mac, then apply again:")
            .remedy("ps -x -o pid,lstart,command")
            .into())
    }
}

impl Step for LoadJob {
    fn about(&self) -> About {
        let Self { domain, label, definition, loading, .. } = self;
        let system = *domain == Domain::System;
        let mut commands = vec![];
        if self.write.is_some() {
            commands.push(if system {
                self.install().to_string()
            } else {
                format!("write {}", definition.path)
            });
        }
        let mut launchctl = |words: &[&str]| commands.push(launchctl(*domain, words).to_string());
        if *loading == Loading::Reload {
            launchctl(&["bootout", &target(*domain, label)]);
        }
        if self.switch_on {
            launchctl(&["enable", &target(*domain, label)]);
        }
        if *loading != Loading::Start {
            launchctl(&["bootstrap", &domain.to_string(), definition.path.as_str()]);
        } else if !self.switch_on {
            launchctl(&["kickstart", &target(*domain, label)]);
        }
        let (verb, why) = match loading {
            Loading::Load => ("load", "launchd keeps it running from now on"),
            Loading::Reload => (
                "reload",
                "launchd goes by what it loaded, not by the file; a restart would bring back the old",
            ),
            Loading::Start if self.switch_on => ("switch on", "launchd would not load it the next time"),
            Loading::Start => ("start", "launchd has it, and has not started it"),
        };
        About {
            words: format!("{verb} the job {label}"),
            why: why.into(),
            commands,
            undo: "unloaded, and its property list removed, by destroy".into(),
            sudo: system.then(|| "launch daemon".into()),
            restarts: (*loading == Loading::Reload).then(|| label.clone()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Self { domain, label, definition, .. } = self;
        if let (Loading::Reload, Some(store)) = (self.loading, &self.store) {
            await_pulls(machine, store, tell)?;
        }
        if let Some(content) = &self.write {
            self.place_file(machine, content, tell)?;
        }
        let is_it = |printed: &_| definition_matches(definition, printed);
        match machine.job(*domain, label)? {
            JobView::NoDomain => {
                let problem = Problem::mac(format!("no graphical session to load `{label}` into"))
                    .why(format!("launchd has no domain {domain}"));
                return Err(no_session(problem).into());
            }
            JobView::Loaded(printed)
                if self.loading != Loading::Reload && is_it(&printed) && !printed.is_going() =>
            {
                switch_on(machine, *domain, label, tell)?;
            }
            JobView::Loaded(_) | JobView::NotLoaded => {
                unload(machine, *domain, label, tell)?;
                load(machine, *domain, label, &definition.path, is_it, tell)?;
            }
        }
        started(machine, *domain, label, tell)
    }
}

/// Unloads a job and waits until it is gone.
#[derive(Debug)]
pub struct UnloadJob {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
}

impl Step for UnloadJob {
    fn about(&self) -> About {
        let Self { domain, label } = self;
        About {
            words: format!("unload the job {label}"),
            why: "forgectl loaded it".into(),
            commands: vec![launchctl(*domain, &["bootout", &target(*domain, label)]).to_string()],
            undo: "loaded again by apply".into(),
            sudo: (*domain == Domain::System).then(|| "launch daemon".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        unload(machine, self.domain, &self.label, tell)
    }
}

/// Puts an override back that was there before us: the label stays switched off.
#[derive(Debug)]
pub struct SwitchOff {
    /// The launchd domain.
    pub domain: Domain,
    /// The label.
    pub label: String,
}

impl SwitchOff {
    fn command(&self) -> Command {
        launchctl(self.domain, &["disable", &target(self.domain, &self.label)])
    }
}

impl Step for SwitchOff {
    fn about(&self) -> About {
        About {
            words: format!("switch {} off again", self.label),
            why: "an override said so before forgectl came".into(),
            commands: vec![self.command().to_string()],
            undo: "switched on again by apply".into(),
            sudo: (self.domain == Domain::System).then(|| "launch daemon".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.run_ok(&self.command(), tell).map(|_| ())
    }
}
