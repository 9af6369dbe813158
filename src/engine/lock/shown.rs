use anyhow::Result;

use super::Kept;
use crate::{
    engine::nearest::did_you_mean,
    machine::{Look, Looking},
    manifest::Stack,
    value::{Id, Lock, Problem},
};

/// What is locked of a stack.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The stack's name.
    pub stack: String,
    /// Where that is kept: on the Mac, or beside the manifest; `None` where it is nowhere.
    pub file: Option<String>,
    /// What it says.
    pub lock: Lock,
}

/// What is locked of `stack`, by its lock where that is kept; of the resources `only`, or of all when none is named. Fails with a
/// fault of usage when one of them is not locked.
pub fn locked(look: &dyn Look, stack: &Stack, only: &[Id]) -> Result<Locked> {
    shown(&Kept::read(look, stack, &look.identity()?)?, stack, only)
}

/// The same of a stack whose lock no Mac keeps.
pub fn locked_beside(stack: &Stack, only: &[Id]) -> Result<Locked> {
    shown(&Kept::beside(stack)?, stack, only)
}

fn shown(kept: &Kept, stack: &Stack, only: &[Id]) -> Result<Locked> {
    let mut lock = Lock::default();
    for (id, pin) in kept.lock.iter().filter(|(id, _)| only.is_empty() || only.contains(id)) {
        lock.set(id.clone(), pin.clone());
    }
    let name = stack.manifest.stack.as_str();
    if let Some(unknown) = only.iter().find(|id| lock.pin(id).is_none()) {
        let problem = Problem::usage(format!("the lock of the stack `{name}` does not hold it: `{unknown}`"));
        let ids = kept.lock.iter().map(|(id, _)| id.as_str());
        return Err(did_you_mean(problem, unknown.as_str(), ids).into());
    }
    Ok(Locked { stack: name.to_owned(), file: kept.name().map(str::to_owned), lock })
}
