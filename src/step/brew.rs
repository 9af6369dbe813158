use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Looking, Machine, Output, Patience, Tell, Wait, tool::brew},
    value::Problem,
};

/// What keeps `brew` to what it is told (docs/mac-facts.md#brew-environment): no update of its own, no upgrade, cleanup or
/// question, no word to anybody, and nothing that needs more than ASCII.
const ENVIRONMENT: [(&str, &str); 14] = [
    ("HOMEBREW_NO_ANALYTICS", "1"),
    ("HOMEBREW_NO_ASK", "1"),
    ("HOMEBREW_NO_AUTOREMOVE", "1"),
    ("HOMEBREW_NO_AUTO_UPDATE", "1"),
    ("HOMEBREW_NO_COLOR", "1"),
    ("HOMEBREW_NO_EMOJI", "1"),
    ("HOMEBREW_NO_ENV_HINTS", "1"),
    ("HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK", "1"),
    ("HOMEBREW_NO_INSTALL_CLEANUP", "1"),
    ("HOMEBREW_NO_INSTALL_UPGRADE", "1"),
    ("HOMEBREW_NO_UPGRADE_AUTO_UPDATES_CASKS", "1"),
    ("HOMEBREW_SERVICES_NO_DOMAIN_WARNING", "1"),
    ("LC_ALL", "en_US.UTF-8"),
    ("NONINTERACTIVE", "1"),
];

/// What it says while another one holds a lock (docs/mac-facts.md#brew-lock).
const LOCKED: &str = "has already locked";

/// How long the other one is waited for.
const PATIENCE: Patience =
    Patience { every: Duration::from_secs(10), limit: Duration::from_mins(30), how: Wait::Poll };

fn command(words: &[&str]) -> Command {
    let argv: Vec<&str> = [brew::BREW].iter().chain(words).copied().collect();
    Command::new(&argv).with(ENVIRONMENT).limit(Duration::from_hours(2))
}

/// As it is told to people: without the variables.
fn told(words: &[&str]) -> String {
    format!("brew {}", words.join(" "))
}

/// Runs `brew`; one that holds a lock is waited for, also one that a killed run of ours left behind.
fn run(machine: &dyn Machine, words: &[&str], tell: &dyn Tell) -> Result<Output> {
    machine.until("another `brew` to end", PATIENCE, || {
        let output = machine.run(&command(words), tell)?;
        if output.ok() || !output.stderr.contains(LOCKED) {
            return Ok(Ok(output));
        }
        tell.line("another `brew` is at work; waiting for it to end");
        Ok(Err(output.said()))
    })
}

/// The same; what it did not do is an error.
fn run_ok(machine: &dyn Machine, words: &[&str], tell: &dyn Tell) -> Result<()> {
    let output = run(machine, words, tell)?;
    if output.ok() { Ok(()) } else { Err(failed(words, &output).into()) }
}

fn failed(words: &[&str], output: &Output) -> Problem {
    let problem = Problem::mac(format!("`{}` failed", told(words)));
    problem.why(format!("it answered: {}", output.said()))
}

/// What every step with `brew` says of itself.
fn about(words: &[&str]) -> About {
    About { commands: vec![command(words).to_string()], brew: true, long: true, ..About::default() }
}

/// Installs a formula with what it stands on.
#[derive(Debug)]
pub struct InstallFormula {
    /// Its name.
    pub name: String,
}

impl Step for InstallFormula {
    fn about(&self) -> About {
        About {
            words: format!("install {} with Homebrew", self.name),
            why: "it is not there".into(),
            undo: "uninstalled by destroy, with what came along and nothing else needs".into(),
            ..about(&["install", "--formula", &self.name])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let words = ["install", "--formula", &self.name];
        let output = run(machine, &words, tell)?;
        // What it says is for people, and its exit code can be 0 all the same: the files decide.
        if brew::keg(machine, &self.name)?.is_some() {
            return Ok(());
        }
        Err(failed(&words, &output)
            .why(format!("{}/opt/{} is not there", brew::PREFIX, self.name))
            .hint("see what Homebrew knows of it; the network, the disk and the name are the usual reasons:")
            .remedy(format!("brew info {}", self.name))
            .into())
    }
}

/// Upgrades a formula, and nothing that stands on it.
#[derive(Debug)]
pub struct UpgradeFormula {
    /// Its name.
    pub name: String,
    /// The job of ours that runs it.
    pub restarts: Option<String>,
}

impl Step for UpgradeFormula {
    fn about(&self) -> About {
        About {
            words: format!("upgrade {} with Homebrew", self.name),
            why: "its version is not among those wanted".into(),
            undo: "destroy goes back to the version that was there, which stays in the Cellar".into(),
            restarts: self.restarts.clone(),
            ..about(&["upgrade", "--formula", &self.name])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        run_ok(machine, &["upgrade", "--formula", &self.name], tell)
    }
}

/// Says whether a formula was asked for by name: what was not can be swept away as no longer needed
/// (docs/mac-facts.md#brew-tab).
#[derive(Debug)]
pub struct MarkFormula {
    /// Its name.
    pub name: String,
    /// Whether it was.
    pub on_request: bool,
}

impl MarkFormula {
    fn words(&self) -> [&str; 3] {
        let flag = if self.on_request { "--installed-on-request" } else { "--no-installed-on-request" };
        ["tab", flag, &self.name]
    }
}

impl Step for MarkFormula {
    fn about(&self) -> About {
        let (words, why) = if self.on_request {
            (
                format!("mark {} as asked for", self.name),
                "it came along with another formula, and would go with it",
            )
        } else {
            (format!("mark {} as not asked for", self.name), "so it was before forgectl came")
        };
        About { words, why: why.into(), undo: "marked as before by destroy".into(), ..about(&self.words()) }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        run_ok(machine, &self.words(), tell)
    }
}

/// Uninstalls a formula of ours, with what came along with it and nothing else stands on.
#[derive(Debug)]
pub struct UninstallFormula {
    /// Its name.
    pub name: String,
    /// What was in the Cellar before it, and stays.
    pub before: BTreeSet<String>,
}

impl Step for UninstallFormula {
    fn about(&self) -> About {
        About {
            words: format!("uninstall {} with Homebrew", self.name),
            why: "forgectl brought it, and what came along with it".into(),
            undo: "installed again by apply".into(),
            ..about(&["uninstall", "--formula", &self.name])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Some(keg) = brew::keg(machine, &self.name)? else { return Ok(()) };
        let kegs = brew::kegs(machine)?;
        let along: Vec<String> = brew::orphans(&kegs, &[keg.name.clone()].into(), &self.before)
            .into_iter()
            .filter(|name| keg.needs.contains(name))
            .collect();
        let names = [keg.name.as_str()].into_iter().chain(along.iter().map(String::as_str));
        let words: Vec<&str> = ["uninstall", "--formula"].into_iter().chain(names).collect();
        run_ok(machine, &words, tell)
    }
}

/// Goes back to a version that an upgrade of ours left in the Cellar.
#[derive(Debug)]
pub struct ReturnFormula {
    /// Its name.
    pub name: String,
    /// The version that was there.
    pub version: String,
}

impl Step for ReturnFormula {
    fn about(&self) -> About {
        let mut about = about(&["uninstall", "--formula", "--ignore-dependencies", &self.name]);
        about.commands.push(command(&["link", &self.name]).to_string());
        About {
            words: format!("go back to {} {}", self.name, self.version),
            why: "it was there before forgectl upgraded it".into(),
            undo: "upgraded again by apply".into(),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let newer = brew::keg(machine, &self.name)?.is_some_and(|keg| keg.version != self.version);
        if newer {
            run_ok(machine, &["uninstall", "--formula", "--ignore-dependencies", &self.name], tell)?;
        }
        run_ok(machine, &["link", &self.name], tell)
    }
}

/// Uninstalls what came along with formulae of ours and nothing stands on any more.
#[derive(Debug)]
pub struct SweepDependencies {
    /// What was in the Cellar before ours, and stays.
    pub before: BTreeSet<String>,
}

impl Step for SweepDependencies {
    fn about(&self) -> About {
        About {
            words: "uninstall what came along with formulae of ours".into(),
            why: "nobody asked for it, and nothing stands on it any more".into(),
            undo: "installed again by apply".into(),
            ..about(&["uninstall", "--formula", "NAME..."])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let orphans = brew::orphans(&brew::kegs(machine)?, &BTreeSet::new(), &self.before);
        if orphans.is_empty() {
            return Ok(());
        }
        let names = orphans.iter().map(String::as_str);
        let words: Vec<&str> = ["uninstall", "--formula"].into_iter().chain(names).collect();
        run_ok(machine, &words, tell)
    }
}
