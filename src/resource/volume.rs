use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Evidence, Leaving, Removal, Resource,
    owned::{self, OWNER_FIELD},
};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Machine},
    step::{MakeVolume, RemoveVolume, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Want, Wanted},
};

/// A volume in which a service keeps its data. No update ever removes one.
#[derive(Debug)]
pub struct Volume {
    /// Its id.
    pub id: Id,
    /// Its engine's socket.
    pub engine: Utf8PathBuf,
    /// Its name there.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Resource for Volume {
    fn id(&self) -> Id {
        self.id.clone()
    }

    fn place(&self) -> Place {
        Place::Volume { engine: self.engine.clone(), name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([(OWNER_FIELD.into(), Want::Is(self.id.as_str().into()))])
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        "make it; the service keeps its data there".into()
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        owned::taken("volume", &self.name, &self.id, found, &self.engine)
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let (socket, name, labels) = (self.engine.clone(), self.name.clone(), self.labels.clone());
        vec![Box::new(MakeVolume { socket, name, labels })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        if owned::is_ours(&observe(look, &self.engine, &self.name)?, &self.id) {
            return Ok(vec![format!("`{}` is there", self.name)]);
        }
        Err(Problem::mac(format!("the volume `{}` is not there", self.name)).into())
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

pub(super) fn observe(look: &dyn Look, socket: &Utf8Path, name: &str) -> Result<State> {
    let volumes = match owned::heard(look.volumes(socket)?, "listing volumes")? {
        Ok(volumes) => volumes,
        Err(unseen) => return Ok(unseen),
    };
    Ok(match volumes.into_iter().find(|volume| volume.name == name) {
        None => State::absent(),
        // One of the same name that somebody made anew has another time, and nothing of the old data.
        Some(found) => State::present()
            .with(OWNER_FIELD, found.labels.get(owned::OWNER).cloned())
            .with("made", found.created.map(|made| made.to_string())),
    })
}

pub(super) fn removal(
    socket: &Utf8Path,
    name: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    if let Some(removal) = owned::stays(&format!("the volume {name}"), socket, receipt, found, leaving) {
        return removal;
    }
    if !leaving.all_data {
        let why = format!("the volume {name} is data; `forgectl destroy --all-data` removes it");
        return Removal::held_alone(why);
    }
    Removal::of(RemoveVolume { socket: socket.to_owned(), name: name.to_owned() })
}
