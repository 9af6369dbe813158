use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Comparators over dotted numbers, all of which must hold: `>=15, <27`; `=15.5` is every version whose first numbers are 15
/// and 5. Numbers compare one by one, and those that a version does not have are 0.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionRange {
    text: String,
    comparators: Vec<(Relation, Version)>,
}

/// Why a text is no range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RangeFault {
    /// A part of it is no sign with a version.
    NoComparator {
        /// What it may have been meant as.
        meant: Option<String>,
    },
    /// No version can satisfy all of it.
    Impossible,
}

impl fmt::Display for RangeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoComparator { .. } => {
                "a version is asked for with `>=`, `>`, `<=`, `<` or `=`, commas between several"
            }
            Self::Impossible => "no version can satisfy all of these",
        })
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Relation {
    AtLeast,
    AtMost,
    Above,
    Below,
    Is,
}

/// The longer signs first, since the shorter ones begin them.
const SIGNS: [(&str, Relation); 5] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
    ("=", Relation::Is),
];

impl VersionRange {
    /// All versions from `number` on.
    pub fn at_least(number: u32) -> Self {
        Self { text: format!(">={number}"), comparators: vec![(Relation::AtLeast, Version(vec![number]))] }
    }

    /// Whether `version`, such as `15.5`, is within: what follows its numbers, as in `0.32.3_1` or `3.0-rc1`, does not count.
    /// What begins with no number is not.
    pub fn allows(&self, version: &str) -> bool {
        Version::release(version).is_some_and(|version| self.holds(&version))
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

impl FromStr for VersionRange {
    type Err = RangeFault;

    fn from_str(text: &str) -> Result<Self, RangeFault> {
        let text = text.trim();
        let comparators = text.split(',').map(comparator).collect::<Result<_, _>>()?;
        let range = Self { text: text.to_owned(), comparators };
        if range.possible() { Ok(range) } else { Err(RangeFault::Impossible) }
    }
}

fn comparator(text: &str) -> Result<(Relation, Version), RangeFault> {
    let text = text.trim();
    let Some((sign, relation)) = SIGNS.into_iter().find(|(sign, _)| text.starts_with(sign)) else {
        let meant = Version::parse(text).map(|_| format!(">={text}"));
        return Err(RangeFault::NoComparator { meant });
    };
    match Version::parse(text[sign.len()..].trim()) {
        Some(version) => Ok((relation, version)),
        None => Err(RangeFault::NoComparator { meant: None }),
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl TryFrom<String> for VersionRange {
    type Error = RangeFault;

    fn try_from(text: String) -> Result<Self, RangeFault> {
        text.parse()
    }
}

impl From<VersionRange> for String {
    fn from(range: VersionRange) -> Self {
        range.text
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

    /// The numbers that a text begins with.
    fn release(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        Self::parse(text[..end].trim_end_matches('.'))
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

/// How two versions stand to each other as Homebrew orders them: runs of digits by their number, all else by its letters; what
/// ends first is the lower one, but for a release beside its own `-rc1`.
pub fn order_of_versions(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    for at in 0..one.len().max(other.len()) {
        let order = match (one.get(at), other.get(at)) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(Part::Number(0)) | None, None) | (None, Some(Part::Number(0))) => Ordering::Equal,
            (Some(Part::Word(_)), None) | (None, Some(Part::Number(_))) => Ordering::Less,
            (Some(Part::Number(_)), None) | (None, Some(Part::Word(_))) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// A word stands below every number.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Part {
    Word(String),
    Number(u128),
}

fn parts(version: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = vec![];
    for run in version.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| !run.is_empty()) {
        let mut rest = run;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            parts.push(part.parse().map_or_else(|_| Part::Word(part.to_owned()), Part::Number));
            rest = behind;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_the_order_of_their_numbers() {
        let rising = ["0.9", "0.32.3-rc1", "0.32.3", "0.32.3_1", "0.32.10", "1.0b", "1.0", "2026.1"];
        for pair in rising.windows(2) {
            assert_eq!(order_of_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(order_of_versions(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(order_of_versions("1", "1.0"), Ordering::Equal);
    }

    #[test]
    fn revisions_and_suffixes_of_a_release_do_not_count() {
        let range: VersionRange = ">=0.30, <1".parse().unwrap();
        for version in ["0.30", "0.32.3_1", "0.31-rc1", "0.99b", "0.30."] {
            assert!(range.allows(version), "{version}");
        }
        for version in ["0.29.9", "1.0", "HEAD-abc", "", "_1"] {
            assert!(!range.allows(version), "{version}");
        }
        let wrong = "0.30".parse::<VersionRange>().unwrap_err();
        assert_eq!(wrong, RangeFault::NoComparator { meant: Some(">=0.30".into()) });
    }
}
