use std::time::Duration;

use jiff::Timestamp;

use super::{
    Engine,
    image::Image,
    reference::Reference,
    refusal::{Refused, no_container, refused},
};
use crate::{
    machine::engine::{
        EngineAnswer, EngineInfo, EngineQuery, EngineVersion, LogLine, NetworkView, UpstreamImage, VolumeView,
    },
    sim::{Fault, Mac, answering::FAR},
};

/// What an engine of a Mac's answers, and how long that takes.
pub(super) fn answer(
    mac: &mut Mac,
    engine: &Engine,
    query: &EngineQuery,
) -> (Result<EngineAnswer, Refused>, Duration) {
    const AT_ONCE: Duration = Duration::from_millis(2);
    let now = mac.state.now;
    let found = match query {
        EngineQuery::Version => EngineAnswer::Version(EngineVersion {
            version: engine.version.0.clone(),
            api: engine.version.1.clone(),
            oldest_api: "1.24".to_owned(),
            platform: super::PLATFORM.to_owned(),
        }),
        EngineQuery::Info => {
            let super::Machine { name, system, memory, cpus } = engine.machine.clone();
            EngineAnswer::Info(EngineInfo { name, system, memory, cpus })
        }
        EngineQuery::Containers => {
            let mut all: Vec<_> = engine.containers.values().map(|container| container.line(now)).collect();
            all.sort_by(|one, other| other.created.cmp(&one.created).then_with(|| one.name.cmp(&other.name)));
            EngineAnswer::Containers(all)
        }
        EngineQuery::Container(name) => {
            EngineAnswer::Container(engine.find(name).map(|container| Box::new(container.view())))
        }
        EngineQuery::Images => EngineAnswer::Images(engine.images.values().map(Image::line).collect()),
        EngineQuery::Image(name) => {
            EngineAnswer::Image(engine.image(name).map(|image| Box::new(image.view())))
        }
        EngineQuery::Networks => EngineAnswer::Networks(networks(engine)),
        EngineQuery::Volumes => EngineAnswer::Volumes(volumes(engine)),
        EngineQuery::Upstream(reference) => return (upstream(mac, reference), FAR * 3),
        EngineQuery::Logs { container, lines, since } => match engine.find(container) {
            Some(found) => EngineAnswer::Logs(logs(found, *lines, *since)),
            None => return (Err(no_container(container)), AT_ONCE),
        },
    };
    (Ok(found), AT_ONCE)
}

fn networks(engine: &Engine) -> Vec<NetworkView> {
    let view = |(name, network): (&String, &super::engine::Network)| NetworkView {
        id: network.id.clone(),
        name: name.clone(),
        driver: network.driver.clone(),
        labels: network.labels.clone(),
    };
    engine.networks.iter().map(view).collect()
}

fn volumes(engine: &Engine) -> Vec<VolumeView> {
    let view = |(name, volume): (&String, &super::engine::Volume)| VolumeView {
        name: name.clone(),
        driver: "local".to_owned(),
        labels: volume.labels.clone(),
        created: Some(volume.created),
    };
    engine.volumes.iter().map(view).collect()
}

fn logs(container: &super::Container, lines: u32, since: Option<Timestamp>) -> Vec<LogLine> {
    let new = container.log.iter().filter(|(at, _)| since.is_none_or(|since| *at >= since));
    let all: Vec<LogLine> = new.map(|(at, text)| LogLine { at: *at, text: text.clone() }).collect();
    let skipped = all.len().saturating_sub(lines as usize);
    all.into_iter().skip(skipped).collect()
}

/// What a registry has under a reference, as an engine finds it.
fn upstream(mac: &mut Mac, reference: &str) -> Result<EngineAnswer, Refused> {
    let reference = Reference::read(reference);
    reach(mac, &reference)?;
    let found = mac.state.internet.images.find(&reference).map(|image| UpstreamImage {
        digest: reference.digest.clone().unwrap_or_else(|| image.digest()),
        platforms: image.platforms.iter().cloned().collect(),
    });
    Ok(EngineAnswer::Upstream(found))
}

/// Whether a registry answers (docs/service-facts.md#registry-refusals).
pub(super) fn reach(mac: &mut Mac, reference: &Reference) -> Result<(), Refused> {
    let host = reference.host();
    let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let fails = |why: &str| Err(refused(500, format!("Get \"https://{host}/v2/\": {why}")));
    if mac.state.faults.take(Fault::NetworkGone) || !mac.state.internet.images.knows_host(reference.host()) {
        return fails(&format!("dial tcp: lookup {host}: no such host"));
    }
    if mac.state.faults.take(Fault::ImageRegistryDown) {
        return Err(refused(500, "received unexpected HTTP status: 503 Service Unavailable"));
    }
    if mac.state.faults.take(Fault::ImageRegistryBusy) {
        return Err(refused(
            500,
            "toomanyrequests: You have reached your unauthenticated pull rate limit. \
             https://www.docker.com/increase-rate-limit",
        ));
    }
    Ok(())
}
