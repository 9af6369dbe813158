use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::{Kept, kept::moved};
use crate::{
    blueprint::Entry,
    engine::{
        event::{Event, Repinned},
        run::{Run, looking},
    },
    machine::Halt,
    resource::Resource,
    value::{Id, Pin, Problem},
};

/// The lock of a run: several tasks set pins in it, one at a time writes it.
#[derive(Debug, Default)]
pub(in crate::engine) struct Book(Mutex<Option<Page>>);

#[derive(Debug)]
struct Page {
    kept: Kept,
    /// What was set or taken out since it was written.
    pending: Vec<Repinned>,
    /// Whether somebody writes it now, who will see what is added meanwhile.
    writing: bool,
    /// Whether it cannot be written, which was told.
    given_up: bool,
}

impl Book {
    /// Opens it at what is `kept`.
    pub(in crate::engine) fn open(&self, kept: Kept) {
        self.with(|page| *page = Some(Page { kept, pending: vec![], writing: false, given_up: false }));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<Page>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, id: &Id, pin: Option<Pin>) {
        self.with(|page| {
            let Some(page) = page else { return };
            let from = page.kept.lock.pin(id).cloned();
            if from == pin {
                return;
            }
            match pin.clone() {
                Some(pin) => page.kept.lock.set(id.clone(), pin),
                None => drop(page.kept.lock.remove(id)),
            }
            page.pending.push(Repinned { id: id.clone(), from, to: pin });
        });
    }

    /// Takes out the pins of what is none of `entries`.
    fn keep_only(&self, entries: &[Entry]) {
        let gone: Vec<Id> = self.with(|page| {
            let ids = page.iter().flat_map(|page| page.kept.lock.iter().map(|(id, _)| id.clone()));
            ids.filter(|id| !entries.iter().any(|entry| entry.resource.id() == *id)).collect()
        });
        for id in gone {
            self.set(&id, None);
        }
    }

    /// What is to be written now, and what is new in it; `None` where there is nothing, or somebody is about it.
    fn begin(&self) -> Option<(Kept, Vec<Repinned>)> {
        self.with(|page| {
            let page =
                page.as_mut().filter(|page| !(page.pending.is_empty() || page.writing || page.given_up))?;
            page.writing = true;
            Some((page.kept.clone(), std::mem::take(&mut page.pending)))
        })
    }

    fn end(&self, text: Option<String>) {
        self.with(|page| {
            let Some(page) = page else { return };
            page.writing = false;
            match text {
                Some(text) => page.kept.text = Some(text),
                None => page.given_up = true,
            }
        });
    }
}

impl Run<'_> {
    /// Locks what was resolved of a resource that is as wanted, also where nothing had to be done for that: a line that it is not held
    /// to holds nobody.
    pub(in crate::engine) fn pin(&self, resource: &dyn Resource) -> Result<()> {
        let pin = resource.pin(looking(self.machine));
        self.book.set(&resource.id(), pin.context("what the lock keeps of it cannot be told")?);
        self.write_lock();
        Ok(())
    }

    /// Unlocks what has left the manifest, of which `entries` is all.
    pub(in crate::engine) fn unpin_others(&self, entries: &[Entry]) {
        self.book.keep_only(entries);
        self.write_lock();
    }

    /// Writes the lock as long as there is something to write. That it cannot be written is told once, and fails the run, but
    /// no resource.
    fn write_lock(&self) {
        while let Some((kept, pins)) = self.book.begin() {
            let Some(name) = kept.name() else {
                self.book.end(None);
                self.sink.event(&Event::Unlocked { problem: nowhere() });
                return;
            };
            let problem = match kept.put(self.machine, &kept.lock) {
                Ok(Some(text)) => {
                    self.book.end(Some(text));
                    if kept.is_beside() {
                        self.with_summary(|summary| summary.locked = Some(name.to_owned()));
                    }
                    self.sink.event(&Event::Locked { file: name.to_owned(), pins });
                    continue;
                }
                Ok(None) => moved(name),
                Err(error) if Halt::of(&error).is_some() => return self.book.end(None),
                Err(error) => unwritten(&error),
            };
            self.book.end(None);
            self.with_summary(|summary| summary.unlocked = Some(problem.clone()));
            self.sink.event(&Event::Unlocked { problem });
        }
    }
}

fn nowhere() -> Problem {
    Problem::manifest("what was resolved is not locked")
        .why("the manifest is no file that a lock could lie beside")
        .hint("the next apply may bring something newer; put the manifest into a file to have the same again")
}

fn unwritten(error: &anyhow::Error) -> Problem {
    Problem::from_error(error)
        .hint("what was resolved is not locked; once it can be written, apply again, and nothing is brought twice")
        .hint("to apply without a lock, give the manifest on standard input: `forgectl apply - < FILE`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::{self, LockPlace},
        value::Source,
    };

    fn open() -> Book {
        let source = Source::new("stack.yaml", "forge: 1\nstack: lab\nnode: {memory: 16GB}\n");
        let stack = manifest::read(&source).unwrap().kept_in(LockPlace::Nowhere);
        let book = Book::default();
        book.open(Kept::beside(&stack).unwrap());
        book
    }

    fn id(name: &str) -> Id {
        Id::new("brew-formula", name)
    }

    fn pin(version: &str) -> Pin {
        Pin { version: Some(version.into()), ..Pin::default() }
    }

    #[test]
    fn what_is_set_while_somebody_writes_is_written_by_them_next() {
        let book = open();
        assert!(book.begin().is_none(), "there is nothing yet");
        book.set(&id("a"), Some(pin("1")));
        let (kept, pins) = book.begin().unwrap();
        assert_eq!(kept.lock.pin(&id("a")), Some(&pin("1")));
        assert_eq!(pins, [Repinned { id: id("a"), from: None, to: Some(pin("1")) }]);
        book.set(&id("b"), Some(pin("2")));
        assert!(book.begin().is_none(), "one at a time");
        book.end(Some("text".into()));
        let (kept, pins) = book.begin().unwrap();
        assert_eq!((kept.lock.iter().count(), kept.text.as_deref()), (2, Some("text")));
        assert_eq!(pins, [Repinned { id: id("b"), from: None, to: Some(pin("2")) }]);
    }

    #[test]
    fn what_is_locked_so_already_is_no_reason_to_write() {
        let book = open();
        book.set(&id("a"), Some(pin("1")));
        book.begin().unwrap();
        book.end(Some("text".into()));
        book.set(&id("a"), Some(pin("1")));
        book.set(&id("b"), None);
        assert!(book.begin().is_none());
    }

    #[test]
    fn what_could_not_be_written_is_not_tried_again() {
        let book = open();
        book.set(&id("a"), Some(pin("1")));
        book.begin().unwrap();
        book.end(None);
        book.set(&id("b"), Some(pin("1")));
        assert!(book.begin().is_none());
    }
}
