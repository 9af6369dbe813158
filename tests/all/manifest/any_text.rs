//! Whatever a file holds, reading it ends with a stack or with faults that can be shown.

use super::read;
use forgectl::{
    desk::Screen,
    manifest::{lock_text, read_lock},
    report,
    value::{Problem, Sort, Source},
};
use proptest::prelude::*;

const SPINE: &str = include_str!("../../../stacks/spine.yaml");
const LOCK: &str = include_str!("../../fixtures/lock-1.lock");

/// What stands between two places where a person could have slipped.
const ODD: [&str; 40] = [
    "",
    " ",
    "\n",
    "\t",
    ":",
    ": ",
    "- ",
    "#",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!str ",
    "<<: *a",
    "|",
    ">-",
    "%",
    "@",
    "---\n",
    "...\n",
    "~",
    "null",
    "yes",
    "0x1f",
    "1e999",
    ".nan",
    "-1",
    "99999999999999999999",
    "é",
    "\u{202e}",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "𝕏",
    "OLLAMA_API_KEY: x",
    "? ",
];

fn show(problem: &Problem) {
    assert_ne!(problem.sort, Sort::Bug, "{problem:#?}");
    assert!(!problem.what.is_empty() && !problem.what.chars().any(char::is_control), "{problem:#?}");
    let span = problem.span.as_ref().unwrap_or_else(|| panic!("no place: {problem:#?}"));
    let excerpt = span.excerpt();
    assert!(span.line() >= 1 && span.column() >= 1 && excerpt.width >= 1);
    assert!(excerpt.start <= excerpt.line.chars().count(), "{problem:#?}");
}

/// Shows them to people, on screens of any sort.
fn render(problems: &[Problem]) {
    for (width, unicode, color) in [(40, true, false), (80, false, true), (500, true, true)] {
        let page = report::problems("error", problems, Screen { unicode, color, ..Screen::plain(width) });
        let told = page.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\u{1b}'));
        assert_eq!(told.count(), 0, "{page:?}");
        assert!(unicode || page.is_ascii(), "{page:?}");
        assert!(color || !page.contains('\u{1b}'), "{page:?}");
    }
    let document: serde_json::Value = serde_json::from_str(&report::problems_json(problems)).unwrap();
    assert_eq!(document["problems"].as_array().unwrap().len(), problems.len());
}

/// Reads `text` and holds what is promised for any text.
fn holds(text: &str) {
    match read(text) {
        Ok(stack) => {
            stack.warnings.iter().for_each(show);
            render(&stack.warnings);
            let again = read(&serde_json::to_string(&stack.manifest).unwrap());
            assert_eq!(again.unwrap_or_else(|problems| panic!("{problems:#?}")).manifest, stack.manifest);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            problems.iter().for_each(show);
            render(&problems);
        }
    }
}

/// The same of a lock: what is read of it can be written, and reads as the same again.
fn lock_holds(text: &str) {
    match read_lock(&Source::new("stack.lock", text)) {
        Ok(lock) => {
            let text = lock_text(&lock, "stack.yaml").unwrap_or_else(|error| panic!("{error:#}: {text}"));
            assert_eq!(read_lock(&Source::new("stack.lock", text)), Ok(lock));
        }
        Err(problem) => {
            show(&problem);
            render(&[problem]);
        }
    }
}

/// The words of a text, the gaps between them, and its signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = vec![];
    let kind = |c: char| if c.is_alphanumeric() || c == '_' { 0 } else { u32::from(c) };
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last) if last.chars().last().is_some_and(|before| kind(before) == kind(c)) => last.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

#[derive(Clone, Debug)]
enum Slip {
    Delete,
    Double,
    Replace(String),
    Insert(String),
    Swap(usize),
}

fn slip() -> impl Strategy<Value = (usize, Slip)> {
    let odd = || prop_oneof![proptest::sample::select(&ODD[..]).prop_map(str::to_owned), "\\PC{0,6}"];
    let slip = prop_oneof![
        Just(Slip::Delete),
        Just(Slip::Double),
        odd().prop_map(Slip::Replace),
        odd().prop_map(Slip::Insert),
        any::<usize>().prop_map(Slip::Swap),
    ];
    (any::<usize>(), slip)
}

fn slipped(text: &str, slips: Vec<(usize, Slip)>) -> String {
    let mut tokens = tokens(text);
    for (at, slip) in slips {
        let at = at % tokens.len().max(1);
        match slip {
            _ if tokens.is_empty() => break,
            Slip::Delete => drop(tokens.remove(at)),
            Slip::Double => tokens.insert(at, tokens[at].clone()),
            Slip::Replace(token) => tokens[at] = token,
            Slip::Insert(token) => tokens.insert(at, token),
            Slip::Swap(other) => {
                let other = other % tokens.len();
                tokens.swap(at, other);
            }
        }
    }
    tokens.concat()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        holds(&String::from_utf8_lossy(&bytes));
        lock_holds(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_signs_of_yaml_never_panic(signs in proptest::collection::vec(proptest::sample::select(&ODD[..]), 0..30)) {
        holds(&signs.concat());
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn a_stack_with_slips_never_panics(slips in proptest::collection::vec(slip(), 1..6)) {
        holds(&slipped(SPINE, slips));
    }

    #[test]
    fn a_lock_with_slips_never_panics(slips in proptest::collection::vec(slip(), 1..4)) {
        lock_holds(&slipped(LOCK, slips));
    }

    #[test]
    fn whatever_a_resource_is_called_its_lock_can_be_written(name in "\\PC{1,12}", odd in proptest::sample::select(&ODD[..])) {
        lock_holds(&format!("lock: 1\nresources:\n  {}: {{bytes: 1}}\n", serde_json::json!(format!("a/{name}{odd}"))));
    }

    #[test]
    fn any_value_of_any_key_never_panics(key in 0..9_usize, value in "\\PC{0,12}", quoted in any::<bool>()) {
        let keys = ["stack", "memory", "macos", "chip", "listen", "keep_alive", "port", "start", "environment"];
        let value = if quoted { serde_json::to_string(&value).unwrap() } else { value };
        let text: String = SPINE
            .lines()
            .map(|line| match line.split_once(':') {
                Some((name, _)) if name.trim() == keys[key] => format!("{name}: {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        holds(&text);
    }
}

#[test]
fn the_spine_itself_is_good() {
    assert!(read(SPINE).is_ok());
    assert_eq!(tokens("a_1: {}\n"), ["a_1", ":", " ", "{", "}", "\n"]);
}
