use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// The name of a stack: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackName(String);

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "stack-name",
    expected: "a name of lower-case letters, digits and hyphens such as `lab-1`",
    pattern: "^[a-z0-9-]{1,40}$",
    judge: |text| text.parse::<StackName>().map(drop),
};

impl StackName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StackName {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=40).contains(&text.len()) && text.chars().all(fits) {
            return Ok(Self(text.to_owned()));
        }
        let wrong = Wrong::new("a stack's name is 1 to 40 lower-case letters, digits and hyphens");
        // Only what is no letter may become a hyphen: a name that lost some would be another name.
        let lost = |c: char| c.is_alphanumeric() && !c.is_ascii();
        let lower = text.to_ascii_lowercase();
        let words: Vec<&str> =
            lower.split(|c| !fits(c) || c == '-').filter(|word| !word.is_empty()).collect();
        let near = words.join("-");
        let good = !near.is_empty() && near.len() <= 40 && !text.contains(lost);
        Err(if good { wrong.meant(near) } else { wrong })
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for StackName {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse()
    }
}

impl From<StackName> for String {
    fn from(name: StackName) -> Self {
        name.0
    }
}

impl JsonSchema for StackName {
    fn schema_name() -> Cow<'static, str> {
        "StackName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        GRAMMAR.schema(&["lab"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_refused_comes_with_one_that_is_not() {
        let wrong = "My Lab!".parse::<StackName>().unwrap_err();
        assert_eq!(wrong.hint.as_deref(), Some("did you mean `my-lab`?"));
        let hint = |text: &str| text.parse::<StackName>().unwrap_err().hint;
        assert_eq!(hint("  my__Lab 2. ").as_deref(), Some("did you mean `my-lab-2`?"));
        for mangled in ["Zoë Lab", "日本", "", "!!", &"A".repeat(41)] {
            assert_eq!(hint(mangled), None, "{mangled}");
        }
        assert!("a".repeat(41).parse::<StackName>().is_err());
        assert!("a".repeat(40).parse::<StackName>().is_ok());
    }
}
