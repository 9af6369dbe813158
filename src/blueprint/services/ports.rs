use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Building;
use crate::{manifest::compose::Project, value::Problem};

/// Refuses ports that another part of this stack has.
pub(super) fn judge(building: &mut Building, service: &str, project: &Project) {
    let origin = building.site.stack.span(&["services", service, "port"]);
    for port in project.services.values().flat_map(|part| &part.spec.ports) {
        let who = format!("`{service}`");
        let other = building.taken.insert(port.published, who.clone());
        if let Some(other) = other.filter(|other| *other != who) {
            let problem = Problem::manifest(format!("port {} is asked for twice", port.published))
                .why(format!("{other} of this stack has it"))
                .hint("give one of the two another port");
            building.blueprint.refusals.push(problem.at(Some(&origin)));
        }
    }
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
