use super::{super::stack::Stack, Findings};
use crate::value::Problem;

/// Refuses what is of a tap that is not named, and a tap that is not trusted: Homebrew loads nothing of it then.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let Some(tools) = &stack.manifest.tools else { return };
    for (at, tap) in tools.taps.iter().enumerate() {
        let place = stack.span(&["tools", "taps", &at.to_string()]);
        if tools.taps[..at].iter().any(|other| other.name == tap.name) {
            let problem = Problem::manifest(format!("tap named twice: `{}`", tap.name));
            findings.faults.push(problem.hint("name it once").at(Some(&place)));
        } else if !tap.trust {
            findings.faults.push(untrusted(&tap.name).at(Some(&place)));
        }
    }
    for (key, packages) in [("formulae", &tools.formulae), ("casks", &tools.casks)] {
        for (at, package) in packages.iter().enumerate() {
            let Some((tap, _)) = package.name.rsplit_once('/') else { continue };
            if tools.taps.iter().any(|known| known.name == tap) {
                continue;
            }
            let place = stack.span(&["tools", key, &at.to_string()]);
            let problem =
                Problem::manifest(format!("`{}` is of a tap that is not named: `{tap}`", package.name));
            findings.faults.push(with_line(problem, tap).at(Some(&place)));
        }
    }
}

fn untrusted(name: &str) -> Problem {
    with_line(Problem::manifest(format!("a tap that nobody trusts: `{name}`")), name)
}

fn with_line(problem: Problem, name: &str) -> Problem {
    problem
        .why("whatever is in a tap runs on this Mac with your rights, now and after each update of it")
        .hint("look at what is in it; if you trust whoever writes it, say so in `tools`:")
        .hint(format!("taps: [{{name: {name}, trust: true}}]"))
}
