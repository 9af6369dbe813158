use anyhow::Result;

use super::{About, Step, about, failed, lead, run, run_ok};
use crate::{
    machine::{Changing, Machine, Tell, tool::brew},
    value::{Want, order_of_versions},
};

/// Installs a formula with what it stands on.
#[derive(Debug)]
pub struct InstallFormula {
    /// Its name, with its tap where that is none of Homebrew's own.
    pub name: String,
    /// The names under which it is looked for then.
    pub names: Vec<String>,
    /// Which versions will do.
    pub wanted: Want,
}

impl InstallFormula {
    fn there(&self, machine: &dyn Machine) -> Result<Option<brew::Keg>> {
        let mut kegs = self.names.iter().filter_map(|name| brew::keg(machine, name).transpose());
        kegs.next().transpose()
    }

    /// Whether this Homebrew has never heard of it: its list of formulae is older than the formula.
    fn is_news(&self, machine: &dyn Machine) -> Result<bool> {
        let known = brew::known_names(machine, brew::Sort::Formula)?;
        Ok(!self.name.contains('/') && !known.iter().any(|known| self.names.contains(known)))
    }
}

/// Lets `opt` lead to the newest keg of `name`.
fn lead_to_newest(machine: &dyn Machine, name: &str, tell: &dyn Tell) -> Result<()> {
    let versions = brew::versions(machine, name)?;
    let newest = versions.iter().max_by(|one, other| order_of_versions(one, other));
    newest.map_or(Ok(()), |newest| machine.run_ok(&lead(name, name, newest), tell).map(drop))
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

    /// What it says is for people, and its exit code can be 0 all the same: the files decide.
    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let words = ["install", "--formula", &self.name];
        let mut output = run(machine, &words, tell)?;
        if self.there(machine)?.is_none() && self.is_news(machine)? {
            run_ok(machine, &["update"], tell)?;
            output = run(machine, &words, tell)?;
        }
        let rack =
            self.names.iter().find(|name| brew::versions(machine, name).is_ok_and(|all| !all.is_empty()));
        if let (None, Some(name)) = (self.there(machine)?, rack) {
            // It lies in the Cellar, and nothing leads there.
            run(machine, &["link", name], tell)?;
            if self.there(machine)?.is_none() {
                // Homebrew has noted that it is linked, and does nothing about it (docs/mac-facts.md#brew-link).
                lead_to_newest(machine, name, tell)?;
            }
        }
        let Some(keg) = self.there(machine)? else {
            return Err(failed(&words, &output)
                .why(format!("{}/opt/{} is not there", brew::PREFIX, self.names.join(" or opt/")))
                .hint("see what Homebrew knows of it; the network, the disk and the name are the usual reasons:")
                .remedy(format!("brew info {}", self.name))
                .into());
        };
        if !self.wanted.accepts(&keg.version.as_str().into()) {
            // Its list was older than what is wanted.
            run_ok(machine, &["update"], tell)?;
            run_ok(machine, &["upgrade", "--formula", &self.name], tell)?;
        }
        if brew::is_unlinked(machine, &keg)? {
            return Err(failed(&words, &output)
                .why(format!(
                    "{} {} is installed, and not linked into {}",
                    keg.name,
                    keg.version,
                    brew::PREFIX
                ))
                .hint("something else has its place there; see what:")
                .remedy(format!("brew link --overwrite --dry-run {}", keg.name))
                .into());
        }
        Ok(())
    }
}

/// Upgrades a formula to the newest version that there is.
#[derive(Debug)]
pub struct UpgradeFormula {
    /// Its name.
    pub name: String,
    /// Why, in a few words.
    pub why: String,
    /// The job of ours that runs it.
    pub restarts: Option<String>,
}

impl Step for UpgradeFormula {
    fn about(&self) -> About {
        let mut about = about(&["update"]);
        about.commands.extend(super::about(&["upgrade", "--formula", &self.name]).commands);
        About {
            words: format!("upgrade {} with Homebrew", self.name),
            why: self.why.clone(),
            undo: "destroy goes back to the version that was there, which stays in the Cellar".into(),
            restarts: self.restarts.clone(),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        run_ok(machine, &["update"], tell)?;
        run_ok(machine, &["upgrade", "--formula", &self.name], tell)
    }
}

/// Links a formula into the prefix, so that its programs are found by their names.
#[derive(Debug)]
pub struct LinkFormula {
    /// Its name.
    pub name: String,
}

impl Step for LinkFormula {
    fn about(&self) -> About {
        About {
            words: format!("link {} into {}", self.name, brew::PREFIX),
            why: "else its programs are not found by their names".into(),
            undo: "taken out again by destroy".into(),
            ..about(&["link", &self.name])
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let words = ["link", self.name.as_str()];
        let output = run(machine, &words, tell)?;
        match brew::keg(machine, &self.name)? {
            Some(keg) if !brew::is_unlinked(machine, &keg)? => Ok(()),
            _ => Err(failed(&words, &output)
                .hint("something else has its place there; see what:")
                .remedy(format!("brew link --overwrite --dry-run {}", self.name))
                .into()),
        }
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
            (format!("mark {} as not asked for", self.name), "nobody asks for it by name any more")
        };
        About { words, why: why.into(), undo: "marked as before by destroy".into(), ..about(&self.words()) }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        run_ok(machine, &self.words(), tell)
    }
}
