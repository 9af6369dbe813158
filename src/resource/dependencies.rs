use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use super::{Evidence, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Machine, tool::brew},
    step::Step,
    value::{Delta, Deltas, Id, Place, State, Value, Wanted},
};

/// What lay in the Cellar before the first formula of ours. Nothing is wanted of it, and nothing has to be done when it goes: by
/// it is known what came along with a formula, or was upgraded along, and what stays as it was.
#[derive(Debug)]
pub struct Dependencies;

/// Its id.
pub fn id() -> Id {
    Id::new("brew-dependencies", "all")
}

impl Resource for Dependencies {
    fn id(&self) -> Id {
        id()
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

/// Looked at only once: what comes later is nobody's business.
pub(super) fn observe(look: &dyn Look, receipt: Option<&Receipt>) -> Result<State> {
    if receipt.is_some() {
        return Ok(State::present());
    }
    let active: Vec<String> =
        brew::active_versions(look)?.into_iter().map(|(name, version)| format!("{name}={version}")).collect();
    Ok(State::present().with("versions", active.join(" ")))
}

pub(super) fn removal() -> Removal {
    Removal::default()
}

/// The formulae that were there before the first of ours, and their versions then.
pub fn before(receipt: &Receipt) -> BTreeMap<String, String> {
    pairs(receipt.former.get("versions"))
}

/// `NAME=VALUE` with spaces between.
pub(super) fn pairs(value: &Value) -> BTreeMap<String, String> {
    let words = value.as_text().unwrap_or_default().split_whitespace();
    words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
