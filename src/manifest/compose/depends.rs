use std::collections::BTreeMap;

use super::{super::types::Wrong, Condition, node::Node, reading::Reading};

const KEYS: &[&str] = &["condition", "required", "restart"];

/// The services that one needs before it starts, and where each is named.
pub(super) fn depends<'t>(reading: &Reading<'_>, node: &Node<'t>) -> BTreeMap<String, (Condition, Node<'t>)> {
    let mut found = BTreeMap::new();
    if let Some(entries) = node.entries() {
        for entry in entries {
            let keys = reading.keys(&entry, KEYS, |_| None);
            let Some(condition) = keys.get("condition") else {
                reading
                    .wrong(&entry, Wrong::new("`condition` is missing").hint("`condition: service_healthy`"));
                continue;
            };
            let condition = reading.parsed(condition, condition_of);
            for (key, only) in [("required", true), ("restart", false)] {
                if let Some(node) = keys.get(key)
                    && reading.switch(node).is_some_and(|value| value != only)
                {
                    reading.wrong(
                        node,
                        Wrong::new(format!(
                            "of `{key}` only `{only}` is taken, which is what holds without it"
                        )),
                    );
                }
            }
            found.extend(condition.map(|condition| (entry.key().to_owned(), (condition, entry))));
        }
    } else {
        for item in reading.items(node) {
            found.extend(reading.string(&item).map(|name| (name, (Condition::Started, item))));
        }
    }
    found
}

fn condition_of(text: &str) -> Result<Condition, Wrong> {
    match text {
        "service_started" => Ok(Condition::Started),
        "service_healthy" => Ok(Condition::Healthy),
        "service_completed_successfully" => Ok(Condition::CompletedSuccessfully),
        _ => Err(Wrong::new(
            "expected `service_started`, `service_healthy` or `service_completed_successfully`",
        )),
    }
}
