use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// A repository of formulae and casks that are none of Homebrew's own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tap {
    /// Its name, `user/repository`: the repository is `homebrew-repository` of that user on GitHub.
    #[schemars(schema_with = "name_schema")]
    pub name: String,
    /// Whether all that is in it, now and later, may run on this Mac: Homebrew loads nothing of it until somebody says so.
    #[serde(default)]
    pub trust: bool,
}

pub(super) const NAME: Grammar = Grammar {
    format: "tap",
    expected: "the name of a tap such as `user/repository`",
    pattern: "^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9._-]*$",
    judge,
};

fn judge(name: &str) -> Result<(), Wrong> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = |part: &str, more: &str| {
        part.starts_with(letter) && part.chars().all(|c| letter(c) || more.contains(c))
    };
    let fits = |name: &str| {
        let parts = name.split_once('/');
        parts.is_some_and(|(user, repository)| good(user, "-") && good(repository, "._-"))
    };
    if name.starts_with("homebrew/") {
        return Err(Wrong::new("Homebrew's own taps are there without being named, and trusted"));
    }
    if fits(name) && !name.contains("/homebrew-") {
        return Ok(());
    }
    let near = name.to_ascii_lowercase();
    let near = near.trim_start_matches("https://").trim_start_matches("github.com/");
    let near = near.trim_end_matches(".git").replace("/homebrew-", "/");
    let wrong = Wrong::new("a tap is named `user/repository`, without the `homebrew-` of its repository");
    Err(if fits(&near) && near != name { wrong.meant(near) } else { wrong })
}

fn name_schema(_: &mut SchemaGenerator) -> Schema {
    NAME.schema(&["user/repository"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_is_named_as_homebrew_names_it() {
        assert!(judge("lab/tools").is_ok());
        for meant in ["lab/homebrew-tools", "Lab/Tools", "https://github.com/lab/homebrew-tools.git"] {
            assert_eq!(
                judge(meant).unwrap_err().hint.as_deref(),
                Some("did you mean `lab/tools`?"),
                "{meant}"
            );
        }
        for wrong in ["", "lab", "lab/tools/x", "-lab/x", "homebrew/core", "lab/to ols"] {
            assert!(judge(wrong).is_err(), "{wrong}");
        }
    }
}
