use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    cask, clt, dependencies, file, folder, formula, held, homebrew, interpreters, job, job_removal, ollama,
    power, profile, python, rival, tap,
};
use crate::{
    journal::Receipt,
    machine::{Look, tool::brew},
    step::{OwnServer, Step, TOOLS},
    value::{Domain, Place, State},
};

/// In what run things are given back.
#[derive(Debug)]
pub struct Leaving<'l> {
    /// forgectl's own folder on the node.
    pub state_folder: &'l Utf8Path,
    /// Whether what holds data and what other tools share goes too.
    pub all_data: bool,
    /// The formulae that we brought, which go in this run, by all names that are known of them; casks with `cask/` in front.
    pub formulae: BTreeSet<String>,
    /// The formulae that were there before the first of ours, and their versions then.
    pub before: BTreeMap<String, String>,
    /// The Ollama server that we brought, if there is one.
    pub ollama: Option<OwnServer>,
}

/// How a thing is given back.
#[derive(Debug, Default)]
pub struct Removal {
    /// The steps, in order.
    pub steps: Vec<Box<dyn Step>>,
    /// What is left as it is, and why.
    pub kept: Vec<String>,
    /// Whether something of ours stays, so that its receipt has to stay too.
    pub holds: bool,
    /// Whether what stays needs nothing that it stood on.
    pub alone: bool,
}

impl Removal {
    pub(super) fn of(step: impl Step + 'static) -> Self {
        Self { steps: vec![Box::new(step)], ..Self::default() }
    }

    pub(super) fn kept(why: impl Into<String>) -> Self {
        Self { kept: vec![why.into()], ..Self::default() }
    }

    pub(super) fn held(why: impl Into<String>) -> Self {
        Self { kept: vec![why.into()], holds: true, ..Self::default() }
    }

    pub(super) fn held_alone(why: impl Into<String>) -> Self {
        Self { alone: true, ..Self::held(why) }
    }
}

impl Place {
    /// What is there. `receipt` is what we know of it from before, if anything.
    pub fn observe(&self, look: &dyn Look, receipt: Option<&Receipt>) -> Result<State> {
        match self {
            Self::Folder { path } => folder::observe(look, path),
            Self::Data { path } => folder::observe_data(look, path),
            Self::Log { path } => file::observe(look, path),
            Self::CommandLineTools => clt::observe(look),
            Self::Homebrew => homebrew::observe(look, receipt),
            Self::ProfileLine { path } => profile::observe(look, path),
            Self::Dependencies => dependencies::observe(look, receipt),
            Self::Formula { name, known_as } => formula::observe(look, name, known_as.as_deref(), receipt),
            Self::Tap { name } => tap::observe(look, name, receipt),
            Self::Cask { token, known_as, apps } => cask::observe(look, token, known_as.as_deref(), apps),
            Self::Environment { path } => python::observe(look, path, receipt),
            Self::Interpreters { folder, minor } => interpreters::observe(look, folder, minor, receipt),
            Self::UvNotes { folder } => interpreters::observe_notes(look, folder),
            Self::Model { store, name } => ollama::observe(look, store, name),
            Self::Power { source } => power::observe(look, *source),
            Self::Job { domain, label, plist, program } => {
                job::observe(look, *domain, label, plist, program, receipt)
            }
            Self::Rival { domain, label, plist } => rival::observe(look, *domain, label, plist),
        }
    }

    /// What of it is on the disk, as far as it can be told from what was there before: bytes, by what they are of, so that what
    /// two share is counted once.
    pub fn held(&self, look: &dyn Look, receipt: Option<&Receipt>) -> Result<Vec<(String, u64)>> {
        let brought = receipt.is_some_and(Receipt::created);
        match self {
            Self::Model { store, name } => ollama::held(look, store, name),
            Self::CommandLineTools if brought => held::tree(look, TOOLS),
            Self::Homebrew if brought => held::tree(look, brew::PREFIX),
            _ => Ok(vec![]),
        }
    }

    /// The steps that take away what we brought and give back what we changed; pure.
    pub fn removal(&self, receipt: &Receipt, found: &State, leaving: &Leaving) -> Removal {
        let Leaving { state_folder, all_data, .. } = *leaving;
        match self {
            Self::Folder { path } => folder::removal(path, receipt, found),
            Self::Data { path } => folder::data_removal(path, receipt, found, all_data),
            Self::Log { path } => file::removal(path, receipt, found, all_data),
            Self::CommandLineTools => clt::removal(receipt, found, all_data),
            Self::Homebrew => homebrew::removal(receipt, found, leaving),
            Self::ProfileLine { path } => profile::removal(path, receipt, found),
            Self::Dependencies => dependencies::removal(),
            Self::Formula { name, known_as } => {
                formula::removal(name, known_as.as_deref(), receipt, found, leaving)
            }
            Self::Tap { name } => tap::removal(name, receipt, found, leaving),
            Self::Cask { token, known_as, apps } => {
                cask::removal(token, known_as.as_deref(), apps, receipt, found)
            }
            Self::Environment { path } => python::removal(path, receipt, found, all_data),
            Self::Interpreters { folder, .. } | Self::UvNotes { folder } => {
                interpreters::removal(folder, receipt, found, all_data)
            }
            Self::Model { store, name } => ollama::removal(store, name, receipt, found, leaving),
            Self::Power { source } => power::removal(*source, receipt, found),
            Self::Job { domain, label, plist, .. } => {
                job_removal::removal(*domain, label, plist, receipt, found, state_folder)
            }
            Self::Rival { domain, label, plist } => {
                rival::removal(*domain, label, plist, receipt, found, state_folder)
            }
        }
    }

    /// Whether the journal holds this field: never one whose value can be a secret of somebody, and none that nobody
    /// `wanted` where a place shows more than forgectl has to do with.
    pub fn remembers(&self, field: &str, wanted: bool) -> bool {
        match self {
            Self::Job { .. } => job::REMEMBERED.contains(&field),
            Self::Power { .. } => wanted,
            // What else is in an environment stands in one field, which tells all that was there before.
            Self::Environment { .. } => wanted || !field.starts_with(python::PACKAGE),
            _ => true,
        }
    }

    /// The file or folder that is made, written or removed as the user, not as root.
    pub fn user_file(&self) -> Option<&Utf8Path> {
        match self {
            Self::Folder { path } | Self::Data { path } | Self::Log { path } | Self::ProfileLine { path } => {
                Some(path)
            }
            Self::Job { domain, plist, .. } | Self::Rival { domain, plist, .. } => {
                (*domain != Domain::System && !plist.starts_with("/Library")).then_some(plist)
            }
            _ => None,
        }
    }

    /// The file of which a copy is kept before it is replaced, and the field that tells whether it is ours.
    pub fn backed_up(&self) -> Option<(&Utf8PathBuf, &'static str)> {
        match self {
            Self::Job { plist, .. } => Some((plist, "file")),
            _ => None,
        }
    }
}

/// Where the copy of a file with this digest lies.
pub(super) fn backup(state_folder: &Utf8Path, digest: &str) -> Utf8PathBuf {
    state_folder.join("backups").join(digest)
}
