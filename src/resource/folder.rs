use std::time::Duration;

use anyhow::{Result, anyhow};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Removal, Resource, in_the_way};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine},
    step::{MakeFolder, RemoveFolder, RemoveServed, RemoveTree, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// A folder that must be there.
#[derive(Debug)]
pub struct Folder {
    /// Its path as people write it, `~/Library/LaunchAgents`.
    pub name: String,
    /// Where.
    pub path: Utf8PathBuf,
    /// Permission bits when we make it.
    pub mode: u32,
    /// Whether a service fills it with data.
    pub data: bool,
}

impl Resource for Folder {
    fn id(&self) -> Id {
        Id::new(if self.data { "data" } else { "folder" }, &self.name)
    }

    fn place(&self) -> Place {
        let path = self.path.clone();
        if self.data { Place::Data { path } } else { Place::Folder { path } }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("kind".into(), Want::Is("folder".into()))])
    }

    fn reason(&self, found: &State, _: &[Delta]) -> String {
        match found.get("kind").as_text() {
            Some(kind) => format!("a {kind} is there"),
            None => "make".into(),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        in_the_way(&self.path, "folder", found)
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(MakeFolder { path: self.path.clone(), mode: self.mode, data: self.data })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        match observe(look, &self.path)?.get("kind") {
            Value::Text(kind) if kind == "folder" => Ok(vec![format!("{} is there", self.path)]),
            other => Err(anyhow!(
                Problem::mac(format!("no folder: `{}`", self.path)).why(format!("found: {other}"))
            )),
        }
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

/// Links are followed: a folder that is elsewhere and linked to is a folder.
pub(super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    let Some(real) = look.resolve(path)? else {
        // What cannot be followed is in the way all the same.
        let link = look.stat(path)?.is_some();
        return Ok(if link { State::present().with("kind", "dead link") } else { State::absent() });
    };
    let Some(stat) = look.stat(&real)? else {
        return Ok(State::absent());
    };
    let kind = match stat.kind {
        Kind::Folder => "folder",
        Kind::File => "file",
        Kind::Link | Kind::Other => "special file",
    };
    Ok(State::present().with("kind", kind).with("born", stat.born.map(|born| born.to_string())))
}

/// What a server makes in its data folder by itself (docs/mac-facts.md#ollama-files), what lies in another of these after it.
const SERVED: [&str; 7] =
    ["id_ed25519", "id_ed25519.pub", "blobs", "manifests", "models", "models/blobs", "models/manifests"];

/// The same, and which of these names are there.
pub(super) fn observe_data(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    let state = observe(look, path)?;
    if *state.get("kind") != "folder".into() {
        return Ok(state);
    }
    let mut served = vec![];
    for name in SERVED {
        if look.stat(&path.join(name))?.is_some() {
            served.push(name);
        }
    }
    Ok(state.with("served", served.join(" ")))
}

/// What a server of ours made in a folder that was there before; of one that an earlier forgectl adopted nobody knows.
fn served_since(receipt: &Receipt, found: &State) -> Vec<&'static str> {
    let (Some(former), Some(now)) = (receipt.former.get("served").as_text(), found.get("served").as_text())
    else {
        return vec![];
    };
    let has = |names: &str, name: &str| names.split(' ').any(|other| other == name);
    SERVED.into_iter().filter(|name| has(now, name) && !has(former, name)).collect()
}

pub(super) fn removal(path: &Utf8Path, receipt: &Receipt, found: &State) -> Removal {
    if receipt.created() && found.present {
        Removal::of(RemoveFolder { path: path.to_owned() })
    } else {
        Removal::default()
    }
}

pub(super) fn data_removal(path: &Utf8Path, receipt: &Receipt, found: &State, all_data: bool) -> Removal {
    if !receipt.created() {
        let names = served_since(receipt, found);
        if names.is_empty() || !receipt.ours("born", found.get("born")) {
            Removal::default()
        } else if all_data {
            Removal::of(RemoveServed { path: path.to_owned(), names })
        } else {
            Removal::held(format!(
                "{path} holds what its server made; `forgectl destroy --all-data` removes it"
            ))
        }
    } else if !found.present {
        Removal::default()
    } else if receipt.left.is_none() {
        // Killed before anybody could tell whether we made it: what somebody put into it is theirs.
        Removal::of(RemoveFolder { path: path.to_owned() })
    } else if !receipt.ours("born", found.get("born")) {
        Removal::kept(format!("{path} was made anew since forgectl made it; it stays"))
    } else if all_data {
        Removal::of(RemoveTree { path: path.to_owned() })
    } else {
        Removal::held(format!("{path} holds data; `forgectl destroy --all-data` removes it"))
    }
}
