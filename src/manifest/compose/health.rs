use serde_json::Value;

use super::{super::types::Wrong, command, node::Node, reading::Reading, units};
use crate::value::Healthcheck;

const KEYS: &[&str] = &["test", "interval", "timeout", "retries", "start_period", "disable"];

/// How the health of a service is told.
pub(super) fn healthcheck(reading: &Reading<'_>, node: &Node<'_>) -> Healthcheck {
    let keys = reading.keys(node, KEYS, |key| match key {
        "start_interval" => {
            Some("engines before API 1.44 do not know it: give `interval` and `start_period`")
        }
        _ => None,
    });
    let time = |key| keys.get(key).and_then(|node| reading.parsed(node, units::health_time));
    let disabled = keys.get("disable").and_then(|node| reading.switch(node)) == Some(true);
    let test = if disabled {
        vec!["NONE".to_owned()]
    } else {
        keys.get("test").map_or(vec![], |node| test(reading, node))
    };
    let retries = keys.get("retries").and_then(|node| {
        reading.parsed_any(node, |text| text.parse().map_err(|_| Wrong::new("expected a whole number")))
    });
    let (interval, timeout, start_period) = (time("interval"), time("timeout"), time("start_period"));
    Healthcheck { test, interval, timeout, retries, start_period }
}

fn test(reading: &Reading<'_>, node: &Node<'_>) -> Vec<String> {
    if matches!(node.scalar(), Some(Value::String(_))) {
        let line = reading.parsed(node, |text| {
            if text.trim().is_empty() { Err(Wrong::new("a test is not empty")) } else { Ok(text.to_owned()) }
        });
        return line.map_or(vec![], |line| vec!["CMD-SHELL".to_owned(), line]);
    }
    let words = command::texts(reading, node);
    let fits = match words.first().map(String::as_str) {
        Some("NONE") => words.len() == 1,
        Some("CMD") => words.len() > 1,
        Some("CMD-SHELL") => words.len() == 2,
        _ => node.items().is_none(),
    };
    if !fits {
        reading.wrong(
            node,
            Wrong::new(
                "a list begins with `CMD` and a program, `CMD-SHELL` and a line of its own, or is `[NONE]`",
            ),
        );
    }
    words
}
