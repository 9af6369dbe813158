//! From text to the typed manifest.

mod judge;
mod syntax;
mod tree;
mod wording;
mod yaml;

use std::sync::Arc;

use serde_json::Value;

use super::types::{FORMAT, Manifest};
use crate::value::{Problem, Source};

pub(super) use tree::Tree;
pub(super) use yaml::parse_any;

/// Reads `source` into the typed manifest and the tree that knows its places; every fault at once.
pub(super) fn read(source: &Arc<Source>) -> Result<(Manifest, Tree), Vec<Problem>> {
    let tree = yaml::parse(source)?;
    let value = tree.value();
    if let Some(problem) = shapeless(&value, &tree, source) {
        return Err(vec![problem]);
    }
    let faults = judge::faults(&tree, &value, source);
    if !faults.is_empty() {
        return Err(faults);
    }
    match serde_json::from_value(value) {
        Ok(manifest) => Ok((manifest, tree)),
        Err(error) => Err(vec![
            Problem::bug("the manifest satisfies its schema and cannot be read all the same")
                .why(error.to_string())
                .at(Some(&source.span(0, 0))),
        ]),
    }
}

/// A fault that makes all others meaningless.
fn shapeless(value: &Value, tree: &Tree, source: &Arc<Source>) -> Option<Problem> {
    let at = |path: &[&str]| {
        let place = tree.place(path);
        source.span(place.start, place.len())
    };
    let example =
        "the shortest manifest has three lines: `forge: 1`, `stack: lab` and `node: {memory: 16GB}`";
    let not_a_map = |what: &str| {
        let problem = Problem::manifest("the manifest is not a map of keys").why(format!("it is {what}"));
        problem.hint(example).at(Some(&at(&[])))
    };
    match value {
        Value::Object(keys) => match keys.get("forge") {
            Some(Value::Number(format)) if format.as_u64() != Some(FORMAT.into()) => Some(
                Problem::manifest(format!("unknown format of manifest: `{format}`"))
                    .why(format!("this forgectl reads format {FORMAT}"))
                    .hint("a manifest of a later format needs a later forgectl")
                    .at(Some(&at(&["forge"]))),
            ),
            _ => None,
        },
        Value::Null => Some(
            Problem::manifest(format!("the manifest is empty: `{}`", source.name()))
                .hint(example)
                .at(Some(&source.span(0, 0))),
        ),
        Value::Array(_) => Some(not_a_map("a list")),
        _ => Some(not_a_map("a single value")),
    }
}
