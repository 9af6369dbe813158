use std::{fmt, str::FromStr};

use pep440_rs::{Operator, Version, VersionSpecifiers};
use serde::{Deserialize, Serialize};

/// Which versions of a Python package will do, as PEP 440 has it: `>=0.31,<1`; any without a specifier.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Specifiers(VersionSpecifiers);

impl Specifiers {
    /// Whether `version` will do. What is no version does only where any will.
    pub fn allows(&self, version: &str) -> bool {
        self.is_any() || version.parse::<Version>().is_ok_and(|version| self.0.contains(&version))
    }

    /// Whether any version will do.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Specifiers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let specifiers: VersionSpecifiers = text.parse().map_err(|_| {
            "versions are asked for with `==`, `>=`, `<=`, `>`, `<`, `!=` or `~=`, commas between several"
        })?;
        // It compares texts, and PEP 440 itself warns of it.
        if specifiers.iter().any(|specifier| *specifier.operator() == Operator::ExactEqual) {
            return Err("`===` is not taken: `==` asks for one version".into());
        }
        Ok(Self(specifiers))
    }
}

impl fmt::Display for Specifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, specifier) in self.0.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            write!(f, "{comma}{}", specifier.to_string().replace(' ', ""))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Specifiers {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Specifiers> for String {
    fn from(specifiers: Specifiers) -> Self {
        specifiers.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged_as_python_orders_them() {
        let allows =
            |specifiers: &str, version: &str| specifiers.parse::<Specifiers>().unwrap().allows(version);
        for (specifiers, good, bad) in [
            (">=0.9", "0.10.1", "0.8"),
            ("~=1.4.2", "1.4.9.post1", "1.5"),
            ("==3.11.*", "3.11.9", "3.12"),
            (">=1,!=1.5,<2", "1.6rc1", "1.5.0"),
            ("<2", "1.9", "2.0"),
            (">1.0", "1.0.1", "1.0.post1"),
            ("", "whatever", "-"),
        ] {
            assert!(allows(specifiers, good), "{good} for {specifiers}");
            assert!(specifiers.is_empty() || !allows(specifiers, bad), "{bad} for {specifiers}");
        }
        assert!(!allows(">=1", "no version"));
        assert_eq!(" >= 1.0 , <2".parse::<Specifiers>().unwrap().to_string(), ">=1.0,<2");
        for wrong in ["1.0", "=1.0", ">=", "===1.0", ">=1;x", "@ https://example.org"] {
            assert!(wrong.parse::<Specifiers>().is_err(), "{wrong}");
        }
    }
}
