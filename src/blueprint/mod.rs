//! Manifest and facts make resources with their needs; one file a manifest section.

mod casks;
mod data;
mod engine;
mod guarded;
mod lab;
mod models;
mod node;
mod ollama;
mod own;
mod plist;
mod port;
mod power;
mod project;
mod python;
mod rivals;
mod secrets;
mod services;
pub mod standing;
mod tools;
mod upgrade;

pub(crate) use node::{disk_shortage, too_little_free};
pub(crate) use ollama::LABEL as OLLAMA_LABEL;

use std::{collections::HashSet, sync::Arc};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    journal::Receipts,
    machine::{Identity, Look, facts::Facts},
    manifest::Stack,
    resource::{Folder, Resource},
    value::{Id, Problem, Span},
};

/// All that a stack wants of one Mac.
pub struct Blueprint {
    /// Its resources, each after all that it needs.
    pub entries: Vec<Entry>,
    /// Why it cannot be applied to this Mac.
    pub refusals: Vec<Problem>,
    /// What is worth knowing beforehand.
    pub warnings: Vec<Problem>,
    /// The ids of the entries.
    known: HashSet<Id>,
    /// Volumes, each with a secret that opens it.
    opened: Vec<(Id, Id)>,
    /// The user's home folder.
    home: Utf8PathBuf,
}

/// One resource of a stack.
#[derive(Clone)]
pub struct Entry {
    /// What is wanted.
    pub resource: Arc<dyn Resource>,
    /// What has to be there before.
    pub needs: Vec<Id>,
    /// The place in the manifest that asks for it.
    pub origin: Span,
    /// Whether the stack can do without it: it comes last, and its failure is a warning.
    pub optional: bool,
}

/// What the sections know of the Mac and of what forgectl did to it.
struct Site<'s> {
    look: &'s dyn Look,
    stack: &'s Stack,
    facts: &'s Facts,
    identity: &'s Identity,
    receipts: &'s Receipts,
}

impl Site<'_> {
    /// Where the manifest asks for the Ollama server: a key of its section, or the models that bring it along.
    fn of_server(&self, key: &str) -> Span {
        match (&self.stack.manifest.ollama, key) {
            (None, _) => self.stack.span(&["models"]),
            (Some(_), "") => self.stack.span(&["ollama"]),
            (Some(_), key) => self.stack.span(&["ollama", key]),
        }
    }
}

/// Builds the blueprint of `stack` for the Mac behind `look`. Nothing is changed.
pub fn build(
    look: &dyn Look,
    stack: &Stack,
    facts: &Facts,
    identity: &Identity,
    receipts: &Receipts,
) -> Result<Blueprint> {
    let site = Site { look, stack, facts, identity, receipts };
    let mut blueprint = Blueprint {
        entries: vec![],
        refusals: node::judge(&site),
        warnings: stack.warnings.clone(),
        known: HashSet::new(),
        opened: vec![],
        home: identity.home.clone(),
    };
    if identity.uid == 0 {
        // What root's own folders and launchd domains hold says nothing of the user's.
        return Ok(blueprint);
    }
    if stack.manifest.power.as_ref().is_some_and(|power| power.never_sleep) {
        power::never_sleep(&site, &mut blueprint)?;
    }
    if let Some(section) = &stack.manifest.tools {
        tools::tools(&site, section, &mut blueprint)?;
    }
    if let Some(section) = &stack.manifest.python {
        python::environments(&site, section, &mut blueprint)?;
    }
    let mut behind = None;
    if let Some(section) = stack.manifest.server() {
        let (id, server) = ollama::server(&site, &section, &mut blueprint)?;
        let tried = models::models(&site, &id, &server, &mut blueprint)?;
        let needs = std::iter::once(id).chain(tried).collect();
        behind = Some(services::Behind { needs, server, socket: section.socket() });
    }
    if let Some(section) = &stack.manifest.services {
        services::services(&site, section, behind.as_ref(), &mut blueprint)?;
    } else if let Some(section) = &stack.manifest.containers {
        engine::engine(&site, section, &mut blueprint, &stack.span(&["containers"]))?;
    }
    blueprint.bind_secrets();
    Ok(blueprint)
}

impl Blueprint {
    /// Adds a resource, or, where one of the same id is there, what that needs besides; answers with its id.
    fn add(&mut self, resource: impl Resource + 'static, needs: Vec<Id>, origin: Span) -> Id {
        let id = resource.id();
        if self.known.insert(id.clone()) {
            self.entries.push(Entry { resource: Arc::new(resource), needs, origin, optional: false });
        } else if let Some(entry) = self.entries.iter_mut().find(|entry| entry.resource.id() == id) {
            let more: Vec<Id> = needs.into_iter().filter(|need| !entry.needs.contains(need)).collect();
            entry.needs.extend(more);
            self.put_in_order();
        }
        id
    }

    /// Adds a resource that the stack can do without.
    fn add_optional(&mut self, resource: impl Resource + 'static, needs: Vec<Id>, origin: Span) -> Id {
        let known = self.known.contains(&resource.id());
        let id = self.add(resource, needs, origin);
        if let (false, Some(entry)) = (known, self.entries.last_mut()) {
            entry.optional = true;
        }
        id
    }

    /// Lets the resource `id` stand on `needs` too.
    fn stand_on(&mut self, id: &Id, needs: &[Id]) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.resource.id() == *id) {
            let more: Vec<Id> = needs.iter().filter(|need| !entry.needs.contains(need)).cloned().collect();
            entry.needs.extend(more);
        }
        self.put_in_order();
    }

    /// Puts each entry behind all that it needs, and otherwise leaves the order as it is.
    fn put_in_order(&mut self) {
        let mut waiting = std::mem::take(&mut self.entries);
        let mut placed: HashSet<Id> = HashSet::new();
        while !waiting.is_empty() {
            let known = |need: &Id| placed.contains(need) || !self.known.contains(need);
            let next = waiting.iter().position(|entry| entry.needs.iter().all(known)).unwrap_or(0);
            let entry = waiting.remove(next);
            placed.insert(entry.resource.id());
            self.entries.push(entry);
        }
    }

    /// Adds the folder at `path` and those above it below `base`, the first on `needs` and each on the one above; answers with
    /// what stands for `path`.
    fn add_folders(
        &mut self,
        base: &Utf8Path,
        path: &Utf8Path,
        mode: u32,
        mut needs: Vec<Id>,
        origin: &Span,
    ) -> Vec<Id> {
        let below: Vec<Utf8PathBuf> =
            path.ancestors().take_while(|ancestor| *ancestor != base).map(Utf8Path::to_owned).collect();
        for path in below.into_iter().rev() {
            let folder = Folder { name: tilde(&self.home, &path), path, mode, data: false };
            needs = vec![self.add(folder, needs, origin.clone())];
        }
        needs
    }
}

/// The job of ours that runs the program of a formula.
fn job_of(formula: &str) -> Option<Id> {
    ollama::job_of(formula).or_else(|| engine::job_of(formula))
}

/// `path` as people write it: `~/Library` for what lies in `home`.
fn tilde(home: &Utf8Path, path: &Utf8Path) -> String {
    path.strip_prefix(home).map_or_else(|_| path.to_string(), |inside| format!("~/{inside}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Source;

    #[test]
    fn what_is_asked_for_twice_needs_what_either_needs_and_stands_behind_it() {
        let origin = Source::new("stack.yaml", "forge: 1").span(0, 5);
        let mut blueprint = Blueprint {
            entries: vec![],
            refusals: vec![],
            warnings: vec![],
            known: HashSet::new(),
            opened: vec![],
            home: "/Users/lab".into(),
        };
        let mut add = |name: &str, needs: &[&Id]| {
            let folder = Folder { name: name.into(), path: name.into(), mode: 0o755, data: false };
            blueprint.add(folder, needs.iter().map(|&id| id.clone()).collect(), origin.clone())
        };
        let first = add("first", &[]);
        let second = add("second", &[&first]);
        let third = add("third", &[]);
        assert_eq!(add("first", &[&third]), first);
        add("first", &[&third]);
        let needs: Vec<(Id, Vec<Id>)> =
            blueprint.entries.iter().map(|entry| (entry.resource.id(), entry.needs.clone())).collect();
        assert_eq!(needs, [(third.clone(), vec![]), (first.clone(), vec![third]), (second, vec![first])]);
    }
}
