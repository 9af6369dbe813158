//! What a thing is: its wanted state, how it is seen, and which steps lead there and back. Never changes a machine.

mod cask;
mod clt;
mod dependencies;
mod file;
mod folder;
mod formula;
mod held;
mod homebrew;
mod interpreters;
mod job;
mod job_removal;
mod noted;
mod ollama;
mod place;
mod power;
mod profile;
mod python;
mod rival;
mod tap;

use std::{collections::BTreeMap, fmt, time::Duration};

use anyhow::Result;
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::{
    machine::{Look, Machine},
    step::Step,
    value::{Delta, Deltas, Id, Pin, Place, Problem, State, Want, Wanted},
};

pub use cask::Cask;
pub use clt::CommandLineTools;
pub use dependencies::{before as formulae_before, id as dependencies_id, noted as dependencies};
pub use file::LogFile;
pub use folder::Folder;
pub use formula::{Formula, Wish, brought as formula_brought, excluded, untold};
pub use homebrew::{Homebrew, SCRIPT};
pub use interpreters::{noted as interpreters, notes as uv_notes};
pub use job::JobSpec;
pub use noted::Noted;
pub use ollama::{ModelServer, Ollama, OllamaModel, in_memory, memory_for_models};
pub use place::{Leaving, Removal};
pub use power::Power;
pub use profile::ProfileLine;
pub use python::PythonEnvironment;
pub use rival::Rival;
pub use tap::Tap;

/// One thing on a machine: what is wanted, and what leads there.
pub trait Resource: fmt::Debug + Send + Sync {
    /// Its name.
    fn id(&self) -> Id;

    /// Where it is.
    fn place(&self) -> Place;

    /// What its fields must hold.
    fn wanted(&self) -> Wanted;

    /// In a few words, what will be done and why.
    fn reason(&self, found: &State, deltas: &[Delta]) -> String;

    /// Why nothing of ours leads from `found` to what is wanted, if so; pure. `known` says whether there is a receipt.
    fn hindrance(&self, _found: &State, _known: bool) -> Option<Problem> {
        None
    }

    /// Whether what was found cannot become what is wanted, and is removed first; the reason names what is lost. Pure.
    fn replaces(&self, _found: &State) -> bool {
        false
    }

    /// What bringing it costs; asked only for what will change.
    fn quote(&self, _look: &dyn Look) -> Result<Quote> {
        Ok(Quote { download: Some(0), disk: Some(0), ..Quote::default() })
    }

    /// What those who have it say of it; asked only for what will change.
    fn upstream(&self, _look: &dyn Look, _found: &State, _deltas: &Deltas) -> Result<Upstream> {
        Ok(Upstream::default())
    }

    /// What of it listens beyond this Mac, in plain words.
    fn exposed(&self) -> Option<String> {
        None
    }

    /// What can be opened when it is there: names and URLs, which the journal keeps; never with a secret in them.
    fn urls(&self) -> Vec<(String, String)> {
        vec![]
    }

    /// Whether it is held to `pin`, which the lock has of it: not where the manifest wants something else by now, or the newest was
    /// asked for.
    fn is_held_to(&self, _pin: &Pin) -> bool {
        false
    }

    /// What the lock keeps of it once it is as wanted: what it is held to, or what is there; `None` where the manifest leaves nothing
    /// open, or nothing tells.
    fn pin(&self, _look: &dyn Look) -> Result<Option<Pin>> {
        Ok(None)
    }

    /// What the lock would keep of it if it were resolved anew now, as upstream says without bringing it, whatever is
    /// locked or there.
    fn newest(&self, _look: &dyn Look) -> Result<Newest> {
        Ok(Newest::default())
    }

    /// The steps from `found` to what is wanted; pure.
    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>>;

    /// Whether it works, by looking: running, healthy, of the right version and environment. Waits up to `patience`.
    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence>;

    /// What is to be seen of why it does not come to what is wanted; a sentence each.
    fn symptoms(&self, _look: &dyn Look) -> Vec<String> {
        vec![]
    }

    /// What proving it by use will load, if anything.
    fn use_loads(&self, _look: &dyn Look) -> Result<Option<Loads>> {
        Ok(None)
    }

    /// Whether it works, by using it; whatever that changes is undone. Nothing to use: what a look shows.
    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        self.check(machine, Duration::ZERO)
    }
}

/// What was seen, a sentence each.
pub type Evidence = Vec<String>;

/// What bringing a resource costs; what is not known is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quote {
    /// Bytes to fetch.
    pub download: Option<u64>,
    /// Bytes on disk afterwards, beside what is fetched.
    pub disk: Option<u64>,
    /// Of what is fetched, that which others may fetch too: bytes by digest.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, u64>,
}

/// What those who have a thing say of it: nothing, when it can be had as far as is known.
#[derive(Debug, Default)]
pub struct Upstream {
    /// Why it cannot be had.
    pub refusals: Vec<Problem>,
    /// What is worth knowing beforehand; that they did not say, too.
    pub warnings: Vec<Problem>,
}

impl Upstream {
    /// It cannot be had, and why.
    pub fn missing(problem: Problem) -> Self {
        Self { refusals: vec![problem], ..Self::default() }
    }

    /// They did not say; what is worth knowing of that.
    pub fn unsaid(problem: Problem) -> Self {
        Self { warnings: vec![problem], ..Self::default() }
    }
}

/// What the lock would keep of a resource if it were resolved anew.
#[derive(Debug, Default)]
pub struct Newest {
    /// That; `None` where only bringing it tells, or where the manifest leaves nothing open.
    pub pin: Option<Pin>,
    /// Why that is what is there, though upstream has newer or may have.
    pub stays: Option<Problem>,
}

impl Newest {
    /// What upstream has.
    pub fn of(pin: Pin) -> Self {
        Self { pin: Some(pin), stays: None }
    }
}

/// What proving something by use loads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loads {
    /// What is loaded; two that load the same need not both do it.
    pub what: String,
    /// The same in a sentence.
    pub words: String,
}

/// Something is where another thing is wanted, and is not ours to remove.
fn in_the_way(path: &Utf8Path, wanted: &str, found: &State) -> Option<Problem> {
    let kind = found.get("kind").as_text()?;
    (kind != wanted).then(|| {
        Problem::mac(format!("a {kind} is where a {wanted} belongs: `{path}`"))
            .hint("look at it, and put it elsewhere if you need it:")
            .remedy(format!("ls -ld '{path}'"))
    })
}

/// `KEY old -> new` for the first fields, and how many more there are.
fn changes(deltas: &[Delta]) -> String {
    let shown: Vec<String> = deltas.iter().take(3).map(change).collect();
    let more = deltas.len() - shown.len();
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", shown.join(", "))
}

fn change(delta: &Delta) -> String {
    match &delta.want {
        Want::Is(value) => format!("{} {} -> {value}", delta.field, delta.found),
        Want::Present => format!("{} {} -> present", delta.field, delta.found),
        Want::Within(range) => format!("{} {} -> {range}", delta.field, delta.found),
        Want::Meets(specifiers) => format!("{} {} -> {specifiers}", delta.field, delta.found),
    }
}
