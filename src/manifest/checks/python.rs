use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::{
    super::{stack::Stack, types::Environments},
    Findings,
};
use crate::value::Problem;

/// Refuses a package that is named twice, whose versions would be told twice, and an environment inside another one.
pub(super) fn check(python: &Environments, stack: &Stack, findings: &mut Findings) {
    let mut places: Vec<(&String, Utf8PathBuf)> = vec![];
    for (name, environment) in &python.0 {
        let path: Utf8PathBuf = environment.path.components().collect();
        let span = stack.span(&["python", name, "path"]);
        if let Some((other, _)) =
            places.iter().find(|(_, other)| path.starts_with(other) || other.starts_with(&path))
        {
            let problem = Problem::manifest(format!("two environments in one place: `{}`", environment.path))
                .why(format!("`{other}` is there too: {}", stack.span(&["python", other, "path"])))
                .hint("give each a folder of its own, none inside another");
            findings.faults.push(problem.at(Some(&span)));
        }
        places.push((name, path));

        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (at, package) in environment.packages.iter().enumerate() {
            let place = stack.span(&["python", name, "packages", &at.to_string()]);
            if let Some(first) = seen.get(package.name.as_str()) {
                let problem = Problem::manifest(format!("package named twice: `{}`", package.name))
                    .why(format!("the first one is at {first}"))
                    .hint("`-`, `_`, `.` and capitals make no difference; write all that is wanted of it into one line");
                findings.faults.push(problem.at(Some(&place)));
            } else {
                seen.insert(&package.name, place.to_string());
            }
        }
    }
}
