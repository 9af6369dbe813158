use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    layout::{self, Page},
    words::count,
};
use crate::{
    desk::Screen,
    engine::{LockUpdate, Locked, Moved, Moving},
    value::{Id, Pin, human_bytes},
};

/// What is locked of a stack, a line a resource; in `detail` every package of one that has some.
pub fn lock(locked: &Locked, detail: bool, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let width = widest(locked.lock.iter().map(|(id, _)| id));
    for (id, pin) in locked.lock.iter() {
        let bytes = pin.bytes.map(|bytes| format!(", {}", human_bytes(bytes))).unwrap_or_default();
        let pin_words = page.ink.plain(&format!("{pin}{bytes}"));
        page.line(&format!("{}  {pin_words}", layout::pad(&page.ink.bold(id.as_str()), width)));
        if detail {
            for (name, version) in packages(pin) {
                page.line(&format!("  {}", page.ink.plain(&format!("{name} {version}"))));
            }
        }
    }
    page.done()
}

/// The same for programs: `file`, and `resources` by id with all that is locked of each.
pub fn lock_json(locked: &Locked) -> anyhow::Result<String> {
    super::json(&json!({ "stack": locked.stack, "file": locked.file, "resources": locked.lock }))
}

/// How a lock moved, a line a resource with the packages that move in it, and the total.
pub fn lock_update(update: &LockUpdate, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let width = widest(update.moved.iter().map(|moved| &moved.id));
    for Moved { id, from, to } in &update.moved {
        let from_words = from.as_ref().map_or_else(|| "(not locked)".to_owned(), Pin::to_string);
        let to_words = match to {
            Moving::To(pin) => pin.to_string(),
            Moving::Anew => "resolved anew by the next apply".to_owned(),
            Moving::Out => "out, since it has left the manifest".to_owned(),
        };
        let words = page.ink.plain(&format!("{from_words} -> {to_words}"));
        page.hanging(&format!("{}  ", layout::pad(&page.ink.bold(id.as_str()), width)), &words);
        if let (Some(from), Moving::To(to)) = (from, to) {
            for line in changed(&packages(from), &packages(to)) {
                page.line(&format!("  {}", page.ink.plain(&line)));
            }
        }
    }
    page.done() + &lock_update_total(update, screen)
}

/// The same in one line.
pub fn lock_update_total(update: &LockUpdate, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let (moved, file) = (count(update.moved.len(), "resource moves", "resources move"), &update.file);
    let line = if update.moved.is_empty() {
        if update.warnings.is_empty() {
            let all = count(update.unmoved, "resource is", "resources are");
            format!("Nothing moves: {all} locked at what upstream has")
        } else {
            format!("Nothing moves: {} as locked", count(update.unmoved, "resource stays", "resources stay"))
        }
    } else {
        format!("{moved} in {file}, {} as locked", update.unmoved)
    };
    page.line(&page.ink.bold(&line));
    page.done()
}

/// The same for programs: what was locked of each that moves, and what is now; `becomes` is `locked`, `resolved-anew` or `left-out`.
pub fn lock_update_json(update: &LockUpdate) -> anyhow::Result<String> {
    let moved = update.moved.iter().map(|Moved { id, from, to }| {
        let (becomes, to) = match to {
            Moving::To(pin) => ("locked", Some(pin)),
            Moving::Anew => ("resolved-anew", None),
            Moving::Out => ("left-out", None),
        };
        json!({ "id": id, "becomes": becomes, "from": from, "to": to })
    });
    let mut document = Map::new();
    document.insert("stack".to_owned(), update.stack.as_str().into());
    document.insert("file".to_owned(), update.file.as_str().into());
    document.insert("written".to_owned(), update.written.into());
    document.insert("unmoved".to_owned(), update.unmoved.into());
    document.insert("moved".to_owned(), moved.collect::<Value>());
    document.insert("warnings".to_owned(), json!(update.warnings));
    super::json(&document)
}

fn widest<'i>(ids: impl Iterator<Item = &'i Id>) -> usize {
    ids.map(|id| console::measure_text_width(id.as_str())).max().unwrap_or(0)
}

/// Packages by name, with their versions alone.
fn packages(pin: &Pin) -> BTreeMap<&str, &str> {
    let split = |package: &str| package.find("==").map_or(package.len(), |at| at);
    let parts = pin.packages.iter().map(|package| {
        let (name, version) = package.split_at(split(package));
        (name, version.trim_start_matches('=').split([' ', ';']).next().unwrap_or_default())
    });
    parts.collect()
}

/// `mlx 0.32.3 -> 0.32.4`, for each that is not the same.
fn changed(from: &BTreeMap<&str, &str>, to: &BTreeMap<&str, &str>) -> Vec<String> {
    let names = from.keys().chain(to.keys().filter(|name| !from.contains_key(*name)));
    let differ = names.filter(|name| from.get(*name) != to.get(*name));
    let version = |packages: &BTreeMap<&str, &str>, name: &str| {
        packages.get(name).map_or_else(|| "(absent)".to_owned(), ToString::to_string)
    };
    differ.map(|name| format!("{name} {} -> {}", version(from, name), version(to, name))).collect()
}
