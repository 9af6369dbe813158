#![expect(clippy::disallowed_methods, reason = "it reads the project's own files")]

use std::{fs, path::Path};

use super::good;
use forgectl::manifest;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in `folder` whose names end in `ending`.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found: Vec<_> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    found.sort();
    found
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_default()
}

#[test]
fn the_schema_in_the_docs_is_the_one_that_judges() {
    let schema = serde_json::to_string_pretty(&manifest::schema()).unwrap() + "\n";
    assert!(
        schema == text("docs/stack.schema.json"),
        "write it anew: forgectl schema > docs/stack.schema.json"
    );
}

#[test]
fn every_ready_stack_is_good_and_names_the_schema_for_editors() {
    let stacks = files("stacks", ".yaml");
    assert!(stacks.contains(&"stacks/spine.yaml".to_owned()));
    for stack in stacks {
        let text = text(&stack);
        let first = text.lines().next();
        assert_eq!(first, Some("# yaml-language-server: $schema=../docs/stack.schema.json"), "{stack}");
        assert_eq!(good(&text).warnings, [], "{stack}");
        assert_eq!(format!("stacks/{}.yaml", good(&text).manifest.stack), stack);
    }
}

#[test]
fn every_manifest_shown_in_the_docs_is_good() {
    let pages = files("docs", ".md").into_iter().chain(["README.md".to_owned()]);
    for page in pages {
        for block in text(&page).split("```yaml\n").skip(1) {
            let (block, _) = block.split_once("```").expect("a block ends");
            if block.lines().any(|line| line.starts_with("forge:")) {
                assert_eq!(good(block).warnings, [], "{page}");
            }
        }
    }
}
