use anyhow::Result;

use super::nearest::did_you_mean;
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
/// stack has that it knows. Fails with a fault of usage where it knows several.
pub fn outputs(look: &dyn Look, stack: Option<&str>) -> Result<Outputs> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = chosen(&journal, stack)?;
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

fn chosen(journal: &Journal, stack: Option<&str>) -> Result<String> {
    let known: Vec<String> = journal.stacks().into_iter().collect();
    let nothing =
        |what: String| Err(Problem::mac(what).hint("apply it first:").remedy("forgectl apply STACK").into());
    match (stack, known.as_slice()) {
        (Some(name), known) if known.iter().any(|stack| stack == name) => Ok(name.to_owned()),
        (Some(name), _) => nothing(format!("the stack `{name}` has nothing on this Mac")),
        (None, []) => nothing("no stack has anything on this Mac".to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, several) => {
            let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            Err(Problem::usage(format!("which stack? This Mac has {}", names.join(", ")))
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
        let names = self.urls.iter().map(|(name, _)| name.as_str());
        let names = names.chain(self.places.iter().map(|(id, _)| id.as_str()));
        Err(did_you_mean(problem, name, names).hint("all of them:").remedy("forgectl output").into())
    }
}
