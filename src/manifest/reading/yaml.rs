use std::sync::Arc;

use serde_saphyr::{
    Options,
    options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy},
};

use super::{syntax, tree::Tree};
use crate::value::{Problem, Source};

/// The longest manifest, in bytes.
const LONGEST: usize = 1 << 20;

/// How deep a manifest may be nested.
pub(super) const LEVELS: usize = 32;

/// How much its aliases may stand for, in the parser's events: about one a value.
pub(super) const UNFOLDED: usize = 20_000;

/// Reads the one YAML document of `source`. Errors: what is too long, no YAML, or unfolds to too much.
pub(super) fn parse(source: &Arc<Source>) -> Result<Tree, Vec<Problem>> {
    if source.text().len() > LONGEST {
        let problem = Problem::manifest(format!("the manifest is too long: {} bytes", source.text().len()))
            .why(format!("a manifest has at most {LONGEST} bytes"))
            .hint("is this the file that was meant?");
        return Err(vec![problem.at(Some(&source.span(0, 0)))]);
    }
    parse_any(source, "the manifest").map_err(|problem| vec![problem])
}

/// The same of another file, however long; `thing` is what it is to whoever reads of its faults.
pub(in super::super) fn parse_any(source: &Arc<Source>, thing: &str) -> Result<Tree, Problem> {
    let tree = serde_saphyr::from_str_with_options(source.text(), options());
    tree.map_err(|error| syntax::problem(&error, source, thing))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: LEVELS,
            flow_nesting_limit: LEVELS,
            max_nodes: 50_000,
            max_events: 200_000,
            max_documents: 2,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: UNFOLDED,
            max_replay_stack_depth: 8,
        },
        // Both entries reach the tree, which tells every key that is given twice, and not the first one only.
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        // YAML 1.2: `yes`, `no`, `on` and `off` are texts.
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        emit_comments: false,
        with_snippet: false,
    }
}
