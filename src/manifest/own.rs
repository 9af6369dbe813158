use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{
    compose::{self, Beside, Project},
    stack::Stack,
    types::OwnService,
    words::{nearest, quoted},
};
use crate::value::{Problem, Problems};

/// The Compose files of the user's own services by the services' names, and what is probably not meant in them.
pub(super) fn read(
    stack: &Stack,
    beside: &Beside<'_>,
) -> Result<(BTreeMap<String, Project>, Vec<Problem>), Problems> {
    let own = stack.manifest.services.iter().flat_map(|services| &services.own);
    let (mut projects, mut faults, mut warnings) = (BTreeMap::new(), vec![], vec![]);
    for (name, service) in own {
        match one(stack, name, service, beside) {
            Ok(mut project) => {
                faults.extend(unused(stack, name, service, &project));
                warnings.append(&mut project.warnings);
                projects.insert(name.clone(), project);
            }
            Err(Problems(more)) => faults.extend(more),
        }
    }
    if faults.is_empty() { Ok((projects, warnings)) } else { Err(Problems(faults)) }
}

fn one(stack: &Stack, name: &str, service: &OwnService, beside: &Beside<'_>) -> Result<Project, Problems> {
    let span = stack.span(&["services", name, "compose"]);
    let at = |problem: Problem| Problems(vec![problem.at(Some(&span))]);
    let plain = service.compose.strip_prefix("./").unwrap_or(&service.compose);
    let typed = beside.typed.join(plain);
    let source = match (beside.open)(&typed) {
        Ok(Some(source)) => source,
        Ok(None) => {
            let problem = Problem::manifest(format!("there is no Compose file: {}", quoted(typed.as_str())));
            return Err(at(problem.hint("a path is relative to the folder of the manifest")));
        }
        Err(error) => return Err(at(Problem::from_error(&error))),
    };
    let parent = |path: &Utf8Path| path.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let folder = parent(&beside.folder.join(plain));
    let beside = Beside { folder: &folder, typed: &parent(&typed), open: beside.open };
    compose::read(&source, &service.texts(name), &beside)
}

/// Values that the file asks for nowhere.
fn unused(stack: &Stack, name: &str, service: &OwnService, project: &Project) -> Vec<Problem> {
    let values =
        service.values.keys().map(|value| (value, stack.key_span(&["services", name, "values", value])));
    let secrets = service.secrets.iter().enumerate();
    let secrets =
        secrets.map(|(at, value)| (value, stack.span(&["services", name, "secrets", &at.to_string()])));
    let unused = values.chain(secrets).filter(|(value, _)| !project.values.contains(*value));
    let told = unused.map(|(value, span)| {
        let problem = Problem::manifest(format!("value that nothing asks for: {}", quoted(value)))
            .why(format!("in {} stands no `${{{value}:?}}`", quoted(service.compose.as_str())));
        let problem = match nearest(value, project.values.iter().map(String::as_str)) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        };
        problem.at(Some(&span))
    });
    told.collect()
}
