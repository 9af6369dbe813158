use super::{
    super::{
        stack::Stack,
        types::{Containers, EngineKind},
        words::quoted,
    },
    Findings,
};
use crate::value::Problem;

/// The least memory that a machine with an engine comes up with, and the least disk that holds its images.
const LEAST: u64 = 1 << 30;
const LEAST_DISK: u64 = 10 << 30;

/// Refuses a size for a machine that is none of forgectl's, and one that no engine comes up with.
pub(super) fn check(section: &Containers, stack: &Stack, findings: &mut Findings) {
    let mut fault = |key: &str, problem: Problem| {
        findings.faults.push(problem.at(Some(&stack.span(&["containers", key]))));
    };
    if section.engine != EngineKind::Colima {
        let given = [
            ("memory", section.memory.is_some()),
            ("cpus", section.cpus.is_some()),
            ("disk", section.disk.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            fault(
                key,
                Problem::manifest(format!("only Colima's machine has a size here: `{key}`"))
                    .why("the machine of any other engine is set by its own settings")
                    .hint("take the key out, or write `engine: colima`"),
            );
        }
        return;
    }
    if let Some(memory) = section.memory.filter(|memory| memory.0 < LEAST) {
        fault(
            "memory",
            Problem::manifest(format!("too little memory for a machine: {}", quoted(&memory.to_string())))
                .hint("write `1GB` or more; services need `4GB` and more"),
        );
    }
    if let Some(disk) = section.disk.filter(|disk| disk.0 < LEAST_DISK) {
        fault(
            "disk",
            Problem::manifest(format!("too little disk for images: {}", quoted(&disk.to_string())))
                .hint("write `20GB` or more; it takes room only as it fills"),
        );
    }
}
