use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::machine::{Changing, Kind, Looking, Machine, Tell, tool::uv};

/// Removes the interpreters that `uv` has fetched for environments of ours, and what it keeps beside them.
#[derive(Debug)]
pub struct RemoveInterpreters {
    /// Where `uv` keeps what is its own.
    pub folder: Utf8PathBuf,
    /// The interpreters.
    pub names: Vec<String>,
    /// What was noted there, below that folder, and goes when nothing else is there any more; a folder that is first emptied by this
    /// comes last.
    pub notes: Vec<String>,
}

impl Step for RemoveInterpreters {
    fn about(&self) -> About {
        let names = self.names.iter().map(|name| format!("python/{name}"));
        let paths: Vec<String> = names.chain(self.notes.iter().cloned()).collect();
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
        // Where others have put something beside it, they need what is noted there.
        let notes = if uv::only_notes(machine, &self.folder)? { self.notes.as_slice() } else { &[] };
        for note in notes {
            let path = self.folder.join(note);
            let Some(stat) = machine.stat(&path)? else { continue };
            let emptied = note == "python";
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
