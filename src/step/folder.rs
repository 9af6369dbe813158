use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::machine::{Changing, Looking, Machine, Tell};

/// Makes one folder.
#[derive(Debug)]
pub struct MakeFolder {
    /// Where.
    pub path: Utf8PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// Whether a service will fill it with data.
    pub data: bool,
}

impl Step for MakeFolder {
    fn about(&self) -> About {
        About {
            words: format!("make the folder {}", self.path),
            why: if self.data {
                "a service keeps its data here"
            } else {
                "something of this stack is put into it"
            }
            .into(),
            commands: vec![format!("mkdir -m {:o} {}", self.mode, self.path)],
            undo: if self.data {
                "removed with its content by destroy --all-data".into()
            } else {
                "removed by destroy when it is empty".into()
            },
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.make_dir(&self.path, self.mode)
    }
}

/// Removes a folder of ours, if nobody has put anything into it.
#[derive(Debug)]
pub struct RemoveFolder {
    /// Where.
    pub path: Utf8PathBuf,
}

impl Step for RemoveFolder {
    fn about(&self) -> About {
        About {
            words: format!("remove the folder {} if it is empty", self.path),
            why: "forgectl made it".into(),
            commands: vec![format!("rmdir {}", self.path)],
            undo: "made again by apply".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        match machine.list(&self.path)? {
            Some(names) if names.is_empty() => machine.remove(&self.path),
            _ => Ok(()),
        }
    }
}

/// Removes a folder of ours with the data in it.
#[derive(Debug)]
pub struct RemoveTree {
    /// Where.
    pub path: Utf8PathBuf,
}

impl Step for RemoveTree {
    fn about(&self) -> About {
        About {
            words: format!("remove {} and all data in it", self.path),
            why: "forgectl brought it, and --all-data was given".into(),
            commands: vec![format!("rm -r {}", self.path)],
            undo: "none: the data is gone".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.remove_tree(&self.path)
    }
}

/// Removes from a folder that was there before what a server of ours made in it: files, and folders without models.
#[derive(Debug)]
pub struct RemoveServed {
    /// Where.
    pub path: Utf8PathBuf,
    /// Their names in it, what lies in another after that.
    pub names: Vec<&'static str>,
}

impl Step for RemoveServed {
    fn about(&self) -> About {
        let paths = self.names.iter().rev().map(|name| self.path.join(name).into_string());
        About {
            words: format!("remove what its server made in {}", self.path),
            why: "the folder was there before, and they were not".into(),
            commands: paths.map(|path| format!("rm -d {path}")).collect(),
            undo: "made again by the server".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        for path in self.names.iter().rev().map(|name| self.path.join(name)) {
            let full = machine.list(&path).is_ok_and(|names| names.is_some_and(|names| !names.is_empty()));
            if machine.stat(&path)?.is_some() && !full {
                machine.remove(&path)?;
            }
        }
        Ok(())
    }
}
