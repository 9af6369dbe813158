//! A whole apply on a fresh simulated Mac, twice, with what it took.

use serde::Serialize;

use super::{event::Summary, plan::Plan};
use crate::value::Id;

/// What a rehearsal showed. Times are virtual seconds, sizes bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsal {
    /// The stack's name.
    pub stack: String,
    /// The simulated Mac, in words.
    pub target: String,
    /// What the first apply planned.
    pub plan: Plan,
    /// The first apply.
    pub first: First,
    /// The second.
    pub second: Second,
    /// The first apply, a line a step.
    pub timeline: Vec<Moment>,
    /// What was proved.
    pub proved: Vec<String>,
    /// The most that was used on disk beyond what the fresh Mac used.
    pub peak_disk_bytes: u64,
    /// The most memory that loaded models took at one time.
    pub peak_model_memory_bytes: u64,
    /// What came of the first apply.
    #[serde(skip)]
    pub summary: Summary,
}

/// The first apply in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct First {
    /// Resources changed.
    pub changes: usize,
    /// Effects made.
    pub effects: usize,
    /// Resources that failed or were left out.
    pub failed: usize,
    /// Virtual seconds.
    pub duration_s: f64,
    /// Bytes fetched.
    pub download_bytes: u64,
}

/// The second apply in numbers; both must be zero.
#[derive(Clone, Debug, Serialize)]
pub struct Second {
    /// Resources changed.
    pub changes: usize,
    /// Effects made.
    pub effects: usize,
}

/// One step of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// Virtual seconds since the start of the run.
    pub at_s: f64,
    /// Of which resource.
    pub id: Id,
    /// What was done.
    pub words: String,
    /// Virtual seconds that it took.
    pub took_s: f64,
}
