use anyhow::{Result, bail};
use camino::Utf8PathBuf;

use super::{
    About, Definition, Step, definition_matches,
    launchd::{launchctl, load, no_session, started, target, unload},
};
use crate::{
    machine::{Changing, Command, Looking, Machine, Tell, tool::launchctl::JobView},
    value::{Domain, Problem},
};

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
    /// Whether launchd has to forget the job first, though it may look the same: the program has changed since it was
    /// launched, and launchd holds on to the old one (docs/mac-facts.md#launchd-code-identity).
    pub reload: bool,
    /// Where a file is put before root takes it over.
    pub staging: Utf8PathBuf,
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
        if machine.read(path)?.as_deref() != Some(content) {
            bail!("{path} is not what was staged for it");
        }
        machine.forget(&self.staging)
    }
}

impl Step for LoadJob {
    fn about(&self) -> About {
        let Self { domain, label, definition, .. } = self;
        let system = *domain == Domain::System;
        let mut commands = vec![];
        if self.write.is_some() {
            commands.push(if system {
                self.install().to_string()
            } else {
                format!("write {}", definition.path)
            });
        }
        if self.reload {
            commands.push(launchctl(*domain, &["bootout", &target(*domain, label)]).to_string());
        }
        commands.push(
            launchctl(*domain, &["bootstrap", &domain.to_string(), definition.path.as_str()]).to_string(),
        );
        About {
            words: if self.reload {
                format!("reload the job {label}")
            } else {
                format!("load the job {label}")
            },
            why: if self.reload {
                "launchd goes by what it loaded, not by the file; a restart would bring back the old".into()
            } else {
                "launchd keeps it running from now on".into()
            },
            commands,
            undo: "unloaded, and its property list removed, by destroy".into(),
            sudo: system.then(|| "launch daemon".into()),
            restarts: self.reload.then(|| label.clone()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Self { domain, label, definition, .. } = self;
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
            JobView::Loaded(printed) if !self.reload && is_it(&printed) => {}
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
            restarts: None,
            long: false,
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
