use anyhow::Result;

use super::{Building, open_webui::Behind};
use crate::{machine::Looking, manifest::EngineKind, resource::Neighbour};

/// Names that lead from a container to this Mac; the engine decides which does (docs/service-facts.md#host-from-container).
fn names(kind: EngineKind) -> &'static [&'static str] {
    match kind {
        EngineKind::Colima => &["host.docker.internal", "host.lima.internal", "192.168.5.2"],
        EngineKind::DockerDesktop => &["host.docker.internal", "gateway.docker.internal"],
        EngineKind::Orbstack => &["host.docker.internal", "host.orb.internal"],
        EngineKind::Running => {
            &["host.docker.internal", "host.lima.internal", "host.orb.internal", "host.containers.internal"]
        }
    }
}

/// The Ollama of the stack as a container of the service reaches it: by the address that was found to lead there, else by the likeliest.
pub(super) fn ollama(building: &Building, service: &str, behind: &Behind) -> Result<Neighbour> {
    let (address, port) = (behind.socket.ip(), behind.socket.port());
    let candidates: Vec<String> = if address.is_loopback() || address.is_unspecified() {
        names(building.engine.kind).iter().map(|name| format!("http://{name}:{port}")).collect()
    } else {
        vec![format!("http://{}", behind.socket)]
    };
    let kept = building.site.identity.state.join("reached").join(format!("{service}-ollama"));
    let found = building.site.look.read_text(&kept)?.map(|text| text.trim().to_owned());
    let told = found.filter(|found| candidates.contains(found)).or_else(|| candidates.first().cloned());
    Ok(Neighbour { told: told.unwrap_or_default(), candidates, kept, open: !address.is_loopback() })
}
