use std::time::Duration;

use anyhow::{Result, anyhow};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Removal, Resource, in_the_way};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine},
    step::{CreateLog, RemoveFile, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Want, Wanted},
};

/// A file that a service of ours appends to.
#[derive(Debug)]
pub struct LogFile {
    /// Its path as people write it, `~/Library/Logs/forgectl/ollama.log`.
    pub name: String,
    /// Where.
    pub path: Utf8PathBuf,
}

impl Resource for LogFile {
    fn id(&self) -> Id {
        Id::new("log", &self.name)
    }

    fn place(&self) -> Place {
        Place::Log { path: self.path.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("kind".into(), Want::Is("file".into()))])
    }

    fn reason(&self, found: &State, _: &[Delta]) -> String {
        match found.get("kind").as_text() {
            Some(kind) => format!("a {kind} is there"),
            None => "make".into(),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        in_the_way(&self.path, "file", found)
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(CreateLog { path: self.path.clone() })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        if observe(look, &self.path)?.get("kind").as_text() == Some("file") {
            return Ok(vec![format!("{} is there", self.path)]);
        }
        Err(anyhow!(Problem::mac(format!("no log file: `{}`", self.path))))
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

pub(super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    Ok(match look.stat(path)?.map(|stat| stat.kind) {
        None => State::absent(),
        Some(Kind::File) => State::present().with("kind", "file"),
        Some(Kind::Folder) => State::present().with("kind", "folder"),
        Some(Kind::Link) => State::present().with("kind", "link"),
        Some(Kind::Other) => State::present().with("kind", "special file"),
    })
}

pub(super) fn removal(path: &Utf8Path, receipt: &Receipt, found: &State, all_data: bool) -> Removal {
    if !receipt.created() || !found.present {
        Removal::default()
    } else if all_data {
        Removal::of(RemoveFile { path: path.to_owned(), root: false })
    } else {
        Removal::held(format!("{path} is a log; `forgectl destroy --all-data` removes it"))
    }
}
