use std::{borrow::Cow, collections::BTreeMap};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};
use crate::value::{Requirement, VersionRange};

/// Python environments by name.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Environments(pub BTreeMap<String, Environment>);

/// A Python environment that `uv` makes and fills.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its folder: below your home folder, which `~` stands for, and outside Documents, Desktop, Downloads and iCloud Drive.
    #[schemars(schema_with = "path_schema")]
    pub path: Utf8PathBuf,
    /// The version of Python in quotes, by its first numbers: `"3.11"` is any 3.11, `"3.11.9"` that one. `uv` fetches one when
    /// this Mac has none that fits.
    pub version: PythonVersion,
    /// Packages of the registry: a name, perhaps with extras and the versions that will do, as in `mlx-lm>=0.31`. What they
    /// need comes along. Others that are there already stay.
    #[serde(default)]
    #[schemars(with = "Vec<PackageText>")]
    pub packages: Vec<Requirement>,
}

/// The first two or three numbers of a version of Python.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PythonVersion(String);

/// Stands for a requirement in the schema.
struct PackageText;

pub(super) const NAME: Grammar = Grammar {
    format: "environment-name",
    expected: "a name of lower-case letters, digits and hyphens such as `lab`",
    pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
    judge: name,
};

pub(super) const PATH: Grammar = Grammar {
    format: "home-path",
    expected: "a path such as `~/forge/lab/.venv`",
    pattern: "^(~/|/)",
    judge: path,
};

pub(super) const VERSION: Grammar = Grammar {
    format: "python-version",
    expected: "a version in quotes such as `\"3.11\"`",
    pattern: "^3\\.[0-9]{1,2}(\\.[0-9]{1,3})?$",
    judge: |text| version(text).map(drop),
};

pub(super) const PACKAGE: Grammar = Grammar {
    format: "python-package",
    expected: "a package such as `mlx` or `\"mlx-lm>=0.31\"`",
    pattern: "^\\s*[A-Za-z0-9]",
    judge: |text| text.parse::<Requirement>().map(drop).map_err(Wrong::new),
};

impl PythonVersion {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first two numbers, by which environments and interpreters are kept apart.
    pub fn minor(&self) -> &str {
        let end = self.0.match_indices('.').nth(1).map_or(self.0.len(), |(at, _)| at);
        &self.0[..end]
    }

    /// The versions that it stands for.
    pub fn range(&self) -> Option<VersionRange> {
        format!("={}", self.0).parse().ok()
    }
}

fn name(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=40).contains(&text.len())
        && text.chars().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
    {
        return Ok(());
    }
    let wrong = Wrong::new(
        "an environment's name is 1 to 40 lower-case letters, digits and hyphens, with no hyphen at either end",
    );
    let near = text.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
    Err(if near != text && name(&near).is_ok() { wrong.meant(near) } else { wrong })
}

fn path(text: &str) -> Result<(), Wrong> {
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("a path has no control characters"));
    }
    let Some(rest) = text.strip_prefix("~/").or_else(|| text.strip_prefix('/')) else {
        let wrong = Wrong::new("a path begins with `~/`, your home folder, or with `/`");
        let relative = !text.is_empty() && !text.starts_with(['~', '.']);
        return Err(if relative { wrong.meant(format!("~/{text}")) } else { wrong });
    };
    let parts = || Utf8Path::new(rest).components();
    if parts().any(|part| part == Utf8Component::ParentDir) {
        return Err(Wrong::new("a path goes straight to its folder, without `..`"));
    }
    if !parts().any(|part| matches!(part, Utf8Component::Normal(_))) {
        return Err(Wrong::new("an environment is a folder of its own").meant("~/forge/lab/.venv"));
    }
    Ok(())
}

fn version(text: &str) -> Result<PythonVersion, Wrong> {
    let number = |part: &str, longest| {
        (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split('.').collect::<Vec<_>>().as_slice() {
        ["3", minor] if number(minor, 2) => Ok(PythonVersion(text.to_owned())),
        ["3", minor, patch] if number(minor, 2) && number(patch, 3) => Ok(PythonVersion(text.to_owned())),
        _ => Err(Wrong::new("a version of Python is its first two or three numbers, and the first is 3")
            .hint("such as `\"3.11\"` or `\"3.11.9\"`")),
    }
}

fn path_schema(_: &mut SchemaGenerator) -> Schema {
    PATH.schema(&["~/forge/lab/.venv"])
}

impl TryFrom<String> for PythonVersion {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        version(&text)
    }
}

impl From<PythonVersion> for String {
    fn from(version: PythonVersion) -> Self {
        version.0
    }
}

impl JsonSchema for PythonVersion {
    fn schema_name() -> Cow<'static, str> {
        "PythonVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        VERSION.schema(&["3.11", "3.12.9"])
    }
}

impl JsonSchema for PackageText {
    fn schema_name() -> Cow<'static, str> {
        "Package".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        PACKAGE.schema(&["mlx", "mlx-lm>=0.31", "huggingface_hub[cli]"])
    }
}

impl JsonSchema for Environments {
    fn schema_name() -> Cow<'static, str> {
        "Environments".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "format": NAME.format, "pattern": NAME.pattern },
            "additionalProperties": generator.subschema_for::<Environment>(),
            "examples": [{ "lab": { "path": "~/forge/lab/.venv", "version": "3.11", "packages": ["mlx", "mlx-lm"] } }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_first_numbers() {
        let of = |text: &str| version(text).unwrap();
        assert_eq!((of("3.11").minor(), of("3.11.9").minor()), ("3.11", "3.11"));
        let range = of("3.11").range().unwrap();
        assert!(range.allows("3.11.9") && !range.allows("3.1") && !range.allows("3.12.0"));
        for wrong in
            ["", "3", "2.7", "3.", "3.11.", "3.11.9.1", "3.x", ">=3.11", "3.11rc1", "python3.11", "3.100"]
        {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_leads_straight_to_a_folder() {
        for good in ["~/forge/lab/.venv", "/Users/lab/forge/.venv", "~/a b/c/", "~/./x"] {
            assert!(path(good).is_ok(), "{good}");
        }
        for wrong in ["", "~", "~/", "/", "~other/x", "./x", "~/a/../../b", "~/a\n", "forge/lab"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        assert_eq!(path("forge/lab").unwrap_err().hint.as_deref(), Some("did you mean `~/forge/lab`?"));
    }

    #[test]
    fn a_name_can_be_part_of_an_id() {
        assert!(name("lab-1").is_ok());
        assert_eq!(name("My_Lab").unwrap_err().hint.as_deref(), Some("did you mean `my-lab`?"));
        for wrong in ["", "-a", "a-", "a/b", "ä", &"a".repeat(41)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
