//! What lay in the Cellar before the first formula of ours: by it is known what came along with a formula, or was upgraded along,
//! and what stays as it was.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Noted, Removal};
use crate::{
    journal::Receipt,
    machine::{Look, tool::brew},
    value::{Id, Place, State, Value},
};

/// Its id.
pub fn id() -> Id {
    Id::new("brew-dependencies", "all")
}

/// It as a resource.
pub fn noted() -> Noted {
    Noted { id: id(), place: Place::Dependencies }
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
