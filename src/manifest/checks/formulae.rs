use std::collections::BTreeMap;

use super::{super::stack::Stack, Findings};
use crate::value::Problem;

/// Refuses a formula that is named twice: its versions would be told twice.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let Some(tools) = &stack.manifest.tools else { return };
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (at, formula) in tools.formulae.iter().enumerate() {
        let place = stack.span(&["tools", "formulae", &at.to_string()]);
        if let Some(first) = seen.get(formula.name.as_str()) {
            let problem = Problem::manifest(format!("formula named twice: `{}`", formula.name))
                .why(format!("the first one is at {first}"));
            findings.faults.push(problem.at(Some(&place)));
        } else {
            seen.insert(&formula.name, place.to_string());
        }
    }
}
