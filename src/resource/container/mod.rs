//! A container: one service of a Compose file.

mod fields;
mod proof;
mod seen;
mod settle;

pub use fields::labelled;
pub use proof::Proof;
pub(super) use seen::{observe, survey};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Removal, Resource, changes, owned, secret::coming};
use crate::{
    journal::Receipt,
    machine::{Look, Machine},
    step::{MakeContainer, RemoveContainer, StartContainer, Step},
    value::{ContainerSpec, Delta, Deltas, Field, Id, Place, Problem, State, Text, Value, Want, Wanted},
};

/// A container of ours.
#[derive(Debug)]
pub struct Container {
    /// Its id.
    pub id: Id,
    /// Its engine's socket.
    pub engine: Utf8PathBuf,
    /// Its name there.
    pub name: String,
    /// What it is; [`labelled`].
    pub spec: ContainerSpec,
    /// The digest that its image has to have, if that is resolved.
    pub digest: Option<String>,
    /// What its variables hold with the values of the secrets in them, as they may be shown; what is not made yet is missing.
    pub shown: BTreeMap<String, Value>,
    /// The fields that an earlier manifest set.
    pub former: BTreeSet<Field>,
    /// Whether it is to run once and end well, before others are started.
    pub once: bool,
    /// The folder in which forgectl keeps secrets, a file each.
    pub secrets: Utf8PathBuf,
    /// How the service in it is known to work.
    pub proof: Option<Arc<dyn Proof>>,
}

impl Container {
    /// What `spec` sets in its variables, as far as the secrets in `folder` are there. A value that a secret is in is only shown as
    /// a fingerprint.
    pub fn shown(
        look: &dyn Look,
        spec: &ContainerSpec,
        folder: &Utf8Path,
    ) -> Result<BTreeMap<String, Value>> {
        let mut shown = BTreeMap::new();
        for (name, text) in &spec.environment {
            if let Some(value) = filled(look, text, folder)? {
                shown.insert(name.clone(), fields::shown(name, &value, text.plain().is_none()));
            }
        }
        Ok(shown)
    }

    fn stage(&self) -> &'static str {
        if self.once { "ended with 0" } else { "running" }
    }

    fn service(&self) -> &str {
        self.id.name()
    }
}

/// A text with its secrets; `None` when one is not there.
fn filled(look: &dyn Look, text: &Text, folder: &Utf8Path) -> Result<Option<String>> {
    let mut values = BTreeMap::new();
    for name in text.secrets() {
        let Some(value) = coming(look, folder, name)? else { return Ok(None) };
        values.insert(name.clone(), value);
    }
    Ok(text.fill(|name| values.get(name).cloned().ok_or(())).ok())
}

impl Resource for Container {
    fn id(&self) -> Id {
        self.id.clone()
    }

    fn place(&self) -> Place {
        Place::Container { engine: self.engine.clone(), name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        let fields = fields::of(&self.spec, |name| self.shown.get(name).cloned());
        let mut wanted: Wanted =
            self.former.iter().map(|field| (field.clone(), Want::Is(Value::Absent))).collect();
        let unknown = self.spec.environment.keys().filter(|name| !self.shown.contains_key(*name));
        wanted.extend(unknown.map(|name| (Field::from(format!("env.{name}")), Want::Present)));
        wanted.extend(fields.into_iter().map(|(field, value)| (field, Want::Is(value))));
        let digest = self.digest.as_deref().map_or(Want::Present, |digest| Want::Is(digest.into()));
        wanted.extend([
            (owned::OWNER_FIELD.into(), Want::Is(self.id.as_str().into())),
            ("image".into(), Want::Is(self.spec.image.as_str().into())),
            ("digest".into(), digest),
            ("stage".into(), Want::Is(self.stage().into())),
            ("beyond".into(), Want::Is(Value::Absent)),
        ]);
        wanted
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        if !found.present {
            return "make and start it".into();
        }
        match deltas {
            [stage] if stage.field.as_str() == "stage" && is_startable(found) => {
                format!("start it: it is {}", stage.found)
            }
            deltas => format!("make it anew, its volumes stay: {}", changes(deltas)),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        owned::taken("container", &self.name, &self.id, found, &self.engine)
    }

    fn exposed(&self) -> Option<String> {
        let open: Vec<String> = self
            .spec
            .ports
            .iter()
            .filter(|port| !port.address.is_loopback())
            .map(|port| std::net::SocketAddr::new(port.address, port.published).to_string())
            .collect();
        (!open.is_empty()).then(|| {
            format!(
                "`{}` listens on {}: whoever reaches this Mac on the network reaches it",
                self.service(),
                open.join(", ")
            )
        })
    }

    fn urls(&self) -> Vec<(String, String)> {
        match &self.proof {
            Some(proof) => proof.urls(),
            None => self
                .spec
                .ports
                .iter()
                .map(|port| std::net::SocketAddr::new(port.address, port.published))
                .map(|at| (self.service().to_owned(), at.to_string()))
                .collect(),
        }
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let start = || {
            Box::new(StartContainer {
                socket: self.engine.clone(),
                name: self.name.clone(),
                service: self.service().to_owned(),
                ports: self.spec.ports.clone(),
                once: self.once,
            })
        };
        let only_stage = deltas.iter().all(|delta| delta.field.as_str() == "stage");
        if found.present && only_stage && is_startable(found) {
            return vec![start()];
        }
        let make = MakeContainer {
            socket: self.engine.clone(),
            name: self.name.clone(),
            service: self.service().to_owned(),
            owner: (owned::OWNER.to_owned(), self.id.clone()),
            spec: self.spec.clone(),
            secrets: self.secrets.clone(),
            anew: found.present,
        };
        vec![Box::new(make), start()]
    }

    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        let mut evidence = self.settled(look, patience)?;
        if let Some(proof) = &self.proof {
            evidence.extend(proof.check(look, patience)?);
        }
        Ok(evidence)
    }

    fn symptoms(&self, look: &dyn Look) -> Vec<String> {
        self.traces(look)
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        match &self.proof {
            Some(proof) => proof.prove(machine),
            // Nobody knows how it is used.
            None => Ok(vec![]),
        }
    }
}

/// Whether starting it is all that it takes to run.
fn is_startable(found: &State) -> bool {
    found.get("stage").as_text().is_some_and(|stage| stage == "created" || stage.starts_with("ended"))
}

pub(super) fn removal(
    socket: &Utf8Path,
    name: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    if let Some(removal) = owned::stays(&format!("the container {name}"), socket, receipt, found, leaving) {
        return removal;
    }
    Removal::of(RemoveContainer {
        socket: socket.to_owned(),
        name: name.to_owned(),
        volumes: leaving.all_data,
    })
}
