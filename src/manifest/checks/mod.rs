//! What a schema cannot say: rules between values, and rules that know the catalogue.

mod chips;
mod containers;
mod environment;
mod memory;
mod models;
mod origins;
mod packages;
mod port;
mod python;
mod services;
mod taps;
mod variable;

use super::stack::Stack;
use crate::value::Problem;

/// What the checks found, each in the order of the text.
#[derive(Default)]
pub(super) struct Findings {
    pub faults: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// Checks a manifest that satisfies its schema; everything at once.
pub(super) fn check(stack: &Stack) -> Findings {
    let mut findings = Findings::default();
    chips::check(stack, &mut findings);
    packages::check(stack, &mut findings);
    taps::check(stack, &mut findings);
    memory::check(stack, &mut findings);
    models::check(stack, &mut findings);
    if let Some(python) = &stack.manifest.python {
        python::check(python, stack, &mut findings);
    }
    if let Some(containers) = &stack.manifest.containers {
        containers::check(containers, stack, &mut findings);
    }
    if let Some(ollama) = &stack.manifest.ollama {
        port::check(ollama, stack, &mut findings);
        environment::check(ollama, stack, &mut findings);
        origins::check(ollama, stack, &mut findings);
    }
    if let Some(services) = &stack.manifest.services {
        services::check(services, stack, &mut findings);
    }
    for problems in [&mut findings.faults, &mut findings.warnings] {
        problems.sort_by_key(|problem| problem.span.as_ref().map(|span| (span.line(), span.column())));
    }
    findings
}
