use std::collections::BTreeSet;

use anyhow::Result;
use camino::Utf8Path;

use super::{About, Step, about, command, failed, lead, run, run_ok, wait_for};
use crate::machine::{Changing, Looking, Machine, Tell, tool::brew};

/// Uninstalls a formula of ours, with what came along with it and nothing else stands on.
#[derive(Debug)]
pub struct UninstallFormula {
    /// Its name.
    pub name: String,
    /// What came along with it, none of which was there before the first formula of ours.
    pub along: BTreeSet<String>,
}

impl UninstallFormula {
    fn words(names: &[String]) -> Vec<&str> {
        ["uninstall", "--formula", "--force"].into_iter().chain(names.iter().map(String::as_str)).collect()
    }
}

impl Step for UninstallFormula {
    fn about(&self) -> About {
        About {
            words: format!("uninstall {} with Homebrew", self.name),
            why: "forgectl brought it, and what came along with it".into(),
            undo: "installed again by apply".into(),
            ..about(&Self::words(std::slice::from_ref(&self.name)))
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &brew::RUNNING, tell)?;
        let name = brew::keg(machine, &self.name)?.map_or_else(|| self.name.clone(), |keg| keg.name);
        let going = BTreeSet::from([name.clone()]);
        let orphans = brew::orphans(&brew::kegs(machine)?, &going, &BTreeSet::new());
        let mut names: Vec<String> = orphans.into_iter().filter(|name| self.along.contains(name)).collect();
        if !brew::versions(machine, &name)?.is_empty() {
            names.insert(0, name);
        }
        if names.is_empty() {
            return Ok(());
        }
        let words = Self::words(&names);
        let output = run(machine, &words, tell)?;
        for name in &names {
            // It says so and ends with 0 when somebody has pinned it, for one.
            if !brew::versions(machine, name)?.is_empty() {
                return Err(failed(&words, &output)
                    .why(format!("{}/Cellar/{name} is still there", brew::PREFIX))
                    .hint("see what stands on it, and whether somebody has pinned it:")
                    .remedy(format!("brew uses --installed {name}"))
                    .into());
            }
        }
        Ok(())
    }
}

/// Goes back to a version that an upgrade of ours left in the Cellar.
#[derive(Debug)]
pub struct ReturnFormula {
    /// Its name.
    pub name: String,
    /// The version that was there.
    pub version: String,
    /// Whether it was linked into the prefix, if it can be.
    pub link: bool,
}

impl ReturnFormula {
    /// Makes the former version the active one again: `brew link` does not where a formula is kept out of the prefix
    /// (docs/mac-facts.md#brew-link).
    fn activate(&self, machine: &dyn Machine, names: &BTreeSet<String>, tell: &dyn Tell) -> Result<()> {
        for name in names {
            if brew::version(machine, name)?.as_deref() == Some(self.version.as_str()) {
                continue;
            }
            machine.run_ok(&lead(name, &self.name, &self.version), tell)?;
        }
        Ok(())
    }

    /// All names that lead to it now.
    fn names(&self, machine: &dyn Machine) -> Result<BTreeSet<String>> {
        let opt = Utf8Path::new(brew::PREFIX).join("opt");
        let mut names = BTreeSet::from([self.name.clone()]);
        for name in machine.list(&opt)?.unwrap_or_default() {
            let rack = format!("/Cellar/{}/", self.name);
            let target = machine.stat(&opt.join(&name))?.and_then(|stat| stat.target);
            if target.is_some_and(|target| target.as_str().contains(&rack)) {
                names.insert(name);
            }
        }
        Ok(names)
    }
}

impl Step for ReturnFormula {
    fn about(&self) -> About {
        let mut about = about(&["uninstall", "--formula", "--ignore-dependencies", &self.name]);
        about.commands.extend(self.link.then(|| command(&["link", &self.name]).to_string()));
        about.commands.push(lead(&self.name, &self.name, &self.version).to_string());
        About {
            words: format!("go back to {} {}", self.name, self.version),
            why: "it was there before forgectl upgraded it".into(),
            undo: "upgraded again by apply".into(),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &brew::RUNNING, tell)?;
        let names = self.names(machine)?;
        let words = ["uninstall", "--formula", "--ignore-dependencies", &self.name];
        if brew::version(machine, &self.name)?.is_some_and(|version| version != self.version) {
            run_ok(machine, &words, tell)?;
        }
        if self.link && brew::version(machine, &self.name)?.is_none() {
            run(machine, &["link", &self.name], tell)?;
        }
        self.activate(machine, &names, tell)
    }
}

/// Takes a formula out of the prefix again, in which it was not before.
#[derive(Debug)]
pub struct UnlinkFormula {
    /// Its name.
    pub name: String,
}

impl Step for UnlinkFormula {
    fn about(&self) -> About {
        About {
            words: format!("take {} out of {} again", self.name, brew::PREFIX),
            why: "it was not linked before forgectl came".into(),
            undo: "linked again by apply".into(),
            ..about(&["unlink", &self.name])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        run_ok(machine, &["unlink", &self.name], tell)
    }
}
