use std::collections::BTreeSet;

use super::{super::Leaving, seen::told_below};
use crate::{
    journal::Receipt,
    machine::tool::brew,
    resource::Removal,
    step::{MarkFormula, ReturnFormula, Step, UninstallFormula, UnlinkFormula},
    value::{State, Value},
};

/// What we brought goes, with what came along; what was there gets its version and its marks back.
pub(in super::super) fn removal(
    name: &str,
    known_as: Option<&str>,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    let name = found.get("keg").as_text().or(known_as).unwrap_or(brew::bare(name)).to_owned();
    let (along, mut returned) = below(receipt, found, leaving);
    let mut removal = if brought(receipt) {
        created(&name, receipt, found, leaving, along)
    } else {
        given_back(&name, receipt, found)
    };
    removal.steps.append(&mut returned);
    removal
}

/// Whether no keg of it was there before, led to or not.
pub fn brought(receipt: &Receipt) -> bool {
    receipt.created() && *receipt.former.get("kegs") == Value::Absent
}

fn created(
    name: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
    along: BTreeSet<String>,
) -> Removal {
    let name = name.to_owned();
    let users = found.get("users").as_text().unwrap_or_default().split_whitespace();
    let users: Vec<&str> = users.filter(|user| !leaving.formulae.contains(*user)).collect();
    if !users.is_empty() {
        let verb = if users.len() == 1 { "stands" } else { "stand" };
        let why = format!("{name} stays: {} {verb} on it", users.join(", "));
        let mark: Box<dyn Step> = Box::new(MarkFormula { name, on_request: false });
        return Removal { steps: vec![mark], ..Removal::kept(why) };
    }
    if *found.get("pinned") == Value::Bool(true) {
        return Removal::held(format!(
            "{name} stays: somebody has pinned it; `brew unpin {name}` lets it go"
        ));
    }
    // What a killed run had started may still bring it.
    let coming = receipt.aim.is_some();
    if found.present || *found.get("kegs") != Value::Absent || !along.is_empty() || coming {
        return Removal::of(UninstallFormula { name, along });
    }
    Removal::default()
}

fn given_back(name: &str, receipt: &Receipt, found: &State) -> Removal {
    let former = |field: &str| receipt.former.get(field);
    let mut removal = Removal::default();
    let version = found.get("version");
    if let Some(before) = former("version").as_text().filter(|_| former("version") != version) {
        // A run that was killed on its way there, or back, did not write down what it left.
        let ours = !found.present || receipt.aim.is_some() || receipt.ours("version", version);
        let kegs = found.get("kegs").as_text().unwrap_or_default();
        if ours && kegs.split_whitespace().any(|keg| keg == before) {
            let (name, version) = (name.to_owned(), before.to_owned());
            let link = *former("unlinked") != Value::Bool(true);
            removal.steps.push(Box::new(ReturnFormula { name, version, link }));
        } else if found.present {
            let why = if ours { "is gone" } else { "somebody else has replaced since" };
            removal.kept.push(format!("{name} {version} stays: {before}, which was there before, {why}"));
        }
    }
    let differs = |field: &str, then: bool| {
        *former(field) == Value::Bool(then) && *found.get(field) == Value::Bool(!then)
    };
    if removal.steps.is_empty() && differs("unlinked", true) {
        removal.steps.push(Box::new(UnlinkFormula { name: name.to_owned() }));
    }
    if differs("requested", false) {
        removal.steps.push(Box::new(MarkFormula { name: name.to_owned(), on_request: false }));
    }
    removal
}

/// What stands below it and was not there before the first formula of ours, and the steps that give back what was there in
/// another version.
fn below(receipt: &Receipt, found: &State, leaving: &Leaving) -> (BTreeSet<String>, Vec<Box<dyn Step>>) {
    let now = told_below(found.get("below"));
    // A run that was killed did not write down what it left.
    let left = receipt.left_value("below").filter(|_| receipt.aim.is_none());
    let left = left.map_or_else(|| now.clone(), told_below);
    let former = told_below(receipt.former.get("below"));
    let (mut along, mut returned): (BTreeSet<String>, Vec<Box<dyn Step>>) = Default::default();
    for (name, versions) in left {
        let there = now.get(&name).cloned().unwrap_or_default();
        let before = former.get(&name).and_then(|versions| versions.first()).or(leaving.before.get(&name));
        match before {
            None if there.iter().any(|version| !version.is_empty()) => drop(along.insert(name)),
            // A version that somebody put there since stays.
            Some(before)
                if versions.first() != Some(before)
                    && there.first() == versions.first()
                    && there.contains(before) =>
            {
                returned.push(Box::new(ReturnFormula { name, version: before.clone(), link: true }));
            }
            _ => {}
        }
    }
    (along, returned)
}
