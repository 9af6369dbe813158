use std::time::Duration;

use anyhow::Result;

use super::{Evidence, Removal, Resource, formula::words};
use crate::{
    journal::Receipt,
    machine::{Look, Machine, tool::brew},
    step::{Step, SweepDependencies},
    value::{Delta, Deltas, Id, Place, State, Value, Wanted},
};

/// What comes with formulae of ours without anybody asking for it. Nothing is wanted of it; that it is known from before the
/// first formula lets the last one take all of it along, whichever of them brought it.
#[derive(Debug)]
pub struct Dependencies;

impl Resource for Dependencies {
    fn id(&self) -> Id {
        Id::new("brew-dependencies", "all")
    }

    fn place(&self) -> Place {
        Place::Dependencies
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

pub(super) fn observe(look: &dyn Look, receipt: Option<&Receipt>) -> Result<State> {
    let names = brew::names(look)?.unwrap_or_default();
    let state = State::present().with("cellar", names.join(" "));
    let Some(receipt) = receipt else { return Ok(state) };
    let before = words(receipt.former.get("cellar"));
    if names.iter().all(|name| before.contains(name)) {
        return Ok(state);
    }
    let kegs = brew::kegs(look)?.into_iter().filter(|keg| !keg.on_request && !before.contains(&keg.name));
    let came: Vec<String> = kegs.map(|keg| keg.name).collect();
    Ok(state.with("came", Some(came.join(" ")).filter(|came| !came.is_empty())))
}

pub(super) fn removal(receipt: &Receipt, found: &State) -> Removal {
    if *found.get("came") == Value::Absent {
        return Removal::default();
    }
    Removal::of(SweepDependencies { before: words(receipt.former.get("cellar")) })
}
