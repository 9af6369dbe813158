//! Questions to an engine: one request each.

use std::time::Duration;

use anyhow::Result;
use bollard::{
    container::LogOutput,
    models::{SystemInfo, SystemVersion},
    query_parameters::{
        InspectContainerOptions, ListContainersOptions, ListImagesOptions, ListNetworksOptions,
        ListVolumesOptions, LogsOptions,
    },
};
use futures_util::StreamExt;
use jiff::Timestamp;

use super::{
    fault::absent_is_none,
    images,
    line::{End, Line},
    listed,
    paths::Paths,
    seen,
};
use crate::machine::engine::{EngineAnswer, EngineFault, EngineInfo, EngineQuery, EngineVersion, LogLine};

/// How long an engine may take with what lies on its own disk.
const OWN: Duration = Duration::from_mins(1);

/// How long an engine may take that asks a registry.
const FAR: Duration = Duration::from_mins(1);

/// Bytes of a log that are kept.
const LOG: usize = 4 * 1024 * 1024;

pub(super) fn ask(
    line: &Line,
    paths: &Paths,
    query: &EngineQuery,
) -> Result<Result<EngineAnswer, EngineFault>> {
    let docker = line.docker();
    Ok(match query {
        EngineQuery::Version => line.greet().map(|found| EngineAnswer::Version(version(found))),
        EngineQuery::Info => line.say(OWN, docker.info()).map(|found| EngineAnswer::Info(info(found))),
        EngineQuery::Containers => {
            let all = ListContainersOptions { all: true, ..ListContainersOptions::default() };
            line.say(OWN, docker.list_containers(Some(all)))
                .map(|found| EngineAnswer::Containers(found.into_iter().map(listed::container).collect()))
        }
        EngineQuery::Container(name) => {
            absent_is_none(line.say(OWN, docker.inspect_container(name, None::<InspectContainerOptions>)))
                .map(|found| {
                    EngineAnswer::Container(found.map(|found| Box::new(seen::container(found, paths))))
                })
        }
        EngineQuery::Images => line
            .say(OWN, docker.list_images(None::<ListImagesOptions>))
            .map(|found| EngineAnswer::Images(found.into_iter().map(images::listed).collect())),
        EngineQuery::Image(reference) => absent_is_none(line.say(OWN, docker.inspect_image(reference)))
            .map(|found| EngineAnswer::Image(found.map(|found| Box::new(images::seen(found))))),
        EngineQuery::Networks => line
            .say(OWN, docker.list_networks(None::<ListNetworksOptions>))
            .map(|found| EngineAnswer::Networks(found.into_iter().map(listed::network).collect())),
        EngineQuery::Volumes => line.say(OWN, docker.list_volumes(None::<ListVolumesOptions>)).map(|found| {
            EngineAnswer::Volumes(found.volumes.unwrap_or_default().into_iter().map(listed::volume).collect())
        }),
        EngineQuery::Upstream(reference) => {
            images::not_upstream_is_none(line.say(FAR, docker.inspect_registry_image(reference, None)))
                .map(|found| EngineAnswer::Upstream(found.map(images::upstream)))
        }
        EngineQuery::Logs { container, lines, since } => {
            logs(line, container, *lines, *since)?.map(EngineAnswer::Logs)
        }
    })
}

fn version(found: SystemVersion) -> EngineVersion {
    EngineVersion {
        version: found.version.unwrap_or_default(),
        api: found.api_version.unwrap_or_default(),
        oldest_api: found.min_api_version.unwrap_or_default(),
        platform: images::platform(found.os.as_deref(), found.arch.as_deref(), None),
    }
}

fn info(found: SystemInfo) -> EngineInfo {
    EngineInfo {
        name: found.name.unwrap_or_default(),
        system: found.operating_system.unwrap_or_default(),
        memory: found.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        cpus: found.ncpu.and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(0),
    }
}

/// The last lines of a container. The engine takes whole seconds only, so that lines of the same second are told apart by the
/// time in front of each.
fn logs(
    line: &Line,
    container: &str,
    lines: u32,
    after: Option<Timestamp>,
) -> Result<Result<Vec<LogLine>, EngineFault>> {
    let options = LogsOptions {
        stdout: true,
        stderr: true,
        timestamps: true,
        since: after.and_then(|after| i32::try_from(after.as_second()).ok()).unwrap_or(0),
        tail: lines.to_string(),
        ..LogsOptions::default()
    };
    let mut stream = Box::pin(line.docker().logs(container, Some(options)));
    let text = line.listen(OWN, async |patience| {
        let mut text = Vec::new();
        while let Some(part) = patience.wait(stream.next()).await? {
            patience.heard();
            let (LogOutput::StdErr { message }
            | LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message }) = part?;
            text.extend_from_slice(&message[..message.len().min(LOG - text.len())]);
        }
        Ok::<_, End>(text)
    })?;
    Ok(text.map(|text| {
        let text = String::from_utf8_lossy(&text);
        let mut told: Vec<LogLine> = vec![];
        for line in text.lines() {
            match timed(line.trim_end()) {
                Some(line) => told.push(line),
                // The rest of one that was too long for the engine.
                None => told.last_mut().into_iter().for_each(|last| last.text += line),
            }
        }
        told.retain(|line| after.is_none_or(|after| line.at >= after));
        told
    }))
}

/// A line with the time in front of it.
fn timed(line: &str) -> Option<LogLine> {
    let (at, text) = line.split_once(' ').unwrap_or((line, ""));
    Some(LogLine { at: at.parse().ok()?, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_front_of_a_line_is_no_part_of_it() {
        let line = timed("2024-11-07T17:20:00.249999999Z begun at 5").unwrap();
        assert_eq!((line.at.subsec_nanosecond(), line.text.as_str()), (249_999_999, "begun at 5"));
        assert_eq!(timed("2024-11-07T17:20:00.25Z").unwrap().text, "", "an empty line");
        assert_eq!(timed("begun at 5"), None);
    }
}
