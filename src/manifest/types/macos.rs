use std::{borrow::Cow, cmp::Ordering, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// Which versions of macOS a node may run: comparators, all of which must hold. `>=15, <27`; `=15.5` is
/// every version whose first numbers are 15 and 5. Numbers compare one by one, and those that a version
/// does not have are 0 (docs/mac-facts.md#macos-versions).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacosRange {
    text: String,
    comparators: Vec<(Relation, Version)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Relation {
    AtLeast,
    AtMost,
    Above,
    Below,
    Is,
}

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "macos-range",
    expected: "comparators in quotes such as `\">=15\"` or `\">=15, <27\"`",
    pattern: "^\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*(,\\s*(>=|<=|>|<|=)\\s*[0-9]+(\\.[0-9]+)*\\s*)*$",
    judge: |text| text.parse::<MacosRange>().map(drop),
};

/// The longer signs first, since the shorter ones begin them.
const SIGNS: [(&str, Relation); 5] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
    ("=", Relation::Is),
];

impl MacosRange {
    /// Whether `version`, such as `15.5`, is within. What is no version is not.
    pub fn allows(&self, version: &str) -> bool {
        Version::parse(version).is_some_and(|version| self.holds(&version))
    }

    fn holds(&self, version: &Version) -> bool {
        self.comparators.iter().all(|(relation, bound)| match relation {
            Relation::AtLeast => version >= bound,
            Relation::AtMost => version <= bound,
            Relation::Above => version > bound,
            Relation::Below => version < bound,
            Relation::Is => bound.begins(version),
        })
    }

    /// Whether any version is within: if so, then 0, a bound, or what comes right after a bound.
    fn possible(&self) -> bool {
        let after = |bound: &Version| Version([bound.0.as_slice(), &[0, 0, 0, 1]].concat());
        self.holds(&Version(vec![0]))
            || self.comparators.iter().any(|(_, bound)| self.holds(bound) || self.holds(&after(bound)))
    }
}

impl FromStr for MacosRange {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        let comparators = text.split(',').map(comparator).collect::<Result<_, _>>()?;
        let range = Self { text: text.to_owned(), comparators };
        if range.possible() {
            Ok(range)
        } else {
            Err(Wrong::new("no version of macOS can satisfy all of these"))
        }
    }
}

fn comparator(text: &str) -> Result<(Relation, Version), Wrong> {
    let text = text.trim();
    let wrong = || {
        Wrong::new(
            "macOS is asked for with `>=`, `>`, `<=`, `<` or `=` and a version, commas between several",
        )
    };
    let Some((sign, relation)) = SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign)) else {
        return Err(if Version::parse(text).is_some() {
            wrong().meant(format_args!(">={text}"))
        } else {
            wrong()
        });
    };
    match Version::parse(text[sign.len()..].trim()) {
        Some(version) => Ok((relation, version)),
        None => Err(wrong()),
    }
}

/// Dotted numbers.
#[derive(Clone, Debug)]
struct Version(Vec<u32>);

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        text.split('.')
            .map(|part| part.parse().ok().filter(|_| digits(part)))
            .collect::<Option<_>>()
            .map(Self)
    }

    fn begins(&self, longer: &Self) -> bool {
        self.0.iter().enumerate().all(|(at, number)| longer.0.get(at).unwrap_or(&0) == number)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().max(other.0.len());
        let numbers =
            |version: &Self| version.0.clone().into_iter().chain(std::iter::repeat(0)).take(length).collect();
        let (mine, theirs): (Vec<u32>, Vec<u32>) = (numbers(self), numbers(other));
        mine.cmp(&theirs)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl Default for MacosRange {
    /// `>=15`.
    fn default() -> Self {
        Self { text: ">=15".to_owned(), comparators: vec![(Relation::AtLeast, Version(vec![15]))] }
    }
}

impl fmt::Display for MacosRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
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
        range.text
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
