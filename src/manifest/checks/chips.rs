use super::{
    super::{stack::Stack, types::Chips, words::quoted},
    Findings,
};
use crate::{catalog, value::Problem};

/// Warns of chips that nobody knows. They are taken all the same: Apple makes new ones.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let Chips::OneOf(names) = &stack.manifest.node.chip else { return };
    for (at, name) in names.iter().enumerate() {
        if catalog::chip(name).is_none() {
            let problem = Problem::manifest(format!("unknown chip: {}", quoted(name)))
                .why("no chip that forgectl knows has this name; it is taken as it stands");
            findings.warnings.push(problem.at(Some(&stack.span(&["node", "chip", &at.to_string()]))));
        }
    }
}
