//! Reading stack.yaml: what is taken, and how every fault is told.

mod any_text;
mod environment;
mod faults;
mod files;
mod python;
mod services;
mod syntax;

use forgectl::{
    manifest::{self, Stack},
    value::{Problem, Source},
};

/// A manifest with nothing in it but what must be; further lines can follow.
const LEAST: &str = "forge: 1\nstack: lab\nnode:\n  memory: 16GB\n";

fn read(text: &str) -> Result<Stack, Vec<Problem>> {
    manifest::read(&Source::new("stack.yaml", text)).map_err(|problems| problems.0)
}

fn good(text: &str) -> Stack {
    read(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Every fault of `text` as `LINE:COLUMN marked text: what`.
fn told(text: &str) -> Vec<String> {
    read(text).expect_err("it should be refused").iter().map(line_of).collect()
}

fn line_of(problem: &Problem) -> String {
    match &problem.span {
        Some(span) => format!("{}:{} {}: {}", span.line(), span.column(), span.text(), problem.what),
        None => problem.what.clone(),
    }
}

/// The one fault of `text`.
fn fault(text: &str) -> Problem {
    let mut problems = read(text).expect_err("it should be refused");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}
