use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Specifiers;

/// A Python package that is wanted: a name, perhaps extras, perhaps versions, as in `litellm[proxy]>=1.80`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Requirement {
    /// Its name, normalised: see [`package_name`].
    pub name: String,
    /// What comes with it on request, each by its normalised name.
    pub extras: BTreeSet<String>,
    /// Which versions will do.
    pub versions: Specifiers,
}

/// The name of a Python package as PEP 503 normalises it: lower case, runs of `-`, `_` and `.` as one hyphen. `None` for what
/// is no name.
pub fn package_name(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !text.chars().all(fits) || !ends(text.chars().next()) || !ends(text.chars().last()) {
        return None;
    }
    let words = text.split(['-', '_', '.']).filter(|word| !word.is_empty());
    Some(words.collect::<Vec<_>>().join("-").to_ascii_lowercase())
}

impl FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains(['@', '/', '\\']) {
            return Err("packages come from the registry by name; URLs and paths are not taken".into());
        }
        if text.contains(';') {
            return Err("conditions after `;` are not taken: a manifest is for one Mac".into());
        }
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len());
        let name = package_name(&text[..end])
            .ok_or("a package's name is of letters, digits, `-`, `_` and `.`, and begins and ends with none of these signs")?;
        let mut rest = text[end..].trim();
        let mut extras = BTreeSet::new();
        if let Some(inside) = rest.strip_prefix('[') {
            let (list, after) = inside.split_once(']').ok_or("the list of extras is not closed with `]`")?;
            for extra in list.split(',') {
                extras
                    .insert(package_name(extra.trim()).ok_or("an extra is a name, commas between several")?);
            }
            rest = after.trim();
        }
        // PEP 508 lets them stand in brackets.
        let bare = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
        Ok(Self { name, extras, versions: bare.parse()? })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.extras.is_empty() {
            let extras: Vec<&str> = self.extras.iter().map(String::as_str).collect();
            write!(f, "[{}]", extras.join(","))?;
        }
        write!(f, "{}", self.versions)
    }
}

impl TryFrom<String> for Requirement {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_a_name_with_extras_and_versions() {
        let told = |text: &str| text.parse::<Requirement>().unwrap().to_string();
        for (text, same) in [
            ("mlx", "mlx"),
            ("huggingface_hub", "huggingface-hub"),
            ("Zope..Interface", "zope-interface"),
            ("litellm[proxy] >= 1.80", "litellm[proxy]>=1.80"),
            ("a[Z_x,b]==1.0,!=2", "a[b,z-x]==1.0,!=2"),
            ("requests (>=2,<3)", "requests>=2,<3"),
        ] {
            assert_eq!(told(text), same);
        }
    }

    #[test]
    fn what_is_not_judged_here_is_refused() {
        for (text, why) in [
            ("", "a package's name"),
            ("-r file", "a package's name"),
            ("mlx-", "a package's name"),
            ("mlx @ https://example.org/x.whl", "URLs"),
            ("./wheels/x.whl", "URLs"),
            ("git+https://example.org/x", "URLs"),
            ("mlx; sys_platform == 'darwin'", "conditions"),
            ("mlx 0.31", "versions are asked for"),
            ("mlx=0.31", "versions are asked for"),
            ("mlx[a", "is not closed"),
            ("mlx[]", "an extra"),
            ("mlx --hash=sha256:00", "versions are asked for"),
        ] {
            let said = text.parse::<Requirement>().unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
