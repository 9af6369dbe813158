use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};
use crate::value::{RangeFault, VersionRange};

/// A formula or cask of Homebrew's: `jq`, or `{ollama: ">=0.30"}`; one of another tap by its whole name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Which versions will do; any without.
    pub version: Option<VersionRange>,
}

pub(super) const NAME: Grammar = Grammar {
    format: "package",
    expected: "the name of a formula or cask such as `jq`, or a map such as `{ollama: \">=0.30\"}`",
    pattern: "^([a-z0-9][a-z0-9+._@-]*/[a-z0-9][a-z0-9+._@-]*/)?[a-z0-9][a-z0-9+._@-]*$",
    judge,
};

pub(super) const VERSIONS: Grammar = Grammar {
    format: "version-range",
    expected: "comparators in quotes such as `\">=0.30\"` or `\">=1.2, <2\"`",
    pattern: "^\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*(,\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*)*$",
    judge: |text| versions(text).map(drop),
};

fn judge(name: &str) -> Result<(), Wrong> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = |c: char| letter(c) || "+._@-".contains(c);
    let good = |part: &str| part.starts_with(letter) && part.chars().all(fits);
    let parts: Vec<&str> = name.split('/').collect();
    if let ["homebrew", "core" | "cask", own] = parts[..] {
        return Err(Wrong::new("what is Homebrew's own is named without its tap").meant(own));
    }
    if matches!(parts.len(), 1 | 3) && parts.iter().all(|part| good(part)) {
        return Ok(());
    }
    let wrong = match parts.len() {
        1 => Wrong::new("a name is of lower-case letters, digits and `+._@-`"),
        _ => Wrong::new("what is of another tap has its whole name: `user/repository/name`"),
    };
    let near = name.to_ascii_lowercase();
    Err(if near != name && judge(&near).is_ok() { wrong.meant(near) } else { wrong })
}

fn versions(text: &str) -> Result<VersionRange, Wrong> {
    text.parse().map_err(|fault: RangeFault| {
        let wrong = Wrong::new(fault.to_string());
        match fault {
            RangeFault::NoComparator { meant: Some(meant) } => wrong.meant(meant),
            RangeFault::NoComparator { meant: None } | RangeFault::Impossible => wrong,
        }
    })
}

/// A name alone, or one with its versions, as a manifest has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    Ranged(BTreeMap<String, String>),
}

impl TryFrom<Written> for Package {
    type Error = Wrong;

    fn try_from(written: Written) -> Result<Self, Wrong> {
        let (name, version) = match written {
            Written::Name(name) => (name, None),
            Written::Ranged(one) => {
                let first = one.into_iter().next();
                let (name, range) = first.ok_or_else(|| Wrong::new("it has a name"))?;
                (name, Some(versions(&range)?))
            }
        };
        judge(&name)?;
        Ok(Self { name, version })
    }
}

impl From<Package> for Written {
    fn from(formula: Package) -> Self {
        match formula.version {
            None => Self::Name(formula.name),
            Some(range) => Self::Ranged(BTreeMap::from([(formula.name, range.to_string())])),
        }
    }
}

impl JsonSchema for Package {
    fn schema_name() -> Cow<'static, str> {
        "Package".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "format": NAME.format,
            "pattern": NAME.pattern,
            "propertyNames": { "format": NAME.format, "pattern": NAME.pattern },
            "additionalProperties": VERSIONS.schema(&[">=0.30"]),
            "minProperties": 1,
            "maxProperties": 1,
            "examples": ["jq", { "ollama": ">=0.30" }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_a_name_or_a_name_with_versions() {
        let read = |text: &str| serde_json::from_str::<Package>(text).unwrap();
        assert_eq!(read("\"python@3.12\"").version, None);
        let ranged = read("{\"ollama\": \">=0.30\"}");
        assert_eq!(
            (ranged.name.as_str(), ranged.version.as_ref().unwrap().allows("0.29")),
            ("ollama", false)
        );
        assert_eq!(serde_json::to_string(&ranged).unwrap(), "{\"ollama\":\">=0.30\"}");
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert_eq!(judge("JQ").unwrap_err().hint.as_deref(), Some("did you mean `jq`?"));
        assert_eq!(judge("homebrew/core/jq").unwrap_err().hint.as_deref(), Some("did you mean `jq`?"));
        assert!(judge("user/tap/x").is_ok());
        for name in ["", "-jq", "j q", "jq;rm", "--force", "tap/x", "a/b/c/d", "a//b", "a/-b/c"] {
            assert!(judge(name).is_err(), "{name}");
        }
        assert_eq!(versions("0.30").unwrap_err().hint.as_deref(), Some("did you mean `>=0.30`?"));
    }
}
