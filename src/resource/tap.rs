use std::time::Duration;

use anyhow::Result;

use super::{Evidence, Leaving, Quote, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Machine, tool::brew},
    step::{AddTap, RemoveTap, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// A tap of others than Homebrew, which the manifest trusts.
#[derive(Debug)]
pub struct Tap {
    /// Its name, `user/repository`.
    pub name: String,
}

impl Tap {
    /// The id of the tap of this name.
    pub fn id_of(name: &str) -> Id {
        Id::new("brew-tap", name)
    }
}

impl Resource for Tap {
    fn id(&self) -> Id {
        Self::id_of(&self.name)
    }

    fn place(&self) -> Place {
        Place::Tap { name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        let is = || Want::Is(true.into());
        Wanted::from([("tapped".into(), is()), ("trusted".into(), is())])
    }

    fn reason(&self, found: &State, _: &[Delta]) -> String {
        if found.present {
            "trust it: Homebrew loads nothing of it until somebody does".into()
        } else {
            "trust and fetch it: what is in it runs with your rights".into()
        }
    }

    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(AddTap { name: self.name.clone() })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let (tapped, trusted) = (brew::is_tapped(look, &self.name)?, brew::is_trusted(look, &self.name)?);
        if tapped && trusted {
            return Ok(vec![format!("{} is in {}, and trusted", self.name, brew::tap_folder(&self.name))]);
        }
        let why = if tapped { "Homebrew does not trust it" } else { "it is not there" };
        Err(Problem::mac(format!("nothing can be installed from the tap `{}`", self.name)).why(why).into())
    }

    /// That it is there proves nothing of what is in it.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

pub(super) fn observe(look: &dyn Look, name: &str, receipt: Option<&Receipt>) -> Result<State> {
    let tapped = brew::is_tapped(look, name)?;
    let users = if receipt.is_some_and(Receipt::created) {
        let kegs = brew::kegs(look)?.into_iter().filter(|keg| keg.tap.as_deref() == Some(name));
        Some(kegs.map(|keg| keg.name).collect::<Vec<_>>().join(" ")).filter(|users| !users.is_empty())
    } else {
        None
    };
    Ok(State { present: tapped, ..State::default() }
        .with("tapped", tapped)
        .with("trusted", brew::is_trusted(look, name)?)
        .with("users", users))
}

pub(super) fn removal(name: &str, receipt: &Receipt, found: &State, leaving: &Leaving) -> Removal {
    let ours = |field: &str| {
        let open = receipt.aim.is_some();
        *receipt.former.get(field) == Value::Bool(false) && (open || *found.get(field) == Value::Bool(true))
    };
    let (untap, untrust) = (ours("tapped"), ours("trusted"));
    if !untap && !untrust {
        return Removal::default();
    }
    let users = found.get("users").as_text().unwrap_or_default().split_whitespace();
    let others: Vec<&str> = users
        .filter(|user| {
            !leaving.formulae.contains(*user) && !leaving.formulae.contains(&format!("{name}/{user}"))
        })
        .collect();
    if !others.is_empty() {
        return Removal::held(format!(
            "the tap {name} stays: others have installed {} from it",
            others.join(", ")
        ));
    }
    Removal::of(RemoveTap { name: name.to_owned(), untap, untrust })
}
