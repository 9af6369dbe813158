use camino::Utf8Path;

use super::{super::Removal, seen::packages};
use crate::{
    journal::Receipt,
    step::{RemoveEnvironment, ReturnPackages},
    value::{State, Value},
};

/// An environment is data: what was made and computed in it can be had again only from the network, if at all. One that stands in
/// the place of another's is ours all the same: what was replaced does not come back by leaving it.
pub(in super::super) fn removal(
    path: &Utf8Path,
    receipt: &Receipt,
    found: &State,
    all_data: bool,
) -> Removal {
    let remove = || Removal::of(RemoveEnvironment { path: path.to_owned() });
    if *found.get("kind") == Value::Absent {
        // What a run that was killed had started may still bring it.
        return if receipt.aim.is_some() && all_data { remove() } else { Removal::default() };
    }
    if !receipt.created() && receipt.former.get("born") == found.get("born") {
        return given_back(path, receipt, found);
    }
    if !is_ours(receipt, found) {
        Removal::kept(format!("{path} was made anew since forgectl made it; it stays"))
    } else if all_data {
        remove()
    } else {
        Removal::held(format!(
            "{path} is an environment with packages; `forgectl destroy --all-data` removes it"
        ))
    }
}

/// Whether it is the one that we made. Of a run that was killed nothing says whether it came so far: what has come since it began
/// and looks like an environment, or half of one, is its own.
fn is_ours(receipt: &Receipt, found: &State) -> bool {
    let born = found.get("born");
    let came = receipt.began.as_ref().is_some_and(|began| began.get("born") != born);
    receipt.ours("born", born) || came && (found.present || *found.get("half") == Value::Bool(true))
}

/// One that was there before us stays, with the packages that it had and those that others have put into it since.
fn given_back(path: &Utf8Path, receipt: &Receipt, found: &State) -> Removal {
    if !found.present {
        return Removal::default();
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
