use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};
use crate::value::{RangeFault, VersionRange};

/// Which versions of macOS a node may run: comparators, all of which must hold. `>=15, <27`; `=15.5` is
/// every version whose first numbers are 15 and 5. Numbers compare one by one, and those that a version
/// does not have are 0 (docs/mac-facts.md#macos-versions).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacosRange(VersionRange);

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "macos-range",
    expected: "comparators in quotes such as `\">=15\"` or `\">=15, <27\"`",
    pattern: "^\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*(,\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*)*$",
    judge: |text| text.parse::<MacosRange>().map(drop),
};

impl MacosRange {
    /// Whether `version`, such as `15.5`, is within. What is no version is not.
    pub fn allows(&self, version: &str) -> bool {
        self.0.allows(version)
    }
}

impl FromStr for MacosRange {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        text.parse().map(Self).map_err(|fault| match fault {
            RangeFault::Impossible => Wrong::new("no version of macOS can satisfy all of these"),
            RangeFault::NoComparator { meant } => {
                let wrong = Wrong::new(
                    "macOS is asked for with `>=`, `>`, `<=`, `<` or `=` and a version, commas between several",
                );
                if let Some(meant) = meant { wrong.meant(meant) } else { wrong }
            }
        })
    }
}

impl Default for MacosRange {
    /// `>=15`.
    fn default() -> Self {
        Self(VersionRange::at_least(15))
    }
}

impl fmt::Display for MacosRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for MacosRange {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse()
    }
}

impl From<MacosRange> for String {
    fn from(range: MacosRange) -> Self {
        range.0.to_string()
    }
}

impl JsonSchema for MacosRange {
    fn schema_name() -> Cow<'static, str> {
        "MacosRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        GRAMMAR.schema(&[">=15", ">=15, <27"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> MacosRange {
        text.parse().unwrap()
    }

    #[test]
    fn versions_compare_number_by_number() {
        assert!(range(">=15.9").allows("15.10"));
        assert!(range(">=15").allows("26.2") && range(">=15").allows("15"));
        assert!(!range(">=15.0.1").allows("15"));
        assert!(range("<=15.0").allows("15") && !range("<=15").allows("15.1"));
        assert!(range(">15").allows("15.1") && !range(">15").allows("15.0"));
        assert!(range(">=15, <27").allows("26.9.9") && !range(">=15,<27").allows("27"));
        assert!(range("=15.5").allows("15.5.1") && !range("=15.5").allows("15.6"));
        assert!(!range(">=15").allows("fifteen") && !range(">=15").allows(""));
    }

    #[test]
    fn the_default_is_what_its_text_says() {
        assert_eq!(MacosRange::default(), range(">=15"));
    }

    #[test]
    fn what_is_no_comparator_is_refused() {
        for text in ["", "15..1", ">=", ">=15,", "~15", ">=15 <16", ">=+5", ">= 4294967296", "=>15"] {
            assert!(text.parse::<MacosRange>().is_err(), "{text}");
        }
        let wrong = "15".parse::<MacosRange>().unwrap_err();
        assert_eq!(wrong.hint.as_deref(), Some("did you mean `>=15`?"));
    }

    #[test]
    fn a_range_that_nothing_satisfies_is_refused() {
        for text in [">=16, <15", ">15, <=15", "=15, >=16", "<0"] {
            assert!(text.parse::<MacosRange>().unwrap_err().why.starts_with("no version"), "{text}");
        }
        for text in [">15, <15.1", "=15, >15.4", "<15", "<=0", ">=15, <=15"] {
            assert!(text.parse::<MacosRange>().is_ok(), "{text}");
        }
    }
}
