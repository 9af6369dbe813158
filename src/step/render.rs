use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::{
    machine::{Changing, Machine, Tell},
    value::Text,
};

/// Writes a file that only the user can read, secrets put into it where they belong.
#[derive(Debug)]
pub struct RenderFile {
    /// Where.
    pub path: Utf8PathBuf,
    /// What it says.
    pub content: Text,
    /// The folder in which forgectl keeps secrets.
    pub secrets: Utf8PathBuf,
    /// What it is for.
    pub why: String,
    /// Whether somebody's file is there, of which a copy was kept.
    pub replaces: bool,
}

impl Step for RenderFile {
    fn about(&self) -> About {
        let secrets = self.content.secrets().count();
        let with = if secrets > 0 { format!(", {secrets} secrets in it") } else { String::new() };
        About {
            words: if self.replaces {
                format!("write {} anew, and keep a copy of what is there", self.path)
            } else {
                format!("write {}", self.path)
            },
            why: self.why.clone(),
            commands: vec![format!("a file that only you can read{with}: {}", self.path)],
            undo: if self.replaces { "what was there is put back by destroy" } else { "removed by destroy" }
                .into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.render(&self.path, self.content.clone(), &self.secrets)
    }
}
