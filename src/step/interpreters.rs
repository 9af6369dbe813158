use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::machine::{Changing, Kind, Looking, Machine, Tell};

/// Removes the interpreters that `uv` has fetched for environments of ours, and what it keeps beside them.
#[derive(Debug)]
pub struct RemoveInterpreters {
    /// Where `uv` keeps what is its own.
    pub folder: Utf8PathBuf,
    /// The interpreters.
    pub names: Vec<String>,
    /// What else came with them, below that folder; a folder that is first emptied by this comes last.
    pub marks: Vec<String>,
}

impl Step for RemoveInterpreters {
    fn about(&self) -> About {
        let names = self.names.iter().map(|name| format!("python/{name}"));
        let paths: Vec<String> = names.chain(self.marks.iter().cloned()).collect();
        About {
            words: if self.names.is_empty() {
                format!("remove what uv has noted in {}", self.folder)
            } else {
                format!("remove {}, which uv has fetched", self.names.join(" and "))
            },
            why: "it came for an environment of ours".into(),
            commands: paths.iter().map(|path| format!("rm -r {}", self.folder.join(path))).collect(),
            undo: "fetched again by apply".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        for name in &self.names {
            machine.remove_tree(&self.folder.join("python").join(name))?;
        }
        for mark in &self.marks {
            let path = self.folder.join(mark);
            let Some(stat) = machine.stat(&path)? else { continue };
            let emptied = mark == "python";
            if emptied && machine.list(&path)?.is_some_and(|names| !names.is_empty()) {
                continue;
            }
            match stat.kind {
                Kind::Folder if !emptied => machine.remove_tree(&path)?,
                _ => machine.remove(&path)?,
            }
        }
        Ok(())
    }
}
