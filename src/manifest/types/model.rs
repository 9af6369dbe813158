use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};
use crate::value::ModelName;

/// A model that is to be on this Mac.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name as Ollama has it: `[HOST/][NAMESPACE/]MODEL[:TAG]`, without a tag `latest`. The section `ollama` serves it;
    /// without that section the models bring a server with every default.
    #[schemars(schema_with = "name_schema")]
    pub ollama: ModelName,
    /// What it is for, a word: `smoke`, `primary`, `quality`, `edge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "role_schema")]
    pub role: Option<String>,
    /// Whether the stack can do without it: it comes last, and its failure is a warning.
    #[serde(default)]
    pub optional: bool,
}

pub(super) const NAME: Grammar = Grammar {
    format: "ollama-model",
    expected: "the name of a model such as `gemma4:e4b`",
    pattern: "^([A-Za-z0-9_][A-Za-z0-9_.:-]*/)?([A-Za-z0-9_][A-Za-z0-9_-]*/)?[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$",
    judge: judge_name,
};

pub(super) const ROLE: Grammar = Grammar {
    format: "role",
    expected: "a word such as `primary`",
    pattern: "^[a-z][a-z0-9-]{0,19}$",
    judge: judge_role,
};

fn judge_name(text: &str) -> Result<(), Wrong> {
    match text.parse::<ModelName>() {
        Ok(name) if name.is_remote() => Err(Wrong::new("a model of Ollama's cloud does not run on this Mac")
            .hint("name one that does, such as `gemma4:e4b`")),
        Ok(_) => Ok(()),
        Err(_) => {
            let bare = text.trim().trim_start_matches("https://").trim_start_matches("http://");
            let bare = bare.trim_start_matches("ollama.com/").trim_start_matches("ollama/");
            let wrong = Wrong::new("a model's name is `[HOST/][NAMESPACE/]MODEL[:TAG]`");
            let good = bare != text && judge_name(bare).is_ok();
            Err(if good { wrong.meant(bare) } else { wrong })
        }
    }
}

fn judge_role(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 20 && text.chars().all(fits)
    };
    if good(text) {
        return Ok(());
    }
    let wrong = Wrong::new("a role is a word of up to 20 lower-case letters, digits and hyphens");
    let near = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    Err(if good(&near) { wrong.meant(near) } else { wrong })
}

fn name_schema(_: &mut SchemaGenerator) -> Schema {
    NAME.schema(&["gemma4:e4b"])
}

fn role_schema(_: &mut SchemaGenerator) -> Schema {
    ROLE.schema(&["primary"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_map_with_its_kind_as_key() {
        let model: Model = serde_json::from_str(r#"{"ollama": "gemma4:e4b", "role": "smoke"}"#).unwrap();
        assert_eq!((model.ollama.to_string().as_str(), model.optional), ("gemma4:e4b", false));
        assert!(serde_json::from_str::<Model>(r#"{"role": "smoke"}"#).is_err());
    }

    #[test]
    fn what_does_not_run_here_or_is_no_name_is_refused_with_one_that_is() {
        for text in ["gpt-oss:120b-cloud", "kimi-k2:cloud"] {
            assert!(judge_name(text).unwrap_err().why.contains("cloud"), "{text}");
        }
        let hint = |text: &str| judge_name(text).unwrap_err().hint;
        assert_eq!(
            hint("https://ollama.com/library/gemma4:e4b").as_deref(),
            Some("did you mean `library/gemma4:e4b`?")
        );
        assert_eq!(hint("gemma4: e4b"), None);
        assert_eq!(judge_role("Edge Node").unwrap_err().hint.as_deref(), Some("did you mean `edge-node`?"));
        assert!(judge_role("").is_err() && judge_role("4th").is_err() && judge_role("primary").is_ok());
    }
}
