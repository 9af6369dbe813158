use std::sync::Arc;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    desk,
    machine::{Changing, Identity, Look, Looking, Machine},
    manifest::{LockPlace, Stack, lock_text, read_lock},
    value::{Lock, Problem, Source, shell_word},
};

/// The lock of a stack where it is kept, as it was read there.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Kept {
    place: Place,
    /// What the lock belongs to, as its text says.
    of: String,
    /// What is there.
    pub(super) text: Option<String>,
    /// What that says.
    pub(super) lock: Lock,
}

#[derive(Clone, Debug)]
enum Place {
    /// On the Mac, through its door.
    Mac(Utf8PathBuf),
    /// On this desk.
    File(Utf8PathBuf),
    Nowhere,
}

impl Kept {
    /// Reads the lock of `stack`, whose Mac is behind `look`. What cannot be read is refused, and never written over.
    pub(in crate::engine) fn read(look: &dyn Look, stack: &Stack, identity: &Identity) -> Result<Self> {
        if stack.lock_place != LockPlace::Mac {
            return Self::beside(stack);
        }
        let path = path_on(&identity.state, stack.manifest.stack.as_str());
        let text = look.read_text(&path)?;
        let source = text.map(|text| Source::new(path.as_str(), text));
        Self::of(stack, Place::Mac(path), source.as_ref())
    }

    /// The same of a lock for which no Mac has to be looked at.
    pub(in crate::engine) fn beside(stack: &Stack) -> Result<Self> {
        match &stack.lock_place {
            LockPlace::File(path) => {
                Self::of(stack, Place::File(path.clone()), desk::read_lock_file(path)?.as_ref())
            }
            LockPlace::Mac | LockPlace::Nowhere => Self::of(stack, Place::Nowhere, None),
        }
    }

    fn of(stack: &Stack, place: Place, source: Option<&Arc<Source>>) -> Result<Self> {
        let lock = source.map_or_else(|| Ok(Lock::default()), read_lock).map_err(|problem| {
            let hint = "put it back as it was, or take it away, and the next apply resolves all anew:";
            match &place {
                Place::File(path) => problem.hint(hint).remedy(format!("rm {}", shell_word(path.as_str()))),
                Place::Mac(path) => {
                    let target = stack.typed.target.as_ref();
                    let there = target.map(|target| format!("forgectl sim exec {target} -- "));
                    let rm = format!("{}rm {}", there.unwrap_or_default(), shell_word(path.as_str()));
                    problem.hint(hint).remedy(rm)
                }
                Place::Nowhere => problem,
            }
        })?;
        let name = stack.manifest.stack.as_str();
        let file = Utf8Path::new(stack.source().name()).file_name();
        let of = match &place {
            Place::File(_) => file.unwrap_or(name).to_owned(),
            Place::Mac(_) | Place::Nowhere => format!("the stack {name}"),
        };
        let text = source.map(|source| source.text().to_owned());
        Ok(Self { place, of, text, lock })
    }

    /// `stack` with what is locked.
    pub(in crate::engine) fn fill(&self, stack: &Stack) -> Stack {
        let mut stack = stack.clone();
        stack.lock = self.lock.clone();
        stack
    }

    /// What it is called; `None` where none is kept.
    pub(in crate::engine) fn name(&self) -> Option<&str> {
        match &self.place {
            Place::Mac(path) | Place::File(path) => Some(path.as_str()),
            Place::Nowhere => None,
        }
    }

    /// Whether it lies beside the manifest, where a person keeps it.
    pub(in crate::engine) fn is_beside(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Writes `lock` in its stead: answers with its text, or with `None` where somebody else has written there since it was
    /// read, which stays.
    pub(in crate::engine) fn put(&self, machine: &dyn Machine, lock: &Lock) -> Result<Option<String>> {
        let text = lock_text(lock, &self.of)?;
        let before = self.text.as_deref();
        let put = match &self.place {
            Place::File(path) => desk::put_lock_file(path, before, &text)?,
            Place::Mac(path) => {
                let same = machine.read_text(path)?.as_deref() == before;
                if same {
                    machine.keep(path, text.as_bytes())?;
                }
                same
            }
            Place::Nowhere => false,
        };
        Ok(put.then_some(text))
    }
}

/// Where the lock of a stack is on a Mac that keeps its own; `state` is forgectl's folder there.
pub(super) fn path_on(state: &Utf8Path, stack: &str) -> Utf8PathBuf {
    state.join("locks").join(format!("{stack}.lock"))
}

/// `stack` with its lock as it is kept.
pub(in crate::engine) fn filled(look: &dyn Look, stack: &Stack, identity: &Identity) -> Result<Stack> {
    Ok(Kept::read(look, stack, identity)?.fill(stack))
}

/// Takes the lock of `stack` off a Mac that keeps its own. The one beside a manifest is its author's.
pub(in crate::engine) fn forget(machine: &dyn Machine, stack: &Stack, identity: &Identity) -> Result<()> {
    let path = path_on(&identity.state, stack.manifest.stack.as_str());
    if stack.lock_place == LockPlace::Mac && machine.stat(&path)?.is_some() {
        machine.forget(&path)?;
    }
    Ok(())
}

/// What is told of a lock that somebody else has written to.
pub(super) fn moved(name: &str) -> Problem {
    Problem::manifest(format!("the lock was changed by somebody else meanwhile: `{name}`"))
        .hint("it stays as it is; run it again, and it goes on from there")
}
