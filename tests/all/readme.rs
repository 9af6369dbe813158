//! What the README promises is there.
#![expect(clippy::disallowed_methods, reason = "the sources are read as files")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const README: &str = include_str!("../../README.md");

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn section(title: &str) -> &'static str {
    let from = README.split_once(&format!("\n## {title}\n")).unwrap().1;
    from.split("\n## ").next().unwrap()
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = sources(&root.join("src")).into_iter().chain(sources(&root.join("tests")));
    let code: String = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
    let list = section("Promises").replace('\n', " ");
    let promises: Vec<_> = list.split(". **").skip(1).collect();
    assert_eq!(promises.len(), 9, "one of them is told otherwise");
    for promise in promises {
        let tests: Vec<_> = quoted(promise).filter(|word| word.matches('_').count() > 2).collect();
        assert!(!tests.is_empty(), "no test is named: {promise}");
        for test in tests {
            assert!(code.contains(&format!("fn {test}(")), "there is no test `{test}`");
        }
    }
}

#[test]
fn what_destroy_leaves_is_the_list_that_comparisons_leave_out() {
    let told: Vec<_> = section("What `destroy --all-data` leaves")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| quoted(line.split(" | ").next().unwrap()))
        .collect();
    let left_out: Vec<_> = forgectl::sim::LEFT_OUT.iter().map(|(pattern, _)| *pattern).collect();
    for pattern in &left_out {
        assert!(told.contains(pattern), "the README does not tell of `{pattern}`");
    }
    for pattern in told {
        assert!(left_out.contains(&pattern), "no comparison leaves out `{pattern}`");
    }
}

#[test]
fn the_plan_that_is_shown_is_the_plan_of_the_manifest_that_is_shown() {
    let block = |start: &str| README.split_once(start).unwrap().1.split_once("```").unwrap().0;
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("stack.yaml"), block("```yaml\n")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_forgectl"))
        .args(["plan", "stack.yaml", "--on", "chip=M4,memory=16GB,sudo=asks"])
        .current_dir(folder.path())
        .env_clear()
        .env("LANG", "en_US.UTF-8")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), block("$ forgectl plan stack.yaml\n"));
}

#[test]
fn the_keys_of_a_service_that_are_told_are_those_that_are_taken() {
    let told = section("Services").lines().filter(|line| line.starts_with("| `"));
    let mut told: Vec<_> = told.flat_map(|line| quoted(line.split(" | ").next().unwrap())).collect();
    told.sort_unstable();
    // What is refused is told with all that would have been taken.
    let text = "services: {web: {image: a, nothing-of-the-kind: 1}}\n";
    let source = forgectl::value::Source::new("app.yaml", text);
    let beside = forgectl::manifest::compose::Beside::nothing();
    let problems = forgectl::manifest::compose::read(&source, &BTreeMap::new(), &beside).unwrap_err().0;
    let hint = problems[0].hints.concat();
    assert!(hint.starts_with("known keys are "), "{hint}");
    assert_eq!(told, quoted(&hint).collect::<Vec<_>>());
}

/// What `node-zero` writes beside its environment can be run in it.
#[test]
fn the_environment_of_node_zero_has_what_the_example_beside_it_needs() {
    let stack = crate::support::stack(include_str!("../../stacks/node-zero.yaml"));
    let python = stack.manifest.python.as_ref().unwrap();
    let packages: Vec<String> =
        python.0.values().flat_map(|lab| &lab.packages).map(ToString::to_string).collect();
    let example = include_str!("../../templates/traced_inference.py");
    for package in ["langfuse>=5.0,<6", "openai"] {
        assert!(example.contains(&format!("`{package}`")), "{package}");
        assert!(packages.iter().any(|wanted| wanted == package), "{package}: {packages:?}");
    }
}
