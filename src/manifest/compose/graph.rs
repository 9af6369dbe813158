use std::collections::{BTreeMap, BTreeSet};

use super::{Condition, reading::Reading, service::Said};
use crate::{
    manifest::words::{nearest, quoted},
    value::Problem,
};

/// Judges what the services of a file say of each other: nobody waits for what is not there, for what cannot be, or for itself.
pub(super) fn check(reading: &Reading<'_>, services: &BTreeMap<String, Said<'_>>) {
    for said in services.values() {
        for (name, (condition, at)) in &said.depends_on {
            let span = reading.span(at);
            let Some(other) = services.get(name) else {
                let problem = Problem::manifest(format!("unknown service: {}", quoted(name)));
                let problem = match nearest(name, services.keys().map(String::as_str)) {
                    Some(near) => problem.hint(format!("did you mean `{near}`?")),
                    None => problem,
                };
                reading.fault(problem, &span);
                continue;
            };
            let test = other.spec.healthcheck.as_ref().and_then(|check| check.test.first());
            if *condition == Condition::Healthy && test.is_some_and(|test| test == "NONE") {
                let problem = Problem::manifest(format!("service that never gets healthy: {}", quoted(name)))
                    .why("its healthcheck is switched off")
                    .hint("wait for `service_started`");
                reading.fault(problem, &span);
            }
            if *condition == Condition::CompletedSuccessfully
                && other.spec.restart == crate::value::Restart::Always
            {
                let problem = Problem::manifest(format!("service that never ends: {}", quoted(name)))
                    .why("with `restart: always` the engine starts it anew whenever it has ended");
                reading.fault(problem, &span);
            }
        }
    }
    let mut told = BTreeSet::new();
    for name in services.keys() {
        let Some(circle) = circle(services, &mut vec![name.as_str()], &mut BTreeSet::new()) else { continue };
        let mut members = circle.clone();
        members.sort_unstable();
        if !told.insert(members) {
            continue;
        }
        let way: Vec<String> = circle.iter().chain(circle.first()).map(|name| quoted(name)).collect();
        let problem = Problem::manifest(format!("services that wait for each other: {}", way.join(" → ")))
            .why("none of them could be the first to start")
            .hint("take one of them out of `depends_on`");
        let at = circle.first().and_then(|first| {
            let next = circle.get(1).unwrap_or(first);
            services.get(*first)?.depends_on.get(*next)
        });
        if let Some((_, at)) = at {
            reading.fault(problem, &reading.span(at));
        }
    }
}

/// The services of a circle that leads back to the first of `way`, if one does; `way` is the path so far, `seen` is what needs no
/// second look.
fn circle<'s>(
    services: &'s BTreeMap<String, Said<'_>>,
    way: &mut Vec<&'s str>,
    seen: &mut BTreeSet<&'s str>,
) -> Option<Vec<&'s str>> {
    let (first, last) = (*way.first()?, *way.last()?);
    for name in services.get(last)?.depends_on.keys() {
        if name == first {
            return Some(way.clone());
        }
        if seen.insert(name) {
            way.push(name);
            if let Some(found) = circle(services, way, seen) {
                return Some(found);
            }
            way.pop();
        }
    }
    None
}
