use super::{
    super::{stack::Stack, types::Chips, words::quoted},
    Findings,
};
use crate::{
    catalog,
    value::{MemorySize, Problem},
};

/// The least memory that a Mac with Apple silicon was ever sold with.
const LEAST: MemorySize = MemorySize(8 << 30);

/// Warns of less memory than every Mac has, and of more than any has.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    too_little(stack, findings);
    too_much(stack, findings);
}

/// A demand that refuses no Mac.
fn too_little(stack: &Stack, findings: &mut Findings) {
    let wanted = stack.manifest.node.memory;
    if wanted < LEAST {
        let problem =
            Problem::manifest(format!("every Mac has that much memory: {}", quoted(&wanted.to_string())))
                .why(format!("no Mac with Apple silicon has less than {LEAST}, so this refuses none"));
        findings.warnings.push(problem.at(Some(&stack.span(&["node", "memory"]))));
    }
}

/// More than any Mac has that the node may be is taken all the same: Apple makes new ones.
fn too_much(stack: &Stack, findings: &mut Findings) {
    let node = &stack.manifest.node;
    let most = match &node.chip {
        Chips::Any => Some(catalog::most_memory("")),
        Chips::OneOf(names) => names.iter().map(|name| catalog::most_memory(name)).max(),
    };
    if let Some(most) = most.filter(|most| node.memory > *most) {
        let problem =
            Problem::manifest(format!("no Mac that forgectl knows has this much memory: {}", node.memory))
                .why(format!(
                    "the most that one with such a chip was sold with is {most}; it is taken as it stands"
                ));
        findings.warnings.push(problem.at(Some(&stack.span(&["node", "memory"]))));
    }
}
