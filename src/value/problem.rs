use std::fmt;

use serde::Serialize;

use super::{Id, Span};

/// Whose the fault is; only the last asks for a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sort {
    /// What the person wrote into the manifest.
    Manifest,
    /// What the person typed: nothing was tried.
    Usage,
    /// The state of the Mac, or what one of its tools answered.
    Mac,
    /// A fault of forgectl.
    Bug,
}

/// What a person is told when something is wrong: what, why, and what to type next.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// Whose fault it is.
    #[serde(skip)]
    pub sort: Sort,
    /// One line, no full stop: the thing in backticks, a value after a colon.
    pub what: String,
    /// What is known of the cause, outermost first: the command, what it answered, the last log line.
    pub why: Vec<String>,
    /// What can be done, a sentence each.
    pub hints: Vec<String>,
    /// Commands to type next, one a line, ready to copy.
    pub remedy: Vec<String>,
    /// How many hints stand before each command.
    #[serde(skip)]
    after: Vec<usize>,
    /// The place in the manifest that asked for it.
    #[serde(rename = "place")]
    pub span: Option<Box<Span>>,
    /// The resource that it befell.
    pub resource: Option<Id>,
}

impl Problem {
    fn new(sort: Sort, what: impl Into<String>) -> Self {
        Self {
            sort,
            what: what.into(),
            why: vec![],
            hints: vec![],
            remedy: vec![],
            after: vec![],
            span: None,
            resource: None,
        }
    }

    /// A fault in what the person wrote.
    pub fn manifest(what: impl Into<String>) -> Self {
        Self::new(Sort::Manifest, what)
    }

    /// A fault in what the person typed, which only shows once something was looked at.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Sort::Usage, what)
    }

    /// A fault of the Mac or of a tool on it.
    pub fn mac(what: impl Into<String>) -> Self {
        Self::new(Sort::Mac, what)
    }

    /// A fault of ours.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Sort::Bug, what)
    }

    /// Adds a link to the chain of causes.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Adds a hint in words.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a command to type next.
    #[must_use]
    pub fn remedy(mut self, command: impl Into<String>) -> Self {
        self.remedy.push(command.into());
        self.after.push(self.hints.len());
        self
    }

    /// The commands that follow the `count`th hint, counted from one; those of 0 follow none.
    pub fn commands_after(&self, count: usize) -> impl Iterator<Item = &str> {
        let those = self.remedy.iter().zip(&self.after).filter(move |(_, after)| **after == count);
        those.map(|(command, _)| command.as_str())
    }

    /// Says where in the manifest it comes from, unless that is known.
    #[must_use]
    pub fn at(mut self, span: Option<&Span>) -> Self {
        if self.span.is_none() {
            self.span = span.cloned().map(Box::new);
        }
        self
    }

    /// Says which resource it befell, unless that is known.
    #[must_use]
    pub fn of(mut self, id: &Id) -> Self {
        if self.resource.is_none() {
            self.resource = Some(id.clone());
        }
        self
    }

    /// All problems inside `error`; see [`Problem::from_error`].
    pub fn all_of(error: &anyhow::Error) -> Vec<Self> {
        let several = error.chain().find_map(|cause| cause.downcast_ref::<Problems>());
        several.map_or_else(|| vec![Self::from_error(error)], |problems| problems.0.clone())
    }

    /// The problem inside `error`; an error that carries none becomes a fault of the Mac with its chain as causes.
    pub fn from_error(error: &anyhow::Error) -> Self {
        let mut outer = vec![];
        for cause in error.chain() {
            if let Some(problem) = cause.downcast_ref::<Self>() {
                let mut problem = problem.clone();
                outer.append(&mut problem.why);
                problem.why = outer;
                return problem;
            }
            outer.push(cause.to_string());
        }
        let mut chain = outer.into_iter();
        let mut problem = Self::mac(chain.next().unwrap_or_default());
        problem.why = chain.collect();
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

/// Several independent problems, told at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.0.iter();
        if let Some(first) = all.next() {
            write!(f, "{first}")?;
        }
        all.try_for_each(|problem| write!(f, "; {problem}"))
    }
}

impl std::error::Error for Problems {}
