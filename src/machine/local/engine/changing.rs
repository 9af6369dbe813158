//! Short changes on an engine. Each is made to its end, whatever the person asks meanwhile.

use std::time::Duration;

use bollard::{
    errors::Error,
    models::{ContainerCreateBody, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest},
    query_parameters::{
        CreateContainerOptions, RemoveContainerOptions, RemoveImageOptions, RemoveVolumeOptions,
        StartContainerOptions, StopContainerOptions, TagImageOptions,
    },
};

use super::{body, fault, line::Line};
use crate::{
    machine::engine::{EngineChange, EngineFault},
    value::ContainerSpec,
};

/// How long a change may take; a container may have minutes to stop, and a busy virtual machine takes long over the rest.
const LIMIT: Duration = Duration::from_mins(10);

/// Whether a change was made, or why not.
type Made = Result<(), EngineFault>;

/// Makes a container, in all its networks or not at all.
pub(super) fn create(line: &Line, name: &str, spec: &ContainerSpec, body: ContainerCreateBody) -> Made {
    let docker = line.docker();
    let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
    line.say(LIMIT, async {
        let made = docker.create_container(Some(options), body).await?;
        for (network, aliases) in spec.networks.iter().skip(1) {
            let request = NetworkConnectRequest {
                container: made.id.clone(),
                endpoint_config: Some(body::end(aliases)),
            };
            if let Err(error) = docker.connect_network(network, request).await {
                docker.remove_container(&made.id, Some(removed(true))).await?;
                return Err(error);
            }
        }
        Ok(())
    })
}

/// Any other short change.
pub(super) fn change(line: &Line, change: &EngineChange) -> Made {
    let docker = line.docker();
    match change {
        EngineChange::Tag { image, reference } => {
            let (repo, tag) = split(reference);
            let options = TagImageOptions { repo: Some(repo.to_owned()), tag: tag.map(str::to_owned) };
            line.say(LIMIT, docker.tag_image(image, Some(options)))
        }
        EngineChange::RemoveImage(reference) => gone(line, async {
            docker.remove_image(reference, None::<RemoveImageOptions>, None).await.map(drop)
        }),
        EngineChange::CreateNetwork { name, labels } => line.say(LIMIT, async {
            let networks = docker.list_networks(None).await?;
            if networks.iter().any(|network| network.name.as_ref() == Some(name)) {
                return Ok(());
            }
            let request = NetworkCreateRequest {
                name: name.clone(),
                labels: Some(labels.clone().into_iter().collect()),
                ..NetworkCreateRequest::default()
            };
            docker.create_network(request).await.map(drop)
        }),
        EngineChange::RemoveNetwork(name) => gone(line, docker.remove_network(name)),
        EngineChange::CreateVolume { name, labels } => {
            let request = VolumeCreateRequest {
                name: Some(name.clone()),
                labels: Some(labels.clone().into_iter().collect()),
                ..VolumeCreateRequest::default()
            };
            line.say(LIMIT, async { docker.create_volume(request).await.map(drop) })
        }
        EngineChange::RemoveVolume(name) => {
            gone(line, docker.remove_volume(name, None::<RemoveVolumeOptions>))
        }
        EngineChange::Start(name) => {
            line.say(LIMIT, docker.start_container(name, None::<StartContainerOptions>))
        }
        EngineChange::Stop(name) => {
            line.say(LIMIT, docker.stop_container(name, None::<StopContainerOptions>))
        }
        EngineChange::Remove { name, volumes } => {
            gone(line, docker.remove_container(name, Some(removed(*volumes))))
        }
        EngineChange::Pull { .. }
        | EngineChange::Exec { .. }
        | EngineChange::Alter(_)
        | EngineChange::Create { .. } => {
            let message = format!("`{change}` is no short change");
            Err(EngineFault::Refused { status: 0, message })
        }
    }
}

/// Removes something; nothing there is fine.
fn gone(line: &Line, removed: impl Future<Output = Result<(), Error>>) -> Made {
    match line.say(LIMIT, removed) {
        Err(fault) if fault::is_absent(&fault) => Ok(()),
        removed => removed,
    }
}

fn removed(volumes: bool) -> RemoveContainerOptions {
    RemoveContainerOptions { force: true, v: volumes, ..RemoveContainerOptions::default() }
}

/// A reference without its tag, and its tag; the port of a registry is none.
pub(super) fn split(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (reference, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        assert_eq!(split("127.0.0.1:5000/lab/tool"), ("127.0.0.1:5000/lab/tool", None));
        assert_eq!(split("127.0.0.1:5000/lab/tool:1.2"), ("127.0.0.1:5000/lab/tool", Some("1.2")));
        assert_eq!(split("redis:8"), ("redis", Some("8")));
    }
}
