use std::net::{IpAddr, Ipv4Addr};

use super::{super::types::Wrong, node::Node, reading::Reading};
use crate::value::{Problem, Protocol, PublishedPort};

const LONG: &[&str] = &["target", "published", "host_ip", "protocol"];

/// The ports that a service publishes (docs/service-facts.md#compose-ports).
pub(super) fn ports(reading: &Reading<'_>, node: &Node<'_>) -> Vec<PublishedPort> {
    let mut found: Vec<PublishedPort> = vec![];
    for item in reading.items(node) {
        let more =
            if item.entries().is_some() { long(reading, &item) } else { reading.parsed_any(&item, short) };
        for port in more.into_iter().flatten() {
            let same = |known: &PublishedPort| {
                let everywhere = known.address.is_unspecified() || port.address.is_unspecified();
                (known.published, known.protocol) == (port.published, port.protocol)
                    && (known.address == port.address || everywhere)
            };
            if found.iter().any(same) {
                reading.wrong(&item, Wrong::new(format!("port {} is published twice", port.published)));
            } else {
                found.push(port);
            }
        }
    }
    if let Some(open) = found.iter().find(|port| port.address.is_unspecified()) {
        let problem = Problem::manifest(format!("port that every network can reach: `{}`", open.published))
            .why("Compose publishes a port without an address on all addresses of the Mac")
            .hint(format!("`127.0.0.1:{}:{}` is this Mac alone", open.published, open.target));
        reading.warn(problem, &reading.at(node.key_place()));
    }
    found
}

/// `[ADDRESS:]PORT:PORT[/PROTOCOL]`, each port a number or a range.
fn short(text: &str) -> Result<Vec<PublishedPort>, Wrong> {
    let (rest, name) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol(name)?;
    let Some((before, target)) = rest.rsplit_once(':') else {
        range(rest)?;
        return Err(Wrong::new("without a port of the Mac the engine takes another one at each start")
            .hint(format!("write `127.0.0.1:{rest}:{text}`")));
    };
    let (address, published) = match before.rsplit_once(':') {
        Some((address, published)) => (self::address(address)?, published),
        None => (Ipv4Addr::UNSPECIFIED.into(), before),
    };
    let (published, target) = (range(published)?, range(target)?);
    if published.len() != target.len() {
        return Err(Wrong::new("the two ranges have not the same length"));
    }
    let ports = published.zip(target);
    Ok(ports.map(|(published, target)| PublishedPort { address, published, target, protocol }).collect())
}

fn long(reading: &Reading<'_>, node: &Node<'_>) -> Option<Vec<PublishedPort>> {
    let keys = reading.keys(node, LONG, |_| None);
    let port = |key| keys.get(key).map(|node| reading.parsed_any(node, port));
    let (target, published) = (port("target"), port("published"));
    for (key, found) in [("target", &target), ("published", &published)] {
        if found.is_none() {
            reading.wrong(
                node,
                Wrong::new(format!(
                    "`{key}` is missing, the port {}",
                    match key {
                        "target" => "in the container",
                        _ => "of the Mac",
                    }
                )),
            );
        }
    }
    let address = keys.get("host_ip").map(|node| reading.parsed(node, address));
    let protocol = keys.get("protocol").map(|node| reading.parsed(node, protocol));
    Some(vec![PublishedPort {
        address: address.unwrap_or(Some(Ipv4Addr::UNSPECIFIED.into()))?,
        published: published??,
        target: target??,
        protocol: protocol.unwrap_or(Some(Protocol::Tcp))?,
    }])
}

fn address(text: &str) -> Result<IpAddr, Wrong> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| {
        let wrong = Wrong::new("a port is published on an address, IPv4 or IPv6 in brackets");
        if text == "localhost" { wrong.meant("127.0.0.1") } else { wrong }
    })
}

fn protocol(text: &str) -> Result<Protocol, Wrong> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        _ => Err(Wrong::new("the protocol of a port is `tcp` or `udp`")),
    }
}

fn port(text: &str) -> Result<u16, Wrong> {
    let port = text.parse().ok().filter(|port| *port > 0 && !text.starts_with('+'));
    port.ok_or_else(|| Wrong::new("a port is a whole number from 1 to 65535"))
}

fn range(text: &str) -> Result<std::ops::RangeInclusive<u16>, Wrong> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    if first <= last { Ok(first..=last) } else { Err(Wrong::new("a range of ports goes upwards")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let told = |port: PublishedPort| {
            format!("{} {} {} {:?}", port.address, port.published, port.target, port.protocol)
        };
        short(text).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn a_port_is_written_in_several_ways() {
        assert_eq!(told("8080:80"), ["0.0.0.0 8080 80 Tcp"]);
        assert_eq!(told("127.0.0.1:53:5353/udp"), ["127.0.0.1 53 5353 Udp"]);
        assert_eq!(told("[::1]:8080:80/tcp"), ["::1 8080 80 Tcp"]);
        assert_eq!(told("127.0.0.1:9000-9001:80-81"), ["127.0.0.1 9000 80 Tcp", "127.0.0.1 9001 81 Tcp"]);
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in [
            "80",
            "0:80",
            "a:80",
            "8080:80/sctp",
            "localhost:80:80",
            "70000:80",
            "80-82:80",
            "82-80:82-80",
            "",
        ] {
            assert!(short(text).is_err(), "{text}");
        }
        assert_eq!(short("80").unwrap_err().hint.unwrap(), "write `127.0.0.1:80:80`");
    }
}
