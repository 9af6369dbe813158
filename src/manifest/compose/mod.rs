//! Services in Compose's format: the part of it that forgectl reads, and nothing beyond.

mod command;
mod definitions;
mod depends;
mod env_file;
mod environment;
mod graph;
mod health;
mod hosts;
mod image;
mod interpolate;
mod limits;
mod mounts;
mod networks;
mod node;
mod ports;
mod project;
mod reading;
mod service;
mod units;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::Utf8Path;
use serde_json::Value;

pub use definitions::{langfuse, open_webui};
pub use project::{Condition, Project, Service};

use self::{networks::DEFAULT, node::Node, reading::Reading, service::Said};
use super::{
    reading::parse_any,
    types::Wrong,
    words::{nearest, quoted, quoted_at},
};
use crate::value::{MountSource, Problem, Problems, Source, Text};

const KEYS: &[&str] = &["networks", "services", "volumes"];

/// What lies beside a Compose file.
#[derive(Clone, Copy)]
pub struct Beside<'b> {
    /// The folder of the file, from the root on: paths in it are relative to that.
    pub folder: &'b Utf8Path,
    /// The same as the person knows it.
    pub typed: &'b Utf8Path,
    /// Reads a file by a path that begins with `typed`; `None` of one that is not there.
    pub open: &'b dyn Fn(&Utf8Path) -> anyhow::Result<Option<Arc<Source>>>,
}

impl Beside<'_> {
    /// Of a file that comes with forgectl and lies nowhere: it names no others.
    pub fn nothing() -> Self {
        Self { folder: Utf8Path::new("/"), typed: Utf8Path::new(""), open: &|_| Ok(None) }
    }
}

/// Reads a Compose file, each `${NAME}` with its value of `values`. Every fault that can be known is told at once, in the order
/// of the text: what is no Compose file, what of Compose's format is not taken, a value that is missing, a secret anywhere but
/// in a variable.
pub fn read(
    source: &Arc<Source>,
    values: &BTreeMap<String, Text>,
    beside: &Beside<'_>,
) -> Result<Project, Problems> {
    let tree = parse_any(source, "the Compose file").map_err(|problem| Problems(vec![problem]))?;
    let reading = Reading::new(source, values, beside);
    for duplicate in tree.duplicates() {
        let (first, again) = (reading.at(duplicate.first), reading.at(duplicate.again));
        let problem = Problem::manifest(format!("key given twice: {}", quoted_at(&again, duplicate.key)));
        reading.fault(problem.why(format!("the first one is at {first}")), &again);
    }
    let root = Node::root(&tree);
    let project = if matches!(tree.value(), Value::Object(_)) {
        whole(&reading, &root)
    } else {
        let problem = Problem::manifest(format!("this is no Compose file: `{}`", source.name()))
            .why("it is not a map of keys")
            .hint("the shortest one is `services: {web: {image: \"nginx:1.29\"}}`");
        reading.fault(problem, &source.span(0, 0));
        Project::default()
    };
    let found = reading.into_found();
    if found.faults.is_empty() {
        Ok(Project { warnings: found.warnings, values: found.seen, ..project })
    } else {
        Err(Problems(found.faults))
    }
}

fn whole(reading: &Reading<'_>, root: &Node<'_>) -> Project {
    let keys = reading.keys(root, KEYS, |key| match key {
        "version" => Some("Compose itself ignores it: take it away"),
        "name" => Some("a project is named after the service's key in the manifest: take it away"),
        "secrets" | "configs" => {
            Some("give values with `secrets` and `values` of the service in the manifest")
        }
        "include" => Some("write everything into one file"),
        _ => None,
    });
    let declared = |key| keys.get(key).map_or(vec![], |node| names(reading, node));
    let (volumes, networks) = (declared("volumes"), declared("networks"));
    let mut said = BTreeMap::new();
    if let Some(node) = keys.get("services") {
        for entry in reading.entries(node) {
            if let Err(wrong) = name(entry.key()) {
                let span = reading.at(entry.key_place());
                let told = quoted_at(&span, entry.key());
                let problem = Problem::manifest(format!("wrong name of a service: {told}"));
                reading.fault(problem.why(wrong.why), &span);
            }
            said.insert(entry.key().to_owned(), service::service(reading, &entry));
        }
        if said.is_empty() && node.entries().is_some() {
            reading.wrong(node, Wrong::new("there is no service in it"));
        }
    } else {
        let problem = Problem::manifest("missing key: `services`").why("a Compose file is a map of services");
        reading.fault(problem, &reading.at(root.place()));
    }
    graph::check(reading, &said);
    let mut project = Project::default();
    for (name, said) in &said {
        let service = together(reading, name, said, &volumes, &networks, &mut project);
        project.services.insert(name.clone(), service);
    }
    unused(reading, "volume", &volumes, &project.volumes);
    unused(reading, "network", &networks, &project.networks);
    project
}

/// A service with its place among volumes and networks.
fn together(
    reading: &Reading<'_>,
    name: &str,
    said: &Said<'_>,
    volumes: &[Node<'_>],
    networks: &[Node<'_>],
    project: &mut Project,
) -> Service {
    let mut spec = said.spec.clone();
    for mount in &spec.mounts {
        let MountSource::Volume(volume) = &mount.source else { continue };
        if volumes.iter().all(|known| known.key() != volume) {
            let at = said.volumes.as_ref().unwrap_or(&said.node);
            unknown(reading, at, "volume", volume, volumes.iter().map(Node::key));
        }
        project.volumes.insert(volume.clone());
    }
    for (network, (aliases, at)) in &said.networks {
        if network != DEFAULT && networks.iter().all(|known| known.key() != network) {
            unknown(reading, at, "network", network, networks.iter().map(Node::key));
        }
        let names = [name.to_owned()].into_iter().chain(aliases.iter().cloned());
        spec.networks.insert(network.clone(), names.collect());
    }
    if spec.networks.is_empty() {
        spec.networks.insert(DEFAULT.to_owned(), vec![name.to_owned()]);
    }
    project.networks.extend(spec.networks.keys().cloned());
    let depends_on =
        said.depends_on.iter().map(|(name, (condition, _))| (name.clone(), *condition)).collect();
    Service { spec, depends_on, origin: reading.at(said.node.key_place()) }
}

/// The names of the volumes or networks of the file, none of which may say more.
fn names<'t>(reading: &Reading<'_>, node: &Node<'t>) -> Vec<Node<'t>> {
    let entries = reading.entries(node);
    for entry in &entries {
        if let Err(wrong) = name(entry.key()) {
            reading.wrong(entry, wrong);
        } else if !entry.is_empty() {
            reading.keys(entry, &[], |_| Some("a volume or a network has its name here and nothing else"));
        }
    }
    entries
}

fn name(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if text.chars().all(fits) && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 60 {
        return Ok(());
    }
    Err(Wrong::new(
        "a name is 1 to 60 letters, digits, `_`, `.` and `-`, and begins with a letter or a digit",
    ))
}

fn unknown<'n>(
    reading: &Reading<'_>,
    at: &Node<'_>,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) {
    let problem = Problem::manifest(format!("unknown {kind}: {}", quoted(name)))
        .why(format!("below `{kind}s` of the file there is none of this name"));
    let problem = match nearest(name, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("add `{name}:` there")),
    };
    reading.fault(problem, &reading.span(at));
}

fn unused(reading: &Reading<'_>, kind: &str, declared: &[Node<'_>], used: &BTreeSet<String>) {
    for node in declared.iter().filter(|node| !used.contains(node.key())) {
        let span = reading.at(node.key_place());
        let problem =
            Problem::manifest(format!("{kind} that no service uses: {}", quoted_at(&span, node.key())));
        reading.warn(problem.why("neither Compose nor forgectl makes it"), &span);
    }
}

#[cfg(test)]
mod tests;
