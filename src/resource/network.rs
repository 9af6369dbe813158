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
    step::{MakeNetwork, RemoveNetwork, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Want, Wanted},
};

/// A network that the containers of a service share.
#[derive(Debug)]
pub struct Network {
    /// Its id.
    pub id: Id,
    /// Its engine's socket.
    pub engine: Utf8PathBuf,
    /// Its name there.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Resource for Network {
    fn id(&self) -> Id {
        self.id.clone()
    }

    fn place(&self) -> Place {
        Place::Network { engine: self.engine.clone(), name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([(OWNER_FIELD.into(), Want::Is(self.id.as_str().into()))])
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        "make it; the service's containers find each other in it".into()
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        owned::taken("network", &self.name, &self.id, found, &self.engine)
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let (socket, name, labels) = (self.engine.clone(), self.name.clone(), self.labels.clone());
        vec![Box::new(MakeNetwork { socket, name, labels })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        if owned::is_ours(&observe(look, &self.engine, &self.name)?, &self.id) {
            return Ok(vec![format!("`{}` is there", self.name)]);
        }
        Err(Problem::mac(format!("the network `{}` is not there", self.name)).into())
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

pub(super) fn observe(look: &dyn Look, socket: &Utf8Path, name: &str) -> Result<State> {
    let networks = match owned::heard(look.networks(socket)?, "listing networks")? {
        Ok(networks) => networks,
        Err(unseen) => return Ok(unseen),
    };
    Ok(match networks.into_iter().find(|network| network.name == name) {
        None => State::absent(),
        Some(found) => {
            State::present().with(OWNER_FIELD, found.labels.get(owned::OWNER).cloned()).with("made", found.id)
        }
    })
}

pub(super) fn removal(
    socket: &Utf8Path,
    name: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    owned::stays(&format!("the network {name}"), socket, receipt, found, leaving)
        .unwrap_or_else(|| Removal::of(RemoveNetwork { socket: socket.to_owned(), name: name.to_owned() }))
}
