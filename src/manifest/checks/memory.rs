use super::{
    super::{stack::Stack, types::Chips},
    Findings,
};
use crate::{catalog, value::Problem};

/// Warns of more memory than any Mac has that the node may be. It is taken all the same: Apple makes new ones.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
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
