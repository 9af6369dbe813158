use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};

/// A YAML text whose every key and value knows which bytes of the text it is.
#[derive(Clone, Debug)]
pub(in super::super) struct Tree {
    place: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Scalar(Value),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
struct Entry {
    key: String,
    key_place: Range<usize>,
    value: Tree,
}

/// A key that a map has twice.
pub(in super::super) struct Duplicate<'t> {
    pub key: &'t str,
    pub first: Range<usize>,
    pub again: Range<usize>,
}

impl Tree {
    /// The same without places. Of a key given twice the last counts.
    pub(in super::super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::value).collect(),
            Kind::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect()
            }
        }
    }

    /// The bytes of the value at `path`, or of its key where it is no single value; of what is not there,
    /// those of the nearest parent that is.
    pub(in super::super) fn place(&self, path: &[&str]) -> Range<usize> {
        self.find(path, false)
    }

    /// The bytes of the key at `path`; of what is not there, as [`Self::place`].
    pub(in super::super) fn key_place(&self, path: &[&str]) -> Range<usize> {
        self.find(path, true)
    }

    /// The keys of the outermost map, and of the one in it, that the byte `at` belongs to: the last that start no later.
    pub(in super::super) fn keys(&self, at: usize) -> Vec<&str> {
        let mut keys = vec![];
        let mut tree = self;
        while let (Kind::Map(entries), 0..2) = (&tree.kind, keys.len()) {
            let begun = entries.iter().filter(|entry| entry.key_place.start <= at);
            let Some(entry) = begun.max_by_key(|entry| entry.key_place.start) else { break };
            keys.push(entry.key.as_str());
            tree = &entry.value;
        }
        keys
    }

    /// The single value that it is.
    pub(in super::super) fn scalar(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Scalar(value) => Some(value),
            _ => None,
        }
    }

    /// The items of the list that it is.
    pub(in super::super) fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The keys of the map that it is, each with its place and its value.
    pub(in super::super) fn entries(&self) -> Option<impl Iterator<Item = (&str, Range<usize>, &Self)>> {
        match &self.kind {
            Kind::Map(entries) => {
                Some(entries.iter().map(|entry| (&*entry.key, entry.key_place.clone(), &entry.value)))
            }
            _ => None,
        }
    }

    /// The bytes of a single value.
    pub(in super::super) fn own_place(&self) -> Option<Range<usize>> {
        (!self.has_no_place()).then(|| self.place.clone())
    }

    fn find(&self, path: &[&str], want_key: bool) -> Range<usize> {
        let mut place = self.place.clone();
        let mut tree = self;
        for (at, step) in path.iter().enumerate() {
            match &tree.kind {
                Kind::Map(entries) => {
                    let Some(entry) = entries.iter().rfind(|entry| entry.key == *step) else { break };
                    tree = &entry.value;
                    let key = tree.has_no_place() || want_key && at + 1 == path.len();
                    place = if key { entry.key_place.clone() } else { tree.place.clone() };
                }
                Kind::List(items) => {
                    let Some(item) = step.parse().ok().and_then(|at: usize| items.get(at)) else { break };
                    tree = item;
                    place = tree.place.clone();
                }
                Kind::Scalar(_) => break,
            }
        }
        place
    }

    /// A collection spreads over lines, and nothing is nowhere.
    fn has_no_place(&self) -> bool {
        !matches!(&self.kind, Kind::Scalar(value) if !value.is_null())
    }

    /// Every key that a map has more than once.
    pub(in super::super) fn duplicates(&self) -> Vec<Duplicate<'_>> {
        match &self.kind {
            Kind::Scalar(_) => vec![],
            Kind::List(items) => items.iter().flat_map(Self::duplicates).collect(),
            Kind::Map(entries) => {
                let mut seen = std::collections::HashMap::new();
                let mut found = vec![];
                for Entry { key, key_place, value } in entries {
                    if let Some(first) = seen.get(key) {
                        found.push(Duplicate { key, first: Range::clone(first), again: key_place.clone() });
                    } else {
                        seen.insert(key, key_place.clone());
                    }
                    found.extend(value.duplicates());
                }
                found
            }
        }
    }
}

fn bytes(location: Location) -> Range<usize> {
    let span = location.span();
    let number = |bytes: Option<u64>| bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    let start = number(span.byte_offset());
    start..start + number(span.byte_len())
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self { place: bytes(referenced), kind: value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Scalar(number(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = vec![];
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = vec![];
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, _>()? {
            map.push(Entry { key: key.value, key_place: bytes(key.referenced), value });
        }
        Ok(Kind::Map(map))
    }
}

/// `value`, as a whole number where it is one: to a JSON Schema `1.0` is an integer, to the types it is not.
fn number(value: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    let whole = (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64);
    whole.map(Number::from).or_else(|| Number::from_f64(value))
}
