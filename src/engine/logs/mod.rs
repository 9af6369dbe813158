//! What the services of a stack write: launchd jobs into files, containers to their engine.

mod container;
mod file;

use std::collections::BTreeMap;

use anyhow::Result;
use camino::Utf8PathBuf;

use self::{container::ContainerTail, file::FileTail};
use super::{
    nearest::{did_you_mean, listed},
    output::chosen,
};
use crate::{
    journal::{Journal, Receipts},
    machine::{Look, Looking},
    resource::Seals,
    value::{Id, Place, Problem},
};

/// The services of a stack that write logs.
#[derive(Clone, Debug)]
pub struct Logs {
    /// The stack's name.
    pub stack: String,
    services: BTreeMap<String, Source>,
}

/// Where a service writes.
#[derive(Clone, Debug)]
enum Source {
    File(Utf8PathBuf),
    Container { engine: Utf8PathBuf, name: String },
}

/// A line that a service has written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Which service.
    pub service: String,
    /// What, secrets of forgectl's own in it sealed.
    pub text: String,
}

/// What writes logs of the stack called `stack` on the Mac behind `look`, as the journal there says; without a name, of the one
/// stack that it knows. Fails where it has nothing, with `apply` as the command to type first, and with a fault of usage where the
/// journal knows several.
pub fn logs(look: &dyn Look, stack: Option<&str>, apply: &str) -> Result<Logs> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = chosen(&journal, stack, apply)?;
    let receipts = journal.receipts();
    // One that never came up is just the one whose log is wanted.
    let ours = receipts.iter().filter(|(_, receipt)| receipt.claims.contains(&stack));
    let services = ours.filter_map(|(id, receipt)| match &receipt.place {
        Place::Container { engine, name } => {
            Some((id.name().to_owned(), Source::Container { engine: engine.clone(), name: name.clone() }))
        }
        Place::Job { label, .. } => {
            let log = log_of(&receipts, &receipt.needs)?;
            Some((label.rsplit('.').next().unwrap_or(label).to_owned(), Source::File(log)))
        }
        _ => None,
    });
    let services = services.collect();
    Ok(Logs { stack, services })
}

/// The log among what a job needs.
fn log_of(receipts: &Receipts, needs: &[Id]) -> Option<Utf8PathBuf> {
    needs.iter().find_map(|need| match &receipts.get(need)?.place {
        Place::Log { path } => Some(path.clone()),
        _ => None,
    })
}

impl Logs {
    /// What each is called: `ollama`, `langfuse/web`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// What can be asked for: each by its name, and all containers of a service by that one's.
    pub fn askable(&self) -> Vec<&str> {
        let groups = self.names().filter_map(|name| name.split_once('/')).map(|(group, _)| group);
        let mut all: Vec<&str> = self.names().chain(groups).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Those that `name` stands for: one by its name or id, or all containers of a service. Fails with a fault of usage when there
    /// is none.
    fn named(&self, name: &str) -> Result<Vec<(String, Source)>> {
        let bare = ["container/", "launchd-job/dev.forge."].iter().find_map(|kind| name.strip_prefix(kind));
        let bare = bare.unwrap_or(name);
        let part = |called: &str| {
            called.strip_prefix(bare).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let found: Vec<(String, Source)> = self
            .services
            .iter()
            .filter(|(called, _)| part(called))
            .map(|(called, source)| (called.clone(), source.clone()))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let problem = Problem::usage(format!(
            "nothing of the stack `{}` that writes a log is called so: `{name}`",
            self.stack
        ));
        let all = self.askable();
        let problem = did_you_mean(problem, bare, all.iter().copied());
        Err(match all.as_slice() {
            [] => problem.hint("nothing of it writes one"),
            _ => problem.hint(format!("all of them: {}", listed(all.iter().copied()))),
        }
        .into())
    }

    /// Goes to the end of what `name` stands for, but for the last `lines` lines of each.
    pub fn open<'l>(&self, look: &'l dyn Look, name: &str, lines: u32) -> Result<Follower<'l>> {
        let tails = self.named(name)?.into_iter().map(|(service, source)| {
            let tail = match source {
                Source::File(path) => Tail::File(FileTail::before(look, path, lines)?),
                Source::Container { engine, name } => {
                    Tail::Container(ContainerTail::before(look, engine, name, lines)?)
                }
            };
            Ok((service, tail))
        });
        let tails = tails.collect::<Result<_>>()?;
        Ok(Follower { look, tails, seals: Seals::read(look)? })
    }
}

/// Reads on where it stopped.
pub struct Follower<'l> {
    look: &'l dyn Look,
    tails: Vec<(String, Tail)>,
    seals: Seals,
}

enum Tail {
    File(FileTail),
    Container(ContainerTail),
}

impl Follower<'_> {
    /// Whether it reads from several.
    pub fn several(&self) -> bool {
        self.tails.len() > 1
    }

    /// The whole lines that have come.
    pub fn more(&mut self) -> Result<Vec<Line>> {
        let mut lines = vec![];
        for (service, tail) in &mut self.tails {
            let texts = match tail {
                Tail::File(file) => file.more(self.look)?,
                Tail::Container(container) => container.more(self.look)?,
            };
            lines.extend(
                texts
                    .into_iter()
                    .map(|text| Line { service: service.clone(), text: self.seals.sealed(&text) }),
            );
        }
        Ok(lines)
    }

    /// What has come of lines that have not ended yet.
    pub fn unended(&self) -> Vec<Line> {
        let files = self.tails.iter().filter_map(|(service, tail)| match tail {
            Tail::File(file) => Some((service, file.unended()?)),
            Tail::Container(_) => None,
        });
        files
            .map(|(service, text)| Line { service: service.clone(), text: self.seals.sealed(&text) })
            .collect()
    }
}
