//! Images as an engine and a registry show them.

use std::collections::BTreeMap;

use bollard::models::{DistributionInspect, ImageInspect, ImageSummary};

use super::seen::{healthcheck, named};
use crate::machine::engine::{EngineFault, ImageLine, ImageView, UpstreamImage};

/// What a name looks like that is none.
const NONE: &str = "<none>";

pub(super) fn listed(found: ImageSummary) -> ImageLine {
    line(found.id, found.repo_tags, found.repo_digests, found.size)
}

fn line(id: String, tags: Vec<String>, digests: Vec<String>, size: i64) -> ImageLine {
    let real = |names: Vec<String>| names.into_iter().filter(|name| !name.contains(NONE)).collect();
    ImageLine { id, tags: real(tags), digests: real(digests), size: u64::try_from(size).unwrap_or(0) }
}

pub(super) fn seen(found: ImageInspect) -> ImageView {
    let config = found.config.unwrap_or_default();
    let environment = config.env.unwrap_or_default();
    ImageView {
        line: line(
            found.id.unwrap_or_default(),
            found.repo_tags.unwrap_or_default(),
            found.repo_digests.unwrap_or_default(),
            found.size.unwrap_or(0),
        ),
        platform: platform(found.os.as_deref(), found.architecture.as_deref(), found.variant.as_deref()),
        environment: environment
            .iter()
            .map(|line| line.split_once('=').unwrap_or((line, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        entrypoint: named(config.entrypoint),
        command: named(config.cmd),
        labels: config.labels.map(BTreeMap::from_iter).unwrap_or_default(),
        user: config.user.filter(|user| !user.is_empty()),
        working_dir: config.working_dir.filter(|folder| !folder.is_empty()),
        healthcheck: healthcheck(config.healthcheck),
        volumes: config.volumes.unwrap_or_default().into_iter().collect(),
    }
}

pub(super) fn upstream(found: DistributionInspect) -> UpstreamImage {
    let platforms = found
        .platforms
        .into_iter()
        .map(|found| platform(found.os.as_deref(), found.architecture.as_deref(), found.variant.as_deref()));
    UpstreamImage {
        digest: found.descriptor.digest.unwrap_or_default(),
        // What a builder says of an image lies beside it under a platform that is none.
        platforms: platforms.filter(|platform| !platform.contains("unknown")).collect(),
    }
}

/// What a registry does not have, as `None`. Older engines hand its words on under a status of their own
/// (docs/service-facts.md#engine-upstream-absent).
pub(super) fn not_upstream_is_none<T>(found: Result<T, EngineFault>) -> Result<Option<T>, EngineFault> {
    let absent = |message: &str| {
        ["manifest unknown", "name unknown", "repository name not known"]
            .iter()
            .any(|words| message.contains(words))
    };
    match found {
        Ok(found) => Ok(Some(found)),
        Err(EngineFault::Refused { status: 404, .. }) => Ok(None),
        Err(EngineFault::Refused { message, .. }) if absent(&message) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// `linux/arm64`. 64-bit ARM is written with and without its only variant.
pub(super) fn platform(system: Option<&str>, chip: Option<&str>, variant: Option<&str>) -> String {
    let chip = chip.unwrap_or_default();
    let variant = variant.filter(|variant| !variant.is_empty() && (chip, *variant) != ("arm64", "v8"));
    let tail = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
    format!("{}/{chip}{tail}", system.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_is_named_only_where_there_are_several() {
        assert_eq!(platform(Some("linux"), Some("arm64"), Some("v8")), "linux/arm64");
        assert_eq!(platform(Some("linux"), Some("arm"), Some("v7")), "linux/arm/v7");
        assert_eq!(platform(Some("linux"), Some("amd64"), None), "linux/amd64");
    }
}
