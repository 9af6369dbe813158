//! Turns plans, events and results into something to read: a page for people, JSON for programs. Every view is a function
//! to a text; only the views of a run write it themselves, since a run is told while it happens.

mod diff;
mod explain;
mod facts;
mod graph;
mod ink;
mod layout;
mod lock;
mod logs;
mod node;
mod output;
mod plan;
mod problem;
mod rehearsal;
pub mod run;
mod secrets;
mod status;
#[cfg(test)]
mod tests;
mod trace;
mod words;

pub use diff::{differences, differences_total};
pub use explain::explained;
pub use facts::facts;
pub use graph::{GraphForm, plan_graph, plan_graph_json};
pub use lock::{lock, lock_json, lock_update, lock_update_json, lock_update_total};
pub use logs::{log_lines, log_lines_json};
pub use output::{output, output_json, outputs, outputs_json};
pub use plan::{plan, plan_json, plan_totals};
pub use problem::{problems, problems_json};
pub use rehearsal::{rehearsal, rehearsal_totals};
pub use secrets::{secrets, secrets_json};
pub use status::{StatusView, status, status_json, status_short};
pub use trace::trace;

use serde::Serialize;

/// Anything as one indented JSON document with a line end.
pub fn json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
