use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jsonschema::{
    ValidationError,
    error::ValidationErrorKind,
    paths::{Location, LocationSegment},
};
use serde_json::Value;

use super::{
    super::{
        schema,
        words::{described, dotted, is_hidden, listed, nearest, quoted_at},
    },
    tree::Tree,
    wording,
};
use crate::value::{Problem, Source, Span};

type Path = Vec<String>;

/// Every fault by the schema and every key given twice, in the order of the text, one a place.
pub(super) fn faults(tree: &Tree, value: &Value, source: &Arc<Source>) -> Vec<Problem> {
    let validator = match schema::validator() {
        Ok(validator) => validator,
        Err(error) => return vec![Problem::bug("the schema of manifests does not compile").why(error)],
    };
    let mut faults = Faults { tree, source, found: vec![] };
    for duplicate in tree.duplicates() {
        let first = source.span(duplicate.first.start, duplicate.first.len());
        let again = source.span(duplicate.again.start, duplicate.again.len());
        faults.found.push(
            Problem::manifest(format!("key given twice: {}", quoted_at(&again, duplicate.key)))
                .why(format!("the first one is at {first}"))
                .at(Some(&again)),
        );
    }
    let mut values: BTreeMap<Path, ValidationError<'_>> = BTreeMap::new();
    let mut missing: BTreeMap<Path, Vec<String>> = BTreeMap::new();
    let mut meant: BTreeSet<(Path, String)> = BTreeSet::new();
    let mut wrong_names: BTreeSet<(Path, String)> = BTreeSet::new();
    for error in validator.iter_errors(value) {
        let path = steps(error.instance_path());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    if let Some(near) = faults.unknown_key(&path, key, schema_of(&error)) {
                        meant.insert((path.clone(), near.to_owned()));
                    }
                }
            }
            ValidationErrorKind::PropertyNames { error: wrong } => {
                // Of a name that breaks several rules the first is told.
                let name = wrong.instance().as_ref().as_str().unwrap_or_default().to_owned();
                if wrong_names.insert((path.clone(), name.clone())) {
                    faults.wrong_key(&path, &name, schema_of(&error));
                }
            }
            ValidationErrorKind::Required { property: Value::String(key) } => {
                missing.entry(path).or_default().push(key.clone());
            }
            kind => match values.get(&path) {
                Some(known) if rank(known.kind()) <= rank(kind) => {}
                _ => drop(values.insert(path, error)),
            },
        }
    }
    for (path, keys) in missing {
        let keys: Vec<_> =
            keys.into_iter().filter(|key| !meant.contains(&(path.clone(), key.clone()))).collect();
        faults.missing_keys(&path, &keys);
    }
    for (path, error) in &values {
        faults.wrong_value(path, error);
    }
    faults.found.sort_by_key(|problem| problem.span.as_ref().map(|span| (span.line(), span.column())));
    faults.found
}

/// Of several faults of one value the most telling one is told.
fn rank(kind: &ValidationErrorKind) -> u8 {
    match kind {
        ValidationErrorKind::Type { .. } => 0,
        ValidationErrorKind::Pattern { .. } => 2,
        _ => 1,
    }
}

fn steps(path: &Location) -> Path {
    path.into_iter()
        .map(|segment| match segment {
            LocationSegment::Property(name) => name.into_owned(),
            LocationSegment::Index(at) => at.to_string(),
        })
        .collect()
}

/// The schema whose keyword `error` breaks.
fn schema_of(error: &ValidationError<'_>) -> &'static Value {
    let pointer = error.schema_path().as_str();
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    schema::shared().pointer(parent).unwrap_or(&Value::Null)
}

struct Faults<'t> {
    tree: &'t Tree,
    source: &'t Arc<Source>,
    found: Vec<Problem>,
}

impl Faults<'_> {
    fn span(&self, path: &[String], key: Option<&str>) -> Span {
        let mut steps: Vec<_> = path.iter().map(String::as_str).collect();
        steps.extend(key);
        let place = if key.is_some() { self.tree.key_place(&steps) } else { self.tree.place(&steps) };
        self.source.span(place.start, place.len())
    }

    /// Tells a key that the schema does not have; answers the one that was probably meant.
    fn unknown_key(&mut self, path: &[String], key: &str, schema: &'static Value) -> Option<&'static str> {
        let known = || properties(schema).map(|(name, _)| name);
        let near = nearest(key, known());
        let span = self.span(path, Some(key));
        let problem = Problem::manifest(format!("unknown key{}: {}", of(path), quoted_at(&span, key)));
        let problem = if let Some(near) = near {
            problem.hint(format!("did you mean `{near}`?"))
        } else if key == "<<" {
            problem.hint("merge keys are not taken: write the keys out")
        } else if let Some(section) = home_of(key) {
            problem.hint(format!("`{key}` is a key of `{section}`: indent it below that"))
        } else {
            let known: Vec<_> = known().map(|name| format!("`{name}`")).collect();
            problem.hint(format!("known keys are {}", listed(&known, " and ")))
        };
        self.found.push(problem.at(Some(&span)));
        near
    }

    /// Tells a key that is no name as the map wants them.
    fn wrong_key(&mut self, path: &[String], name: &str, names: &'static Value) {
        let span = self.span(path, Some(name));
        let (why, hint) = wording::reason(names, &name.into());
        let problem =
            Problem::manifest(format!("wrong key{}: {}", of(path), quoted_at(&span, name))).why(why);
        let problem = match hint {
            Some(hint) if !is_hidden(&span, name) => problem.hint(hint),
            _ => problem,
        };
        self.found.push(problem.at(Some(&span)));
    }

    fn missing_keys(&mut self, path: &[String], keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        let names: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        let plural = if keys.len() > 1 { "keys" } else { "key" };
        let mut problem =
            Problem::manifest(format!("missing {plural}{}: {}", of(path), listed(&names, " and ")));
        for key in keys {
            let (expected, description) = about(path, key);
            problem = problem.why(format!("`{key}` is {expected}{description}"));
            let inside = [path, std::slice::from_ref(key)].concat();
            for needed in required(&inside) {
                let (expected, description) = about(&inside, needed);
                let name = dotted(&[&inside[..], &[needed.to_owned()]].concat());
                problem = problem.why(format!("{name} is required too, {expected}{description}"));
            }
        }
        self.found.push(problem.at(Some(&self.span(path, None))));
    }

    fn wrong_value(&mut self, path: &[String], error: &ValidationError<'_>) {
        let schema = schema_of(error);
        let found = error.instance().as_ref();
        let name = dotted(path);
        let span = self.span(path, None);
        let problem = if found.is_null() {
            let problem = Problem::manifest(format!("{name} is empty"))
                .why(format!("expected {}", wording::expected(schema)));
            problem.hint(match path.last() {
                Some(key) if takes_nothing(schema) => {
                    format!("`{key}: {{}}` takes every default; else take the key away")
                }
                Some(key) if is_required(path, key) => "give it a value".to_owned(),
                _ => "give it a value, or take the key away".to_owned(),
            })
        } else {
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            let told = match found {
                Value::Array(_) | Value::Object(_) => described(found),
                _ => quoted_at(&span, &text),
            };
            // A hint may hold the text in other words.
            let (why, hint) = if is_hidden(&span, &text) {
                (format!("expected {}", wording::expected(schema)), None)
            } else {
                wording::reason(schema, found)
            };
            let problem = Problem::manifest(format!("wrong value of {name}: {told}")).why(why);
            match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            }
        };
        self.found.push(problem.at(Some(&span)));
    }
}

/// ` of` and the section at `path`, to follow the word *key*.
fn of(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" of {}", dotted(path)) }
}

fn properties(schema: &'static Value) -> impl Iterator<Item = (&'static str, &'static Value)> {
    let map = schema.get("properties").and_then(Value::as_object);
    map.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// The one section that has `key`.
fn home_of(key: &str) -> Option<&'static str> {
    let mut homes =
        properties(schema::shared()).filter(|(_, section)| properties(section).any(|(name, _)| name == key));
    homes.next().filter(|_| homes.next().is_none()).map(|(name, _)| name)
}

/// Whether an empty map is good.
fn takes_nothing(schema: &Value) -> bool {
    schema.get("properties").is_some()
        && schema.get("required").is_none()
        && schema.get("minProperties").is_none()
}

/// What a key takes and what it is for.
fn about(path: &[String], key: &str) -> (String, String) {
    let schema = at(path).and_then(|schema| schema.get("properties")?.get(key)).unwrap_or(&Value::Null);
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let sentence = description.split(['.', ':']).next().unwrap_or_default();
    (wording::expected(schema), if sentence.is_empty() { String::new() } else { format!(": {sentence}") })
}

/// Whether the map that `path` leads into must have its last step, `key`.
fn is_required(path: &[String], key: &str) -> bool {
    path.split_last().is_some_and(|(_, parent)| required(parent).any(|name| name == key))
}

/// The keys that the map at `path` must have.
fn required(path: &[String]) -> impl Iterator<Item = &'static str> {
    let names = at(path).and_then(|schema| schema.get("required")).and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// The schema of what is at `path`, of which all items of a list have the same.
fn at(path: &[String]) -> Option<&'static Value> {
    path.iter().try_fold(schema::shared(), |schema, step| {
        let named = schema.get("properties").and_then(|keys| keys.get(step));
        let any = || schema.get("additionalProperties").filter(|any| any.is_object());
        named.or_else(any).or_else(|| schema.get("items"))
    })
}
