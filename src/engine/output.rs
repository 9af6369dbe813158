use anyhow::Result;

use super::nearest::{did_you_mean, listed};
use crate::{
    journal::Journal,
    machine::{Look, Looking},
    value::{Id, Place, Problem},
};

/// What a stack has on a Mac, for who uses it: where it is asked, and where its parts are.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The stack's name.
    pub stack: String,
    /// What can be opened: names and URLs.
    pub urls: Vec<(String, String)>,
    /// Where each resource is.
    pub places: Vec<(Id, Place)>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum Output<'o> {
    /// A URL.
    Url(&'o str),
    /// Where a resource is.
    Place(&'o Place),
}

/// What the stack called `stack` has on the Mac behind `look`, as the journal there says; without a name, what the one
/// stack has that it knows. Fails where it has nothing, with `apply` as the command to type first, and with a fault of usage
/// where it knows several.
pub fn outputs(look: &dyn Look, stack: Option<&str>, apply: &str) -> Result<Outputs> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = chosen(&journal, stack, apply)?;
    let receipts = journal.receipts().into_iter();
    // What was begun and not finished cannot be used yet.
    let there: Vec<_> =
        receipts.filter(|(_, receipt)| receipt.claims.contains(&stack) && receipt.left.is_some()).collect();
    Ok(Outputs {
        stack,
        urls: there.iter().flat_map(|(_, receipt)| receipt.urls.clone()).collect(),
        places: there.into_iter().map(|(id, receipt)| (id, receipt.place)).collect(),
    })
}

pub(super) fn chosen(journal: &Journal, stack: Option<&str>, apply: &str) -> Result<String> {
    let known: Vec<String> = journal.stacks().into_iter().collect();
    let nothing = |what: String| Err(Problem::mac(what).hint("apply it first:").remedy(apply).into());
    match (stack, known.as_slice()) {
        (Some(name), known) if known.iter().any(|stack| stack == name) => Ok(name.to_owned()),
        (Some(name), _) => nothing(format!("the stack `{name}` has nothing on this Mac")),
        (None, []) => nothing("no stack has anything on this Mac".to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => {
            let names = listed(several.iter().map(String::as_str));
            Err(Problem::usage(format!("which stack? This Mac has {names}"))
                .hint("name its manifest: `--stack FILE`")
                .into())
        }
    }
}

impl Outputs {
    /// The one called `name`: a URL by its name, in capitals or not, a place by the id of its resource. Fails with a fault of
    /// usage when there is none.
    pub fn get(&self, name: &str) -> Result<Output<'_>> {
        if let Some((_, url)) = self.urls.iter().find(|(called, _)| called.eq_ignore_ascii_case(name)) {
            return Ok(Output::Url(url));
        }
        if let Some((_, place)) = self.places.iter().find(|(id, _)| id.as_str() == name) {
            return Ok(Output::Place(place));
        }
        let problem = Problem::usage(format!("nothing of the stack `{}` is called so: `{name}`", self.stack));
        let problem = did_you_mean(problem, name, self.names());
        Err(problem.hint(format!("all of them: {}", listed(self.names()))).into())
    }

    /// What each is called: the URLs' names, then the ids of those that have a place.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let urls = self.urls.iter().map(|(name, _)| name.as_str());
        urls.chain(self.places.iter().map(|(id, _)| id.as_str()))
    }
}
