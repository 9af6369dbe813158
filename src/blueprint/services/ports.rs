use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Result;

use super::{Building, container};
use crate::{
    machine::Looking,
    manifest::compose::Project,
    value::{Problem, Protocol, PublishedPort, Span},
};

/// Refuses ports that somebody else has: another part of this stack, another container, or a program of this Mac.
pub(super) fn judge(building: &mut Building, service: &str, project: &Project) -> Result<()> {
    let origin = place(building, service);
    for (part, described) in &project.services {
        let name = container(service, part);
        for port in &described.spec.ports {
            let who = format!("`{service}`");
            if let Some(other) =
                building.taken.insert(port.published, who.clone()).filter(|other| *other != who)
            {
                let problem = Problem::manifest(format!("port {} is asked for twice", port.published))
                    .why(format!("{other} of this stack has it"))
                    .hint("give one of the two another port");
                building.blueprint.refusals.push(problem.at(Some(&origin)));
                continue;
            }
            if port.protocol == Protocol::Tcp {
                let refusal = held(building, &name, port)?;
                building.blueprint.refusals.extend(refusal.map(|problem| problem.at(Some(&origin))));
            }
        }
    }
    Ok(())
}

fn place(building: &Building, service: &str) -> Span {
    building.site.stack.span(&["services", service, "port"])
}

/// Who else has a port that the container `name` is to publish.
fn held(building: &Building, name: &str, port: &PublishedPort) -> Result<Option<Problem>> {
    let look = building.site.look;
    let socket = &building.engine.socket;
    let lines = if building.engine.answers { look.containers(socket)?.unwrap_or_default() } else { vec![] };
    let overlaps = |other: &PublishedPort| {
        other.published == port.published
            && other.protocol == port.protocol
            && (other.address == port.address
                || other.address.is_unspecified()
                || port.address.is_unspecified())
    };
    let what = |who: String| Problem::mac(format!("port {} is held by {who}", port.published));
    if let Some(line) = lines.iter().find(|line| line.ports.iter().any(overlaps)) {
        // One of that name that is not ours is refused where it is looked at.
        return Ok((line.name != name).then(|| {
            what(format!("the container `{}`", line.name))
                .hint("stop it, or take another port; what it is:")
                .remedy(format!("docker --host unix://{socket} ps --filter name={}", line.name))
        }));
    }
    let listeners = look.listeners(SocketAddr::new(port.address, port.published))?;
    Ok(listeners.first().map(|holder| {
        let problem = what(holder.who())
            .why(format!("it listens on {}", holder.address))
            .hint("stop it, or take another port; who it is:");
        match holder.pid {
            Some(pid) => problem.remedy(format!("ps -ww -o user=,lstart=,command= -p {pid}")),
            None => problem.remedy(format!("sudo lsof -nP -iTCP:{} -sTCP:LISTEN", port.published)),
        }
    }))
}

/// Where a page that listens on `address` is asked from this Mac.
pub(super) fn asked_at(address: IpAddr, port: u16) -> String {
    let address = match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    format!("http://{}", SocketAddr::new(address, port))
}
