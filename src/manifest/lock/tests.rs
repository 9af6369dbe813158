use std::sync::Arc;

use super::*;
use crate::value::{Id, Lock, Pin, Problem, Source};

/// As the first version wrote it.
const FIRST: &str = include_str!("../../../tests/fixtures/lock-1.lock");

fn read(text: &str) -> Result<Lock, Problem> {
    read_lock(&Source::new("stack.lock", text))
}

/// Why a text is refused, and where.
#[track_caller]
fn refused(text: &str) -> (String, usize) {
    let problem = read(text).unwrap_err();
    assert_eq!(problem.what, "the lock is damaged: `stack.lock`", "{problem:?}");
    (problem.why[0].clone(), problem.span.unwrap().line())
}

fn digest(c: char) -> String {
    c.to_string().repeat(64)
}

#[test]
fn a_lock_of_the_first_form_is_read_and_written_as_it_was() {
    let lock = read(FIRST).unwrap();
    let pin = |id: &str| lock.pin(&id.parse().unwrap()).unwrap();
    assert_eq!(pin("brew-formula/jq").version.as_deref(), Some("1.8.1"));
    assert_eq!(pin("ollama-model/gemma4:e4b").bytes, Some(9_608_350_718));
    let packages = &pin("python-environment/lab").packages;
    assert_eq!(packages.len(), 3);
    assert!(packages[0].starts_with("anyio==4.11.0 --hash=sha256:0287") && !packages[0].contains('\n'));
    assert_eq!(lock_text(&lock, "node-zero.yaml").unwrap(), FIRST);
}

#[test]
fn what_is_written_reads_as_the_same_whatever_is_in_it() {
    let mut lock = Lock::default();
    assert_eq!(read(&lock_text(&lock, "stack.yaml").unwrap()), Ok(lock.clone()));
    for (id, version) in [
        (Id::new("a", "1.0"), "1.10"),
        (Id::new("a", "x y: #z"), "true"),
        (Id::new("a", "~"), "null"),
        (Id::new("a", "Zoë\"'\\:"), "0x1f"),
        (Id::new("ollama-model", "hf.co/a/b:Q4_K_M"), "1e3"),
    ] {
        lock.set(id, Pin { version: Some(version.into()), ..Pin::default() });
    }
    let packages = vec![format!("a[b,c]==1+cpu --hash=sha256:{}", digest('0')), "b==2.0".to_owned()];
    lock.set(Id::new("env", "e"), Pin { packages, bytes: Some(u64::MAX), ..Pin::default() });
    let text = lock_text(&lock, "a\nlock: 2").unwrap();
    assert_eq!(read(&text), Ok(lock.clone()));
    assert_eq!(lock_text(&read(&text).unwrap(), "a\nlock: 2").unwrap(), text);
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let mut lock = Lock::default();
    lock.set(Id::new("env", "e"), Pin { packages: vec!["--index-url=x".into()], ..Pin::default() });
    let problem = Problem::from_error(&lock_text(&lock, "stack.yaml").unwrap_err());
    assert!(
        problem.sort == crate::value::Sort::Bug && problem.why[0].contains("a package is"),
        "{problem:?}"
    );
}

#[test]
fn a_newer_form_is_said_to_be_whatever_else_it_holds() {
    let problem = read("lock: 7\nthings: [1]\n").unwrap_err();
    assert_eq!(problem.what, "the lock was written by a newer forgectl: `stack.lock`");
    assert!(problem.why[0].starts_with("its format is 7"), "{problem:?}");
}

#[test]
fn what_no_forgectl_wrote_is_damaged_and_told_with_its_place() {
    let head = "lock: 1\nresources:\n  brew-formula/jq:\n";
    let with = |line: &str| refused(&format!("{head}    {line}\n"));
    assert_eq!(
        with("colour: red"),
        ("unknown key `colour`: known are `version`, `digest`, `bytes` and `packages`".into(), 4)
    );
    assert_eq!(with("bytes: many").1, 4);
    assert_eq!(with("version: [1]").1, 4);
    assert_eq!(with("digest: 4C27").0, "a digest is a SHA-256: 64 digits of lower-case hex");
    assert_eq!(with("version: --force").0, "a version is one word");
    for package in
        ["mlx", "mlx>=1", "mlx==1 --index-url=http://a", "-r==x", "mlx @ http://a==1", "a==1 --hash=sha256:1"]
    {
        assert!(with(&format!("packages: [\"{package}\"]")).0.starts_with("a package is"), "{package}");
    }
    assert_eq!(
        refused(&format!("{head}    version: \"1\"\n  brew-formula/jq:\n    version: \"2\"\n")),
        ("`brew-formula/jq` is there twice".into(), 5)
    );
    assert_eq!(refused("lock: 1\nresource: {}\n").1, 2);
    assert_eq!(
        refused("lock: 1\nresources:\n  jq: {version: \"1\"}\n"),
        ("`jq` is not an id of the form `kind/name`".into(), 3)
    );
    assert_eq!(refused("lock: 1\nresources:\n  a/jq: {}\n").0, "it says nothing of what was resolved");
    for text in [
        "",
        "lock: one",
        "resources: {}",
        "- a",
        "lock: 1\n",
        "lock: 1\nresources: [\n",
        "lock: 0\nresources: {}",
    ] {
        refused(text);
    }
}

#[test]
fn marks_of_a_merge_are_told_as_such() {
    let text = format!("{FIRST}<<<<<<< HEAD\n=======\n>>>>>>> other\n");
    let (why, line) = refused(&text);
    assert_eq!((why.as_str(), line), ("a merge has left its marks in it", FIRST.lines().count() + 1));
}

#[test]
fn a_torn_lock_is_damaged_or_says_less_and_nothing_panics() {
    for end in 0..FIRST.len() {
        if FIRST.is_char_boundary(end) {
            let _ = read_lock(&Arc::clone(&Source::new("stack.lock", &FIRST[..end])));
        }
    }
}
