use anyhow::Result;

use super::{About, Step, about, command, failed, run, run_ok, wait_for};
use crate::machine::{Machine, Tell, tool::brew};

/// Trusts a tap of others and fetches it.
#[derive(Debug)]
pub struct AddTap {
    /// Its name.
    pub name: String,
}

impl Step for AddTap {
    fn about(&self) -> About {
        let mut about = about(&["trust", "--tap", &self.name]);
        about.commands.push(command(&["tap", &self.name]).to_string());
        About {
            words: format!("trust the tap {} and fetch it", self.name),
            why: "the manifest says `trust: true`: whatever is in it, now and later, runs with your rights"
                .into(),
            undo: "destroy takes it away, and the trust with it".into(),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        if !brew::is_trusted(machine, &self.name)? {
            run_ok(machine, &["trust", "--tap", &self.name], tell)?;
        }
        let words = ["tap", self.name.as_str()];
        if brew::is_tapped(machine, &self.name)? {
            return Ok(());
        }
        let output = run(machine, &words, tell)?;
        if brew::is_tapped(machine, &self.name)? {
            return Ok(());
        }
        let repository = self.name.replacen('/', "/homebrew-", 1);
        Err(failed(&words, &output)
            .hint("see whether it is there under that name, and can be reached:")
            .remedy(format!("open https://github.com/{repository}"))
            .into())
    }
}

/// Takes a tap away, or the trust in it, or both.
#[derive(Debug)]
pub struct RemoveTap {
    /// Its name.
    pub name: String,
    /// Whether the tap goes.
    pub untap: bool,
    /// Whether the trust goes.
    pub untrust: bool,
}

impl Step for RemoveTap {
    fn about(&self) -> About {
        let about = about(&["untap", &self.name]);
        let mut commands = vec![];
        commands.extend(self.untap.then(|| command(&["untap", &self.name]).to_string()));
        commands.extend(self.untrust.then(|| command(&["untrust", "--tap", &self.name]).to_string()));
        About {
            words: format!("take the tap {} and the trust in it away", self.name),
            why: "forgectl brought it".into(),
            undo: "fetched and trusted again by apply".into(),
            commands,
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &brew::RUNNING, tell)?;
        if self.untap && brew::is_tapped(machine, &self.name)? {
            run_ok(machine, &["untap", &self.name], tell)?;
        }
        if self.untrust && brew::is_trusted(machine, &self.name)? {
            run_ok(machine, &["untrust", "--tap", &self.name], tell)?;
        }
        Ok(())
    }
}
