use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::{
    machine::{Changing, Looking, Machine, Tell},
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
    fn command(&self) -> crate::machine::Command {
        crate::machine::Command::new(&["/bin/rm", "-f", self.path.as_str()]).as_root()
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
}

impl Step for RestoreFile {
    fn about(&self) -> About {
        About {
            words: format!("put {} back as it was", self.path),
            why: "forgectl replaced it".into(),
            commands: vec![format!("install -m {:o} {} {}", self.mode, self.backup, self.path)],
            undo: "replaced again by apply".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        let Some(content) = machine.read(&self.backup)? else {
            return Err(Problem::mac(format!("the copy of `{}` is gone", self.path))
                .why(format!("{} is not there", self.backup))
                .hint("the file was left as it is")
                .into());
        };
        machine.write(&self.path, &content, self.mode)
    }
}
