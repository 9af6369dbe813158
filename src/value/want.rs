use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Field, Specifiers, State, Value, VersionRange};

/// What a field must hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    /// This value.
    Is(Value),
    /// Any value but [`Value::Absent`].
    Present,
    /// A version in this range.
    Within(VersionRange),
    /// A version of a Python package that meets these.
    Meets(Specifiers),
}

impl Want {
    /// Whether `found` is good enough.
    pub fn accepts(&self, found: &Value) -> bool {
        match self {
            Self::Is(value) => value == found,
            Self::Present => *found != Value::Absent,
            Self::Within(range) => found.as_text().is_some_and(|version| range.allows(version)),
            Self::Meets(specifiers) => found.as_text().is_some_and(|version| specifiers.allows(version)),
        }
    }
}

/// What a resource must be: there, with these fields.
pub type Wanted = BTreeMap<Field, Want>;

/// One field that is not as wanted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// Which field.
    pub field: Field,
    /// What was found.
    pub found: Value,
    /// What is wanted.
    pub want: Want,
}

/// All fields of one resource that are not as wanted.
pub type Deltas = Vec<Delta>;

/// The one diff behind plan, status and drift: each wanted field whose found value is not accepted.
pub fn differences(wanted: &Wanted, found: &State) -> Deltas {
    wanted
        .iter()
        .filter_map(|(field, want)| {
            let found = found.get(field.as_str());
            (!want.accepts(found)).then(|| Delta {
                field: field.clone(),
                found: found.clone(),
                want: want.clone(),
            })
        })
        .collect()
}
