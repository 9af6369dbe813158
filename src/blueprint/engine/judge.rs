use crate::{
    blueprint::Blueprint,
    machine::engine::EngineVersion,
    value::{Id, Problem, Span},
};

/// The oldest version of the Engine API that is enough; engines from 2020 on speak it
/// (docs/service-facts.md#engine-api-versions).
const OLDEST: (u32, u32) = (1, 41);

/// Refuses an engine that is too old.
pub(super) fn version(version: Option<&EngineVersion>, id: &Id, blueprint: &mut Blueprint, origin: &Span) {
    let Some(version) = version.filter(|version| number(&version.api).is_none_or(|api| api < OLDEST)) else {
        return;
    };
    let problem = Problem::mac(format!("the container engine is too old: {}", version.version))
        .why(format!(
            "it speaks version {} of the Engine API, and {}.{} is needed",
            version.api, OLDEST.0, OLDEST.1
        ))
        .hint("bring it up to date the way it came, then plan again; what it says of itself:")
        .remedy("docker version");
    blueprint.refusals.push(problem.at(Some(origin)).of(id));
}

/// `1.41` as two numbers.
fn number(api: &str) -> Option<(u32, u32)> {
    let (major, minor) = api.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
