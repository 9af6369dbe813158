use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// Which chips a node may have.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Chips {
    /// Any of Apple's.
    #[default]
    Any,
    /// One of these, each as macOS names it without `Apple` (docs/mac-facts.md#sysctl-names).
    OneOf(Vec<String>),
}

impl Chips {
    /// Whether `chip`, such as `M4 Pro`, is among them.
    pub fn allows(&self, chip: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(names) => names.iter().any(|name| name == chip),
        }
    }
}

pub(super) const CHIP: Grammar = Grammar {
    format: "chip",
    expected: "a chip such as `M4 Pro`",
    pattern: "^[AM][0-9]{1,2}( (Pro|Max|Ultra))?$",
    judge,
};

pub(super) const CHIP_OR_ANY: Grammar = Grammar {
    format: "chip-or-any",
    expected: "`any`, a chip such as `M4 Pro`, or a list of chips",
    pattern: "^(any|[AM][0-9]{1,2}( (Pro|Max|Ultra))?)$",
    judge: |text| match text {
        "any" => Ok(()),
        _ if text.eq_ignore_ascii_case("any") => {
            Err(judge(text).map_or_else(|wrong| wrong, |()| Wrong::new("")).meant("any"))
        }
        _ => judge(text),
    },
};

const GRADES: [&str; 3] = ["Pro", "Max", "Ultra"];

fn judge(text: &str) -> Result<(), Wrong> {
    let near = near(text);
    if near.as_deref() == Some(text) {
        return Ok(());
    }
    let wrong =
        Wrong::new("a chip is named as in About This Mac, without `Apple`: `M4`, `M4 Pro`, `M3 Ultra`");
    Err(match near {
        Some(name) => wrong.meant(name),
        None => wrong,
    })
}

/// The name as Apple writes it of a chip in somebody's spelling: `apple m4-pro` is `M4 Pro`.
fn near(text: &str) -> Option<String> {
    let mut words =
        text.split([' ', '-', '_']).filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("apple"));
    let (family, number) = words.next()?.split_at_checked(1)?;
    let family = family.to_ascii_uppercase();
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !matches!(family.as_str(), "A" | "M") {
        return None;
    }
    let grade = match words.next() {
        None => String::new(),
        Some(word) => format!(" {}", GRADES.iter().find(|grade| grade.eq_ignore_ascii_case(word))?),
    };
    words.next().is_none().then(|| format!("{family}{number}{grade}"))
}

/// One name or several, as a manifest has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Written> for Chips {
    type Error = Wrong;

    fn try_from(written: Written) -> Result<Self, Wrong> {
        let names = match written {
            Written::One(name) if name == "any" => return Ok(Self::Any),
            Written::One(name) => vec![name],
            Written::Several(names) => names,
        };
        names.iter().try_for_each(|name| judge(name))?;
        Ok(Self::OneOf(names))
    }
}

impl From<Chips> for Written {
    fn from(chips: Chips) -> Self {
        match chips {
            Chips::Any => Self::One("any".to_owned()),
            Chips::OneOf(names) => Self::Several(names),
        }
    }
}

impl JsonSchema for Chips {
    fn schema_name() -> Cow<'static, str> {
        "Chips".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "array"],
            "format": CHIP_OR_ANY.format,
            "pattern": CHIP_OR_ANY.pattern,
            "items": CHIP.schema(&["M4 Pro"]),
            "minItems": 1,
            "examples": ["any", "M4 Pro", ["M4 Max", "M3 Ultra"]],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_in_other_words_is_put_right() {
        for (text, name) in
            [("Apple M4 Pro", "M4 Pro"), ("m4 max", "M4 Max"), ("M3-ultra", "M3 Ultra"), ("m1", "M1")]
        {
            assert_eq!(judge(text).unwrap_err().hint, Some(format!("did you mean `{name}`?")), "{text}");
        }
        for text in ["", "M", "M4 Ti", "M4 Pro Max", "Intel", "M123", "Mé"] {
            assert_eq!(judge(text).unwrap_err().hint, None, "{text}");
        }
        assert_eq!((CHIP_OR_ANY.judge)("Any").unwrap_err().hint.as_deref(), Some("did you mean `any`?"));
    }

    #[test]
    fn a_list_allows_what_it_names() {
        let chips: Chips = serde_json::from_str(r#"["M4 Max", "M3 Ultra"]"#).unwrap();
        assert!(chips.allows("M3 Ultra") && !chips.allows("M3"));
        assert!(Chips::Any.allows("M9"));
    }
}
