use anyhow::{Result, bail};
use camino::Utf8Path;

use super::{Leaving, Removal};
use crate::{journal::Receipt, machine::Look, value::State};

pub(super) fn observe(_: &dyn Look, _: &Utf8Path, _: &str, _: Option<&Receipt>) -> Result<State> {
    bail!("not built yet")
}

pub(super) fn removal(_: &Utf8Path, _: &str, _: &Receipt, _: &State, _: &Leaving) -> Removal {
    Removal::default()
}
