//! What is no YAML, or more than a manifest may be.

use super::{LEAST, fault, told};

#[test]
fn what_holds_no_manifest_is_refused_with_how_one_begins() {
    for (text, what) in [
        ("", "1:1 : the manifest is empty: `stack.yaml`"),
        ("# nothing\n\n", "1:1 : the manifest is empty: `stack.yaml`"),
        ("---\n", "1:1 : the manifest is empty: `stack.yaml`"),
        ("~", "1:1 : the manifest is empty: `stack.yaml`"),
        ("hello\n", "1:1 hello: the manifest is not a map of keys"),
        ("\n- forge: 1\n", "2:1 : the manifest is not a map of keys"),
    ] {
        assert_eq!(told(text), [what], "{text:?}");
        assert!(fault(text).hints[0].contains("`forge: 1`"), "{text:?}");
    }
}

#[test]
fn a_fault_of_syntax_is_told_with_its_place_and_what_people_usually_did() {
    for (text, place, hint) in [
        ("forge: 1\nnode:\n\tmemory: 16GB\n", (3, 2), "replace the tab"),
        ("node:\n  macos: >=15\n", (2, 10), "stands in quotes"),
        ("node: {macos: >=15}\n", (1, 15), "stands in quotes"),
        ("ollama:\n  listen: *\n", (2, 11), "stands in quotes"),
        ("forge: 1\n  stack: lab\n", (2, 8), "begin in the same column"),
        ("stack: lab: one\n", (1, 11), "begin in the same column"),
        ("node: {memory: 16GB\nstack: lab\n", (2, 6), "bracket"),
        ("stack: \"lab\nforge: 1\n", (2, 1), "quotation mark"),
        ("forge: 1\nstack\n", (2, 1), "`key: value`"),
        ("# Zoë\nstack: @lab\n", (2, 8), "stands in quotes"),
    ] {
        let problem = fault(text);
        let span = problem.span.as_ref().unwrap();
        assert_eq!(problem.what, "the manifest is not valid YAML");
        assert_eq!((span.line(), span.column()), place, "{text:?}: {problem:#?}");
        assert!(problem.hints.concat().contains(hint), "{text:?}: {problem:#?}");
    }
}

#[test]
fn one_file_is_one_stack() {
    let two = format!("{LEAST}---\n{LEAST}");
    assert_eq!(told(&two), ["6:1 : the manifest holds more than one YAML document"]);
    assert_eq!(
        told(&format!("{LEAST}...\nmore\n"))[0],
        "6:1 more: the manifest holds more than one YAML document"
    );
}

#[test]
fn a_manifest_that_contains_itself_is_refused() {
    assert_eq!(told("node: &n\n  chip: *n\n"), ["2:9 *n: the manifest contains itself"]);
    assert!(fault("node: *nothing\n").why[0].contains("unknown"));
}

#[test]
fn a_huge_manifest_is_refused_before_it_is_parsed() {
    let huge = format!("{LEAST}# {}", "x".repeat(1 << 20));
    assert_eq!(told(&huge), [format!("1:1 : the manifest is too long: {} bytes", huge.len())]);
}

#[test]
fn what_is_nested_too_deeply_is_refused_where_it_gets_too_deep() {
    let block = (0..100).map(|level| " ".repeat(level) + "a:").collect::<Vec<_>>().join("\n");
    let flow = format!("a: {}", "[".repeat(500_000));
    for (text, line) in [(block, 33), (flow, 1)] {
        let problem = fault(&text);
        assert_eq!(problem.what, "the manifest is nested too deeply or unfolds to too much");
        assert_eq!(problem.span.unwrap().line(), line);
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut lines = vec!["a: &a [x, x, x, x, x, x, x, x, x]".to_owned()];
    for (name, inner) in ('b'..='z').zip('a'..) {
        lines.push(format!("{name}: &{name} [{}]", vec![format!("*{inner}"); 9].join(", ")));
    }
    assert_eq!(fault(&lines.join("\n")).what, "the manifest is nested too deeply or unfolds to too much");
}

#[test]
fn a_few_aliases_are_fine() {
    let stack = super::good(
        "forge: 1\nstack: &name lab\nnode: {memory: &m 16GB}\nollama: {environment: {OLLAMA_EDITOR: *m}}\n",
    );
    assert_eq!(stack.manifest.ollama.unwrap().environment["OLLAMA_EDITOR"], "16GB");
}

#[test]
fn a_file_from_windows_reads_the_same() {
    let text = format!("\u{feff}{}", super::LEAST.replace('\n', "\r\n"));
    assert_eq!(super::good(&text).manifest, super::good(super::LEAST).manifest);
    assert_eq!(super::good(&text).span(&["node", "memory"]).to_string(), "stack.yaml:4:11");
    assert_eq!(told(&format!("{text}nodes: 1\r\n")), ["5:1 nodes: unknown key: `nodes`"]);
}
