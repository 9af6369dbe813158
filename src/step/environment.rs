use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{About, Step, uv};
use crate::{
    machine::{Changing, Command, Machine, Output, Tell, tool::venv},
    value::Id,
};

/// Makes a Python environment, with nothing in it yet. `uv` fetches an interpreter when none on this Mac fits.
#[derive(Debug)]
pub struct MakeEnvironment {
    /// `uv`.
    pub uv: Utf8PathBuf,
    /// Where.
    pub path: Utf8PathBuf,
    /// The version, as `uv` is asked for it.
    pub version: String,
    /// What is there and is removed first, in words.
    pub instead_of: Option<String>,
    /// The resource whose lock asks for just that version, if one does.
    pub locked: Option<Id>,
}

impl MakeEnvironment {
    fn command(&self) -> Command {
        uv::command(&self.uv, &["venv", "--python", &self.version, self.path.as_str()])
    }
}

impl Step for MakeEnvironment {
    fn about(&self) -> About {
        let clear = self.instead_of.iter().map(|_| format!("rm -r {}", self.path));
        About {
            words: match &self.instead_of {
                None => format!("make a Python {} environment in {}", self.version, self.path),
                Some(former) => {
                    format!("make a Python {} environment in {} instead of {former}", self.version, self.path)
                }
            },
            why: "packages of this stack are put into it".into(),
            commands: clear.chain([self.command().to_string()]).collect(),
            undo: "removed with its packages by destroy --all-data".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        uv::wait(machine, tell)?;
        if self.instead_of.is_some() {
            machine.remove_tree(&self.path)?;
        } else if is_whole(machine, &self.path)? {
            // What a run of ours that was killed had begun has come to its end.
            return Ok(());
        }
        let command = self.command();
        made(machine, self, &command, &machine.run(&command, tell)?)
    }
}

fn is_whole(machine: &dyn Machine, path: &Utf8Path) -> Result<bool> {
    Ok(venv::read(machine, path)?.is_some_and(|found| found.interpreter.is_some()))
}

/// The files decide whether there is one.
fn made(machine: &dyn Machine, step: &MakeEnvironment, command: &Command, output: &Output) -> Result<()> {
    if output.ok() && is_whole(machine, &step.path)? {
        return Ok(());
    }
    let problem = uv::failed(
        format!("no Python {} environment could be made", step.version),
        command,
        output,
    )
    .hint("an interpreter comes from github.com when this Mac has none of that version; which can be had:")
    .remedy(format!("uv python list {}", step.version));
    Err(match &step.locked {
        Some(id) => problem
            .hint("the lock asks for just this one; where it cannot be had any more, let it be found anew:")
            .remedy(format!("forgectl lock --update {id}")),
        None => problem,
    }
    .into())
}

/// Leads an environment to an interpreter again, its packages as they are.
#[derive(Debug)]
pub struct LinkInterpreter {
    /// `uv`.
    pub uv: Utf8PathBuf,
    /// Where.
    pub path: Utf8PathBuf,
    /// The version, as `uv` is asked for it.
    pub version: String,
    /// Why, in words.
    pub why: String,
}

impl LinkInterpreter {
    fn command(&self) -> Command {
        uv::command(&self.uv, &["venv", "--allow-existing", "--python", &self.version, self.path.as_str()])
    }
}

impl Step for LinkInterpreter {
    fn about(&self) -> About {
        About {
            words: format!("lead {} to Python {}", self.path, self.version),
            why: self.why.clone(),
            commands: vec![self.command().to_string()],
            undo: "none: the packages stay as they are".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let command = self.command();
        let output = machine.run(&command, tell)?;
        if output.ok() {
            return Ok(());
        }
        Err(uv::failed(
            format!("no Python {} was found for `{}`", self.version, self.path),
            &command,
            &output,
        )
        .hint("which versions can be had:")
        .remedy(format!("uv python list {}", self.version))
        .into())
    }
}

/// Removes an environment of ours with its packages.
#[derive(Debug)]
pub struct RemoveEnvironment {
    /// Where.
    pub path: Utf8PathBuf,
}

impl Step for RemoveEnvironment {
    fn about(&self) -> About {
        About {
            words: format!("remove the environment {} and all that is in it", self.path),
            why: "forgectl made it, and --all-data was given".into(),
            commands: vec![format!("rm -r {}", self.path)],
            undo: "made again by apply; what was computed in it is gone".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        uv::wait(machine, tell)?;
        machine.remove_tree(&self.path)
    }
}
