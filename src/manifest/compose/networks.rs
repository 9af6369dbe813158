use std::collections::BTreeMap;

use super::{node::Node, reading::Reading};

/// The network of services that name none.
pub(super) const DEFAULT: &str = "default";

const KEYS: &[&str] = &["aliases"];

/// The networks of a service with its further names in each, and where it names them.
pub(super) fn networks<'t>(
    reading: &Reading<'_>,
    node: &Node<'t>,
) -> BTreeMap<String, (Vec<String>, Node<'t>)> {
    let mut found = BTreeMap::new();
    if let Some(entries) = node.entries() {
        for entry in entries {
            let aliases = if entry.is_empty() {
                vec![]
            } else {
                let keys =
                    reading.keys(&entry, KEYS, |_| Some("of a network a service may only say `aliases`"));
                keys.get("aliases").map_or(vec![], |node| super::command::texts(reading, node))
            };
            found.insert(entry.key().to_owned(), (aliases, entry));
        }
    } else {
        for item in reading.items(node) {
            if let Some(name) = reading.string(&item) {
                found.insert(name, (vec![], item));
            }
        }
    }
    found
}
