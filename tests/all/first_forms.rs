//! What the first version wrote is read by every later one. The files in `fixtures/` never change.

use std::collections::BTreeSet;

use camino::Utf8Path;
use forgectl::{
    engine,
    journal::Journal,
    manifest::Stack,
    sim::{Content, Mac, Sim, USER},
    value::Id,
};

use crate::support::{destroy, fresh, sim, stack};

/// Of that manifest, with every kind of place.
const JOURNAL: &str = include_str!("../fixtures/journal-1.jsonl");
const STATE: &str = "/Users/lab/.local/state/forgectl";

fn node_zero() -> Stack {
    stack(include_str!("../fixtures/manifest-1.yaml"))
}

/// A Mac of which nothing is left but that journal.
fn with_journal() -> Sim {
    let mut mac: Mac = fresh(&node_zero());
    let now = mac.state.now;
    for folder in ["/Users/lab/.local", "/Users/lab/.local/state", STATE] {
        mac.disk.make_dir(USER, Utf8Path::new(folder), 0o700, now).unwrap();
    }
    let path = Utf8Path::new(STATE).join("journal.jsonl");
    mac.disk.write(USER, &path, Content::Bytes(JOURNAL.into()), 0o600, now).unwrap();
    sim(mac)
}

#[test]
fn a_journal_of_the_first_form_is_read_and_what_it_tells_of_is_given_back() {
    let sim = with_journal();
    let receipts = Journal::open(&sim, Utf8Path::new(STATE)).unwrap().receipts();
    assert!(receipts.values().all(|receipt| receipt.left.is_some() && receipt.claims.contains("node-zero")));
    let kinds: BTreeSet<&str> = receipts.keys().map(Id::kind).collect();
    let stack = node_zero();
    let plan = engine::survey(&sim, &stack).unwrap();
    let all: BTreeSet<&str> = plan.items.iter().map(|item| item.id.kind()).collect();
    assert!(all.is_subset(&kinds), "{all:?} {kinds:?}");
    // The job that was put aside has left this Mac, and cannot be put back.
    let _ = destroy(&sim, &stack);
    let left = Journal::open(&sim, Utf8Path::new(STATE)).unwrap().receipts();
    assert_eq!(left.keys().map(Id::as_str).collect::<Vec<_>>(), ["rival-job/homebrew.mxcl.ollama"]);
}

#[test]
fn a_manifest_of_the_first_form_is_read() {
    let stack = node_zero();
    assert!(stack.warnings.is_empty(), "{:?}", stack.warnings);
    let models = stack.manifest.models.len();
    assert_eq!((stack.manifest.forge, stack.manifest.stack.as_str(), models), (1, "node-zero", 4));
}
