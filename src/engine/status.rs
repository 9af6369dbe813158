//! Whether all is there and healthy.

use serde::{Serialize, Serializer};

use crate::{
    machine::facts::Facts,
    resource::Evidence,
    value::{Delta, Id, Problem, Span},
};

use super::event::ProblemView;

/// What a look at every resource of a stack gave.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The stack's name.
    pub stack: String,
    /// The Mac.
    pub node: Facts,
    /// A row a resource.
    pub rows: Vec<Row>,
}

/// What was seen of one resource.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which.
    pub id: Id,
    /// How it is.
    pub verdict: Verdict,
    /// The fields that are not as declared.
    pub deltas: Vec<Delta>,
    /// What shows that it is well.
    pub evidence: Evidence,
    /// What is wrong, when it is not well.
    #[serde(serialize_with = "problem")]
    pub problem: Option<Problem>,
    /// The place in the manifest that asks for it.
    #[serde(serialize_with = "place")]
    pub origin: Option<Span>,
}

/// How a resource is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As declared, and healthy.
    Well,
    /// Not there.
    Missing,
    /// There, and not as declared.
    Differs,
    /// As declared, and not working.
    Unwell,
}

impl Status {
    /// Whether every resource is well.
    pub fn ok(&self) -> bool {
        self.rows.iter().all(|row| row.verdict == Verdict::Well)
    }
}

#[expect(clippy::ref_option, reason = "serde hands the field over so")]
fn problem<S: Serializer>(problem: &Option<Problem>, serializer: S) -> Result<S::Ok, S::Error> {
    problem.as_ref().map(ProblemView::from).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "serde hands the field over so")]
fn place<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
    span.as_ref().map(ToString::to_string).serialize(serializer)
}
