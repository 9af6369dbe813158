use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{types::Wrong, words::quoted},
    env_file,
    node::Node,
    reading::Reading,
};
use crate::value::{Piece, Text};

const FILE: &[&str] = &["path", "required"];

/// The variables that a map or a list gives.
pub(super) fn variables(reading: &Reading<'_>, node: &Node<'_>) -> BTreeMap<String, Text> {
    pairs(reading, node, "a map of variables, or a list of `NAME=VALUE`", |entry| {
        let name = entry.key();
        let hint = format!("write `{name}: ${{{name}:?}}`, or `{name}: \"\"` for an empty one");
        Wrong::new("Compose would take its value from your shell, and forgectl takes none from there")
            .hint(hint)
    })
}

/// Labels in the same forms.
pub(super) fn labels(reading: &Reading<'_>, node: &Node<'_>) -> BTreeMap<String, String> {
    let empty = |_: &Node<'_>| Wrong::new("expected a text").hint("an empty one is `\"\"`");
    let found = pairs(reading, node, "a map of labels, or a list of `NAME=VALUE`", empty);
    let mut labels = BTreeMap::new();
    for (name, text) in found {
        if ["com.docker.", "dev.forge."].iter().any(|own| name.starts_with(own)) {
            reading.wrong(node, Wrong::new(format!("the label {} is not for others", quoted(&name))));
        } else if let Some(text) = text.plain() {
            labels.insert(name, text.to_owned());
        } else {
            reading.wrong(
                node,
                Wrong::new(format!("a secret stands in the label {}, which anybody can read", quoted(&name))),
            );
        }
    }
    labels
}

/// Names with values, as a map or as a list of `NAME=VALUE`; `empty` says what is wrong with a name of a map without one.
fn pairs(
    reading: &Reading<'_>,
    node: &Node<'_>,
    what: &str,
    empty: impl Fn(&Node<'_>) -> Wrong,
) -> BTreeMap<String, Text> {
    let mut found = BTreeMap::new();
    if let Some(entries) = node.entries() {
        for entry in entries {
            if entry.is_empty() {
                reading.wrong(&entry, empty(&entry));
            } else if entry.key().is_empty() || entry.key().contains('=') {
                reading.wrong(&entry, Wrong::new("a name is not empty and has no `=`"));
            } else if let Some(text) = reading.text(&entry) {
                found.insert(entry.key().to_owned(), text);
            }
        }
        return found;
    }
    let Some(items) = node.items() else {
        reading.expected(node, what);
        return found;
    };
    for item in items {
        let Some(Value::String(written)) = item.scalar() else {
            reading.expected(&item, "a text `NAME=VALUE`");
            continue;
        };
        let Some((name, value)) = written.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            reading.wrong(
                &item,
                Wrong::new("expected `NAME=VALUE`").hint("forgectl takes no values from your shell"),
            );
            continue;
        };
        // The name may not depend on a value, which Compose would take.
        if name.contains('$') {
            reading.wrong(&item, Wrong::new("a name is written out"));
        } else if let Some(text) = reading.filled(value, &item)
            && found.insert(name.to_owned(), text).is_some()
        {
            reading.wrong(&item, Wrong::new(format!("{} is given twice", quoted(name))));
        }
    }
    found
}

/// The variables of the files that `env_file` names; of several files the last wins.
pub(super) fn files(reading: &Reading<'_>, node: &Node<'_>) -> BTreeMap<String, Text> {
    let mut found = BTreeMap::new();
    for item in reading.one_or_items(node) {
        let (path, required) = if item.entries().is_some() {
            let keys = reading.keys(&item, FILE, |_| None);
            let required = keys.get("required").map_or(Some(true), |node| reading.switch(node));
            let Some(path) = keys.get("path") else {
                reading.wrong(&item, Wrong::new("`path` is missing"));
                continue;
            };
            (path.clone(), required.unwrap_or(true))
        } else {
            (item, true)
        };
        let Some(name) = reading.string(&path) else { continue };
        let source = match reading.open(name.as_str().into()) {
            Ok(Some(source)) => source,
            Ok(None) if !required => continue,
            Ok(None) => {
                reading.wrong(
                    &path,
                    Wrong::new("there is no such file").hint("a path is relative to the Compose file"),
                );
                continue;
            }
            Err(error) => {
                let problem = crate::value::Problem::from_error(&error);
                let why = [problem.what].into_iter().chain(problem.why).collect::<Vec<_>>().join(": ");
                reading.wrong(&path, Wrong::new(why));
                continue;
            }
        };
        for line in env_file::lines(&source) {
            match line {
                Ok(line) => {
                    let value = if line.literal {
                        Some(Text::new([Piece::Plain(line.value)]))
                    } else {
                        reading.filled_at(&line.value, &line.span, &quoted(&line.name))
                    };
                    found.extend(value.map(|value| (line.name, value)));
                }
                Err((wrong, span)) => {
                    let problem = crate::value::Problem::manifest("line that is no variable").why(wrong.why);
                    reading.fault(wrong.hint.into_iter().fold(problem, crate::value::Problem::hint), &span);
                }
            }
        }
    }
    found
}
