use std::net::IpAddr;

use super::{super::types::Wrong, node::Node, reading::Reading};

/// Stands for the address by which a container reaches the engine's host.
const GATEWAY: &str = "host-gateway";

/// Lines `name:address` for a hosts file, of a list of `name=address` or a map; sorted, as Compose has them.
pub(super) fn hosts(reading: &Reading<'_>, node: &Node<'_>) -> Vec<String> {
    let mut found = vec![];
    if let Some(entries) = node.entries() {
        for entry in entries {
            let addresses = reading.one_or_items(&entry);
            let address = |item: &Node<'_>| reading.parsed(item, |text| line(entry.key(), text));
            found.extend(addresses.iter().filter_map(address));
        }
        found.sort();
        return found;
    }
    let each = |item: &Node<'_>| {
        reading.parsed(item, |text| {
            let (name, address) = text
                .split_once('=')
                .or_else(|| text.split_once(':'))
                .ok_or_else(|| Wrong::new("expected `NAME=ADDRESS`"))?;
            line(name, address)
        })
    };
    found.extend(reading.items(node).iter().filter_map(each));
    found.sort();
    found
}

fn line(name: &str, address: &str) -> Result<String, Wrong> {
    let bare = address.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(address);
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Wrong::new("before the address stands the name of a host"));
    }
    if bare != GATEWAY && bare.parse::<IpAddr>().is_err() {
        return Err(Wrong::new(format!(
            "expected an address, or `{GATEWAY}` for the Mac as the engine sees it"
        )));
    }
    Ok(format!("{name}:{bare}"))
}
