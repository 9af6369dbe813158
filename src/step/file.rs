use anyhow::{Result, ensure};
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Looking, Machine, Tell},
    value::Problem,
};

/// Makes an empty log file that only the user can read, before launchd would make one that others can.
#[derive(Debug)]
pub struct CreateLog {
    /// Where.
    pub path: Utf8PathBuf,
}

impl Step for CreateLog {
    fn about(&self) -> About {
        About {
            words: format!("make the log file {}", self.path),
            why: "the service writes here; only you can read it".into(),
            commands: vec![format!("install -m 600 /dev/null {}", self.path)],
            undo: "removed by destroy --all-data".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        if machine.stat(&self.path)?.is_some() {
            return Ok(());
        }
        machine.write(&self.path, b"", 0o600)
    }
}

/// Removes a file of ours.
#[derive(Debug)]
pub struct RemoveFile {
    /// Where.
    pub path: Utf8PathBuf,
    /// Whether root has to do it.
    pub root: bool,
}

impl RemoveFile {
    fn command(&self) -> Command {
        Command::new(&["/bin/rm", "-f", self.path.as_str()]).as_root()
    }
}

impl Step for RemoveFile {
    fn about(&self) -> About {
        About {
            words: format!("remove {}", self.path),
            why: "forgectl brought it".into(),
            commands: vec![if self.root { self.command().to_string() } else { format!("rm {}", self.path) }],
            undo: "written again by apply".into(),
            sudo: self.root.then(|| "launch daemon".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        if self.root { machine.run_ok(&self.command(), tell).map(|_| ()) } else { machine.remove(&self.path) }
    }
}

/// Puts a file back as it was before we replaced it.
#[derive(Debug)]
pub struct RestoreFile {
    /// Where.
    pub path: Utf8PathBuf,
    /// Where its copy lies.
    pub backup: Utf8PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Its user and group, when root has to put it back.
    pub owner: Option<(u32, u32)>,
}

impl RestoreFile {
    fn command(&self, owner: u32, group: u32) -> Command {
        let [owner, group, mode] = [owner.to_string(), group.to_string(), format!("{:o}", self.mode)];
        let (from, to) = (self.backup.as_str(), self.path.as_str());
        Command::new(&["/usr/bin/install", "-o", &owner, "-g", &group, "-m", &mode, from, to]).as_root()
    }
}

impl Step for RestoreFile {
    fn about(&self) -> About {
        About {
            words: format!("put {} back as it was", self.path),
            why: "forgectl replaced it".into(),
            commands: vec![match self.owner {
                Some((owner, group)) => self.command(owner, group).to_string(),
                None => format!("install -m {:o} {} {}", self.mode, self.backup, self.path),
            }],
            undo: "replaced again by apply".into(),
            sudo: self.owner.map(|_| "property list".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Some(content) = machine.read(&self.backup)? else {
            return Err(Problem::mac(format!("the copy of `{}` is gone", self.path))
                .why(format!("{} is not there", self.backup))
                .hint("the file was left as it is")
                .into());
        };
        let Some((owner, group)) = self.owner else {
            // What is written over another file would keep that one's mode.
            machine.remove(&self.path)?;
            return machine.write(&self.path, &content, self.mode);
        };
        machine.run_ok(&self.command(owner, group), tell)?;
        // Root took over a file that the user can write: what counts is what arrived.
        ensure!(machine.read(&self.path)? == Some(content), "{} is not what its copy says", self.path);
        Ok(())
    }
}
