use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Removal, Resource, Seals, in_the_way, place::backup};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine},
    step::{CloseFile, RemoveFile, RenderFile, RestoreFile, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Text, Value, Want, Wanted, fingerprint},
};

/// A file of which forgectl writes every word, maybe with secrets in it; only the user can read it.
#[derive(Debug)]
pub struct Rendered {
    /// Its path as people write it, `~/forge/lab/.env`.
    pub name: String,
    /// Where.
    pub path: Utf8PathBuf,
    /// What it says.
    pub content: Text,
    /// The folder in which forgectl keeps secrets.
    pub secrets: Utf8PathBuf,
    /// What it is for, a sentence.
    pub purpose: String,
}

impl Resource for Rendered {
    fn id(&self) -> Id {
        Id::new("file", &self.name)
    }

    fn place(&self) -> Place {
        Place::Rendered { path: self.path.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([
            ("kind".into(), Want::Is("file".into())),
            ("mode".into(), Want::Is("0600".into())),
            ("content".into(), Want::Is(fingerprint(&self.content.sealed()).into())),
        ])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        if !found.present {
            "write".into()
        } else if wrong("content") {
            "another text is there; a copy is kept unless it is forgectl's own".into()
        } else {
            format!("others can read it: mode {}", found.get("mode"))
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        in_the_way(&self.path, "file", found)
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        if deltas.iter().all(|delta| delta.field.as_str() == "mode") {
            return vec![Box::new(CloseFile { path: self.path.clone() })];
        }
        vec![Box::new(RenderFile {
            path: self.path.clone(),
            content: self.content.clone(),
            secrets: self.secrets.clone(),
            why: self.purpose.clone(),
            replaces: found.present,
        })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, &self.path)?;
        let wanted = fingerprint(&self.content.sealed());
        if found.get("content").as_text() == Some(&wanted) {
            return Ok(vec![format!("{} says what it should", self.path)]);
        }
        let what = if found.present { "does not say what it should" } else { "is not there" };
        Err(Problem::mac(format!("a file of this stack {what}: `{}`", self.path)).into())
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

/// `content` tells the text whichever values its secrets have, `digest` the file as it is.
pub(super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    let Some(stat) = look.stat(path)? else { return Ok(State::absent()) };
    let kind = match stat.kind {
        Kind::File => "file",
        Kind::Folder => "folder",
        Kind::Link => "link",
        Kind::Other => "special file",
    };
    let state = State::present().with("kind", kind);
    if stat.kind != Kind::File {
        return Ok(state);
    }
    let text = look.read_text(path)?.unwrap_or_default();
    Ok(state
        .with("mode", format!("{:04o}", stat.mode))
        .with("content", fingerprint(&Seals::read(look)?.sealed(&text)))
        .with("digest", look.digest(path)?))
}

/// What is still as we left it goes, and what was there before comes back. Anything else is somebody's own by now.
pub(super) fn removal(path: &Utf8Path, receipt: &Receipt, found: &State, leaving: &Leaving) -> Removal {
    let former = &receipt.former;
    let same = |field: &str| found.get(field) == former.get(field);
    if !found.present && !former.present || former.present && same("digest") && same("mode") {
        return Removal::default();
    }
    let ours = ["digest", "content"].into_iter().any(|field| receipt.ours(field, found.get(field)));
    if found.present && !ours {
        return Removal::kept(format!("{path} was changed since forgectl wrote it; it stays"));
    }
    let mode = |state: &State| u32::from_str_radix(state.get("mode").as_text().unwrap_or_default(), 8).ok();
    match former.get("digest") {
        Value::Text(digest) if former.present => Removal::of(RestoreFile {
            path: path.to_owned(),
            backup: backup(leaving.state_folder, digest),
            mode: mode(former).unwrap_or(0o600),
            owner: None,
        }),
        _ => Removal::of(RemoveFile { path: path.to_owned(), root: false }),
    }
}
