use std::time::Duration;

use anyhow::Result;

use super::{Evidence, Resource};
use crate::{
    machine::{Look, Machine},
    step::Step,
    value::{Delta, Deltas, Id, Place, State, Wanted},
};

/// What was there before something of ours came. Nothing is wanted of it and nothing is done about it; that the journal knows it
/// tells later what came along with ours.
#[derive(Debug)]
pub struct Noted {
    /// Its id.
    pub id: Id,
    /// Where it is.
    pub place: Place,
}

impl Resource for Noted {
    fn id(&self) -> Id {
        self.id.clone()
    }

    fn place(&self) -> Place {
        self.place.clone()
    }

    fn wanted(&self) -> Wanted {
        Wanted::new()
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        String::new()
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![]
    }

    fn check(&self, _: &dyn Look, _: Duration) -> Result<Evidence> {
        Ok(vec![])
    }

    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}
