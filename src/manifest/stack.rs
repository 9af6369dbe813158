use std::{collections::BTreeMap, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    checks,
    compose::{Beside, Project},
    lock::LockPlace,
    own,
    reading::{self, Tree},
    types::Manifest,
};
use crate::value::{Lock, Problem, Problems, Source, Span, Typed, Upgrade, shell_word};

/// A manifest that was read and found good, with the places of its values.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What it says.
    pub manifest: Manifest,
    /// What is no fault, but probably not meant.
    pub warnings: Vec<Problem>,
    /// What earlier applies resolved of what it leaves open.
    pub lock: Lock,
    /// Where that is kept.
    pub lock_place: LockPlace,
    /// What of it was asked to be brought to its newest version.
    pub upgrade: Upgrade,
    /// Where it lies on this desk, from the root on; `None` of what is no file.
    pub file: Option<Utf8PathBuf>,
    /// How commands are told of it.
    pub typed: Typed,
    /// The Compose files of the user's own services, by the services' names; see [`Self::with_services`].
    own: BTreeMap<String, Project>,
    source: Arc<Source>,
    tree: Tree,
}

impl Stack {
    /// The same with its lock kept in `place`.
    #[must_use]
    pub fn kept_in(mut self, place: LockPlace) -> Self {
        self.lock_place = place;
        self
    }

    /// The same with the Compose files that it names; `beside` is the manifest's folder. Every fault in them is told at once.
    pub fn with_services(mut self, beside: &Beside<'_>) -> Result<Self, Problems> {
        let (projects, warnings) = own::read(&self, beside)?;
        self.own = projects;
        self.warnings.extend(warnings);
        Ok(self)
    }

    /// The Compose file of the user's own service `name`, on a Mac where their home folder is `home`.
    pub fn project(&self, name: &str, home: &Utf8Path) -> Option<Project> {
        self.own.get(name).cloned().map(|project| project.at_home(home))
    }

    /// The text it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Where a value was given: at the value itself where it is a single one, at its key where it is a map,
    /// a list or nothing. Of what was not given, the place of the nearest parent that was; where there is
    /// none, the start of the manifest. Items of a list go by their number.
    pub fn span(&self, path: &[&str]) -> Span {
        let place = self.tree.place(path);
        self.source.span(place.start, place.len())
    }

    /// The section of the manifest that `span`, a part of this manifest's text, lies in: `ollama`.
    pub fn section(&self, span: &Span) -> Option<&str> {
        self.keys(span).first().copied()
    }

    /// The same, and the key in it where there is one: `tools`, `homebrew`.
    pub fn keys(&self, span: &Span) -> Vec<&str> {
        self.tree.keys(span.start())
    }

    /// Where the key of a value was given; else as [`Self::span`].
    pub fn key_span(&self, path: &[&str]) -> Span {
        let place = self.tree.key_place(path);
        self.source.span(place.start, place.len())
    }
}

/// Reads a manifest. Every fault that can be known is told at once, in the order of the text.
pub fn read(source: &Arc<Source>) -> Result<Stack, Problems> {
    let (manifest, tree) = reading::read(source).map_err(Problems)?;
    let mut stack = Stack {
        manifest,
        warnings: vec![],
        lock: Lock::default(),
        lock_place: LockPlace::default(),
        upgrade: Upgrade::default(),
        file: None,
        typed: Typed { manifest: shell_word(source.name()).into_owned(), target: None },
        own: BTreeMap::new(),
        source: Arc::clone(source),
        tree,
    };
    let findings = checks::check(&stack);
    if !findings.faults.is_empty() {
        return Err(Problems(findings.faults));
    }
    stack.warnings = findings.warnings;
    Ok(stack)
}
