use camino::Utf8Path;

use super::{super::Removal, seen::packages};
use crate::{
    journal::Receipt,
    step::{RemoveTree, ReturnPackages},
    value::{State, Value},
};

/// An environment is data: what was made and computed in it can be had again only from the network, if at all.
pub(in super::super) fn removal(
    path: &Utf8Path,
    receipt: &Receipt,
    found: &State,
    all_data: bool,
) -> Removal {
    if *found.get("kind") == Value::Absent {
        return Removal::default();
    }
    if !receipt.created() {
        return given_back(path, receipt, found);
    }
    // Of a run that was killed nothing says whether it came so far: what looks like an environment, or half of one, is ours.
    let ours = match &receipt.left {
        Some(_) => receipt.ours("born", found.get("born")),
        None => found.present || *found.get("half") == Value::Bool(true),
    };
    if !ours {
        Removal::kept(format!("{path} was made anew since forgectl made it; it stays"))
    } else if all_data {
        Removal::of(RemoveTree { path: path.to_owned() })
    } else {
        Removal::held(format!(
            "{path} is an environment with packages; `forgectl destroy --all-data` removes it"
        ))
    }
}

/// One that was there before us stays, with the packages that it had and those that others have put into it since.
fn given_back(path: &Utf8Path, receipt: &Receipt, found: &State) -> Removal {
    if !found.present {
        return Removal::default();
    }
    let minor = |state: &State| {
        let version = state.get("made-with").as_text().unwrap_or_default().to_owned();
        version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    if minor(&receipt.former) != minor(found) {
        let former = receipt.former.get("made-with");
        return Removal::kept(format!(
            "{path} stays: the one of Python {former}, which was there before, is gone"
        ));
    }
    let (former, now) = (packages(receipt.former.get("packages")), packages(found.get("packages")));
    // A run that was killed did not write down what it left.
    let left = receipt.left.as_ref().filter(|_| receipt.aim.is_none());
    let left = left.map(|left| packages(left.get("packages")));
    let ours = |name: &str, version: &str| left.as_ref().is_none_or(|left| left.get(name) == Some(&version));
    let mut step = ReturnPackages { path: path.to_owned(), uninstall: vec![], install: vec![] };
    for (name, version) in now.into_iter().filter(|(name, version)| ours(name, version)) {
        match former.get(name) {
            None => step.uninstall.push(name.to_owned()),
            Some(before) if *before != version => step.install.push(format!("{name}=={before}")),
            Some(_) => {}
        }
    }
    if step.uninstall.is_empty() && step.install.is_empty() { Removal::default() } else { Removal::of(step) }
}
