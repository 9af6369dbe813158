//! Holds the order of the rooms, and their size: each room may use only what stands below it.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "reads the sources themselves")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the roof to the ground.
const ROOMS: [&str; 15] = [
    "main",
    "cli",
    "report",
    "doctor",
    "engine",
    "blueprint",
    "manifest",
    "resource",
    "step",
    "journal",
    "sim",
    "machine",
    "desk",
    "catalog",
    "value",
];

/// Lines of code that a file may have before it asks to be two; tests beside the code are not counted.
const MOST_LINES: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The room of a file below `src/`.
fn room(file: &Path) -> String {
    let inside = file.strip_prefix(root()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file, without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned()
}

/// The rooms that `code` names: `crate::room`, and the heads of `use crate::{room, room::…}`.
fn used(code: &str) -> Vec<String> {
    let mut rooms = vec![];
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with("pub(in ")) {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut word) = (0, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.to_owned());
        }
    }
    let name = |text: &String| {
        text.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap().to_owned()
    };
    rooms.iter().map(name).filter(|room| !room.is_empty()).collect()
}

#[test]
fn every_room_uses_only_what_stands_below_it() {
    let place = |room: &str| ROOMS.iter().position(|name| *name == room);
    let mut broken = vec![];
    for file in sources(&root()) {
        let from = room(&file);
        if from == "lib" {
            continue;
        }
        let here = place(&from).unwrap_or_else(|| panic!("{} is in no room that is known", file.display()));
        for other in used(&code(&file)) {
            let there = place(&other).unwrap_or_else(|| panic!("{} uses crate::{other}", file.display()));
            if there < here {
                broken.push(format!("{} uses {other}, which stands above it", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_wall_sees_every_form_of_use() {
    assert_eq!(used("use crate::engine::plan;"), ["engine"]);
    assert_eq!(used("use crate::{\n    desk::{Person, Nobody},\n    value::Id,\n};"), ["desk", "value"]);
    assert_eq!(used("fn f() { crate::sim::run() }"), ["sim"]);
}

#[test]
fn no_file_asks_to_be_two() {
    let long: Vec<String> = sources(&root())
        .into_iter()
        .map(|file| (code(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, file)| format!("{lines} lines: {}", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_fact_that_code_cites_is_told() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut unknown = vec![];
    for page in ["docs/mac-facts.md", "docs/service-facts.md"] {
        let text = fs::read_to_string(manifest.join(page)).unwrap();
        let facts: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("### ")).map(str::trim).collect();
        assert!(facts.len() > 5, "{page}");
        for file in sources(&root()).into_iter().chain(sources(&manifest.join("tests"))) {
            let text = fs::read_to_string(&file).unwrap();
            for cited in text.split(&format!("{page}#")).skip(1) {
                let fact = cited.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap();
                if !facts.contains(&fact) && !fact.is_empty() {
                    unknown.push(format!("{} cites {page}#{fact}", file.display()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
