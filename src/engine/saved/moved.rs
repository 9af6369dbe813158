use super::{Action, Content, Item, Node, Plan, items};
use crate::value::MemorySize;

/// How many things are named; who has to look at more plans again anyway.
const MOST: usize = 12;

/// What differs between a plan as it was saved and the one of now, a sentence each; nothing when they are the same.
pub(super) fn moved(then: &Content, plan: &Plan) -> Vec<String> {
    let now = items(plan);
    let mut moved = node(&then.node, &Node::of(&plan.node));
    for old in &then.items {
        match now.iter().find(|new| is_same(old, new)) {
            Some(new) => moved.extend(item(old, new)),
            None => moved.push(format!("{}: {} then, and no part of the plan now", old.id, told(old))),
        }
    }
    for new in now.iter().filter(|new| !then.items.iter().any(|old| is_same(old, new))) {
        moved.push(format!("{}: no part of the plan then, {} now", new.id, told(new)));
    }
    for exposed in plan.exposed.iter().filter(|exposed| !then.exposed.contains(exposed)) {
        moved.push(format!("not said then: {exposed}"));
    }
    for exposed in then.exposed.iter().filter(|exposed| !plan.exposed.contains(exposed)) {
        moved.push(format!("not so any more: {exposed}"));
    }
    let order = |items: &[Item]| items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    if moved.is_empty() && order(&then.items) != order(&now) {
        moved.push("the order of its resources".to_owned());
    }
    if moved.len() > MOST {
        let more = moved.split_off(MOST).len();
        moved.push(format!("and {more} more"));
    }
    moved
}

/// Whether something is locked otherwise than it was then.
pub(super) fn lock_has_moved(then: &Content, plan: &Plan) -> bool {
    let now = items(plan);
    then.items.iter().any(|old| now.iter().any(|new| is_same(old, new) && old.locked != new.locked))
}

/// What is removed has an item of its own beside the one that comes.
fn is_same(old: &Item, new: &Item) -> bool {
    old.id == new.id && (old.action == Action::Remove) == (new.action == Action::Remove)
}

fn node(then: &Node, now: &Node) -> Vec<String> {
    let size = |bytes: Option<u64>| bytes.map(|bytes| MemorySize(bytes).to_string());
    let rows = [
        ("chip", then.chip.clone(), now.chip.clone()),
        ("memory", size(then.memory), size(now.memory)),
        ("model", then.model.clone(), now.model.clone()),
        ("macOS", then.macos.clone(), now.macos.clone()),
        ("build of macOS", then.build.clone(), now.build.clone()),
        ("user", Some(then.user.clone()), Some(now.user.clone())),
        ("home folder", Some(then.home.clone()), Some(now.home.clone())),
    ];
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    let differ = rows.into_iter().filter(|(_, then, now)| then != now);
    differ.map(|(what, then, now)| format!("{what}: {} then, {} now", known(then), known(now))).collect()
}

/// What differs about one resource.
fn item(old: &Item, new: &Item) -> Option<String> {
    if old == new {
        return None;
    }
    if old.locked != new.locked {
        let pin = |item: &Item| match &item.locked {
            Some(pin) => format!("locked at {pin}"),
            None => "not locked".to_owned(),
        };
        return Some(format!("{}: {} then, {} now", old.id, pin(old), pin(new)));
    }
    let (then, now) = (told(old), told(new));
    if then != now {
        return Some(format!("{}: {then} then, {now} now", old.id));
    }
    let field = new.deltas.iter().find(|delta| !old.deltas.contains(delta)).or_else(|| {
        let gone = |delta: &&super::Delta| !new.deltas.iter().any(|other| other.field == delta.field);
        old.deltas.iter().find(gone)
    });
    Some(match field {
        Some(delta) => {
            let found = |item: &Item| {
                let seen = item.deltas.iter().find(|other| other.field == delta.field);
                seen.map_or_else(|| "as wanted".to_owned(), |delta| delta.found.to_string())
            };
            format!("{}: {} was {}, and is {} now", old.id, delta.field, found(old), found(new))
        }
        None if old.steps != new.steps => format!("{}: other steps lead there now", old.id),
        None if old.quote != new.quote => format!("{}: what it costs", old.id),
        None => format!("{}: what it needs", old.id),
    })
}

/// What is done about a resource, in words.
fn told(item: &Item) -> String {
    let action = match item.action {
        Action::Keep => "as wanted",
        Action::Add => "to be added",
        Action::Change => "to be changed",
        Action::Replace => "to be replaced",
        Action::Adopt => "to be taken over",
        Action::Remove => "to be removed",
    };
    if item.reason.is_empty() { action.to_owned() } else { format!("{action} ({})", item.reason) }
}
