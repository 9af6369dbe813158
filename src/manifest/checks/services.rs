use std::{cmp::Ordering, collections::BTreeMap};

use super::{
    super::{
        stack::Stack,
        types::{OwnService, Services},
        words::quoted,
    },
    Findings, variable,
};
use crate::value::{Problem, looks_secret, order_of_versions};

/// Before it a check of readiness is not there (docs/service-facts.md#open-webui-settings).
const OLDEST_OPEN_WEBUI: &str = "0.12.0";

/// Before it everything is kept otherwise (docs/service-facts.md#langfuse-version).
const OLDEST_LANGFUSE: &str = "4.0.0";

/// What today's clients of Langfuse need.
const CLIENTS_NEED: &str = "4.59.0";

/// The services whose secrets are forgectl's own.
const OURS: [&str; 2] = ["langfuse", "open-webui"];

/// Checks what services say beside the types: versions that forgectl knows, and names that are given once.
pub(super) fn check(services: &Services, stack: &Stack, findings: &mut Findings) {
    if let Some(service) = &services.open_webui {
        let at = stack.span(&["services", "open-webui", "version"]);
        let old = too_old("Open WebUI", &service.version, OLDEST_OPEN_WEBUI);
        findings.faults.extend(old.map(|problem| problem.at(Some(&at))));
    }
    if let Some(service) = &services.langfuse {
        let at = stack.span(&["services", "langfuse", "version"]);
        let old = too_old("Langfuse", &service.version, OLDEST_LANGFUSE);
        if old.is_none() && order_of_versions(&service.version, CLIENTS_NEED) == Ordering::Less {
            let problem = Problem::manifest(format!(
                "Langfuse that today's clients cannot use: {}",
                quoted(&service.version)
            ))
            .why(format!("its SDK for Python, version 5, needs {CLIENTS_NEED} or newer"));
            findings.warnings.push(problem.at(Some(&at)));
        }
        findings.faults.extend(old.map(|problem| problem.at(Some(&at))));
    }
    let mut secrets = BTreeMap::new();
    for (name, service) in &services.own {
        values(name, service, stack, findings);
        for (at, value) in service.secrets.iter().enumerate() {
            let Some(secret) = OwnService::secret_name(name, value) else { continue };
            let span = stack.span(&["services", name, "secrets", &at.to_string()]);
            let ours =
                OURS.iter().any(|ours| name != ours && secret.as_str().starts_with(&format!("{ours}-")));
            let other = secrets.insert(secret.clone(), value);
            if ours || other.is_some() {
                let problem =
                    Problem::manifest(format!("two secrets of one name: {}", quoted(secret.as_str())))
                        .why("forgectl keeps a secret by the names of its service and its value")
                        .hint("give the service or the value another name");
                findings.faults.push(problem.at(Some(&span)));
            }
        }
    }
}

fn too_old(service: &str, version: &str, oldest: &str) -> Option<Problem> {
    (order_of_versions(version, oldest) == Ordering::Less).then(|| {
        Problem::manifest(format!("{service} that forgectl does not know: {}", quoted(version)))
            .why(format!("the oldest that it brings up is {oldest}"))
    })
}

fn values(name: &str, service: &OwnService, stack: &Stack, findings: &mut Findings) {
    for (value, text) in &service.values {
        let span = stack.span(&["services", name, "values", value]);
        if variable::is_retold(text, span.text()) {
            let problem = Problem::manifest(format!(
                "wrong value of `services.{name}.values.{value}`: {}",
                quoted(span.text())
            ))
            .why(format!("it is read as the number {}", quoted(text)))
            .hint(format!("write it in quotes: `\"{}\"`", span.text()));
            findings.faults.push(problem.at(Some(&span)));
        }
        if service.secrets.contains(value) {
            let key = stack.key_span(&["services", name, "values", value]);
            let problem = Problem::manifest(format!("value and secret of one name: {}", quoted(value)))
                .hint("take it out of `values`, or out of `secrets`");
            findings.faults.push(problem.at(Some(&key)));
        } else if looks_secret(value) {
            let key = stack.key_span(&["services", name, "values", value]);
            let problem = Problem::manifest(format!("secret in the manifest: {}", quoted(value)))
                .why("whoever reads the manifest reads it")
                .hint(format!("below `secrets` forgectl makes one itself: `secrets: [{value}]`"));
            findings.warnings.push(problem.at(Some(&key)));
        }
    }
}
