use std::collections::BTreeMap;

use super::{super::stack::Stack, Findings};
use crate::{catalog::homebrew, manifest::Package, value::Problem};

/// Refuses what is named twice, since its versions would be told twice, and what cannot be there beside another.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let Some(tools) = &stack.manifest.tools else { return };
    twice(stack, "formula", "formulae", &tools.formulae, findings);
    twice(stack, "cask", "casks", &tools.casks, findings);
    conflicts(stack, findings);
}

fn twice(stack: &Stack, sort: &str, key: &str, packages: &[Package], findings: &mut Findings) {
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (at, package) in packages.iter().enumerate() {
        let place = stack.span(&["tools", key, &at.to_string()]);
        let name = if sort == "cask" { homebrew::now(&package.name) } else { package.name.as_str() };
        if let Some(first) = seen.get(name) {
            let problem = Problem::manifest(format!("{sort} named twice: `{}`", package.name))
                .why(format!("the first one is at {first}"));
            findings.faults.push(problem.at(Some(&place)));
        } else {
            seen.insert(name, place.to_string());
        }
    }
}

/// A cask, and a formula that puts the same programs in place.
fn conflicts(stack: &Stack, findings: &mut Findings) {
    let Some(tools) = &stack.manifest.tools else { return };
    let server = stack.manifest.ollama.is_some() && tools.wants_homebrew();
    for (at, cask) in tools.casks.iter().enumerate() {
        for formula in homebrew::formulae_beside(&cask.name) {
            let named = tools.formulae.iter().position(|other| other.name == *formula);
            let why = match named {
                Some(at) => {
                    let place = stack.span(&["tools", "formulae", &at.to_string()]);
                    format!("the formula is at {place}")
                }
                None if server && formula == "ollama" => {
                    format!("the section at {} brings the formula", stack.span(&["ollama"]))
                }
                None => continue,
            };
            let place = stack.span(&["tools", "casks", &at.to_string()]);
            findings.faults.push(
                Problem::manifest(format!(
                    "the cask `{}` cannot be there beside the formula `{formula}`",
                    cask.name
                ))
                .why(why)
                .hint("both put the same programs in place: name one of them")
                .at(Some(&place)),
            );
        }
    }
}
