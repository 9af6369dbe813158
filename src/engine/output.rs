use anyhow::Result;

use super::{
    nearest::{did_you_mean, listed},
    secrets::{self, KeptSecret},
};
use crate::{
    journal::Journal,
    machine::{Look, Looking},
    value::{Credential, HIDDEN, Id, Place, Problem},
};

/// What a stack has on a Mac, for who uses it: where it is asked, and where its parts are.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The stack's name.
    pub stack: String,
    /// What can be opened: names and URLs.
    pub urls: Vec<(String, String)>,
    /// Accounts by what they are called: `Open WebUI account`.
    pub accounts: Vec<(String, String)>,
    /// Passwords and keys by what they are called: `Open WebUI password`, `LANGFUSE_SECRET_KEY`.
    pub keys: Vec<(String, Key)>,
    /// Where each resource is.
    pub places: Vec<(Id, Place)>,
}

/// A password or a key.
#[derive(Clone)]
pub struct Key {
    /// Its value, if that was asked for and is there.
    pub value: Option<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum Output<'o> {
    /// A URL.
    Url(&'o str),
    /// An account.
    Account(&'o str),
    /// A password or a key, whose value is there.
    Key(&'o Key),
    /// Where a resource is.
    Place(&'o Place),
}

/// What the stack called `stack` has on the Mac behind `look`, as the journal there says; without a name, what the one
/// stack has that it knows. Fails where it has nothing, with `apply` as the command to type first, and with a fault of usage
/// where it knows several. The values of passwords and keys are in it only with `reveal`.
pub fn outputs(look: &dyn Look, stack: Option<&str>, apply: &str, reveal: bool) -> Result<Outputs> {
    let identity = look.identity()?;
    let journal = Journal::open(look, &identity.state)?;
    let stack = chosen(&journal, stack, apply)?;
    let (mut accounts, mut keys) = (vec![], vec![]);
    for secret in secrets::of(look, &journal.receipts(), &stack)? {
        let Some(credential) = secret.declared.as_ref().and_then(|declared| declared.credential.clone())
        else {
            continue;
        };
        let key = key(look, &secret, reveal)?;
        match credential {
            Credential::Password { service, account } => {
                accounts.push((format!("{service} account"), account));
                keys.push((format!("{service} password"), key));
            }
            Credential::Key { variable, .. } => keys.push((variable, key)),
        }
    }
    let receipts = journal.receipts().into_iter();
    // What was begun and not finished cannot be used yet.
    let there: Vec<_> =
        receipts.filter(|(_, receipt)| receipt.claims.contains(&stack) && receipt.left.is_some()).collect();
    Ok(Outputs {
        stack,
        urls: there.iter().flat_map(|(_, receipt)| receipt.urls.clone()).collect(),
        accounts,
        keys,
        places: there.into_iter().map(|(id, receipt)| (id, receipt.place)).collect(),
    })
}

fn key(look: &dyn Look, secret: &KeptSecret, reveal: bool) -> Result<Key> {
    let value = if reveal { look.read_text(&secret.files.value())? } else { None };
    Ok(Key { value })
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
    /// The one called `name`: a place by the id of its resource, anything else by its name, in capitals or not. Fails with a fault
    /// of usage when there is none, or when it is hidden, with `reveal` as the command to type instead.
    pub fn get(&self, name: &str, reveal: &str) -> Result<Output<'_>> {
        if let Some(url) = called(&self.urls, name) {
            return Ok(Output::Url(url));
        }
        if let Some(account) = called(&self.accounts, name) {
            return Ok(Output::Account(account));
        }
        if let Some(key) = called(&self.keys, name) {
            return match &key.value {
                Some(_) => Ok(Output::Key(key)),
                None => Err(Problem::usage(format!("`{name}` is hidden"))
                    .hint("to print it, to whoever reads the output:")
                    .remedy(reveal)
                    .into()),
            };
        }
        if let Some((_, place)) = self.places.iter().find(|(id, _)| id.as_str() == name) {
            return Ok(Output::Place(place));
        }
        let problem = Problem::usage(format!("nothing of the stack `{}` is called so: `{name}`", self.stack));
        let problem = did_you_mean(problem, name, self.names());
        Err(problem.hint(format!("all of them: {}", listed(self.names()))).into())
    }

    /// What each is called: the names of URLs, accounts and keys, then the ids of those that have a place.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let urls = self.urls.iter().chain(&self.accounts).map(|(name, _)| name.as_str());
        let keys = self.keys.iter().map(|(name, _)| name.as_str());
        urls.chain(keys).chain(self.places.iter().map(|(id, _)| id.as_str()))
    }
}

fn called<'a, T>(all: &'a [(String, T)], name: &str) -> Option<&'a T> {
    all.iter().find(|(called, _)| called.eq_ignore_ascii_case(name)).map(|(_, found)| found)
}
