//! The environment variables that the Ollama server knows.

use std::sync::LazyLock;

use serde::Deserialize;

/// One environment variable of the Ollama server (docs/mac-facts.md#ollama-known-environment).
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// `OLLAMA_NUM_PARALLEL`.
    pub name: String,
    /// How the server reads its value.
    pub kind: VariableKind,
    /// What it does, a sentence without a full stop.
    pub what: String,
    /// The key of the manifest's `ollama` section that sets it; nobody else may.
    pub key: Option<String>,
    /// What the value may be, where that is a short list; otherwise empty.
    #[serde(default)]
    pub values: Vec<String>,
}

/// How the server reads a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VariableKind {
    /// As it stands.
    Text,
    /// A path; the server expands nothing in it.
    Path,
    /// A whole number, not negative.
    Whole,
    /// Go's spellings of a boolean; anything else that is not empty counts as true.
    Switch,
    /// A switch or a whole number.
    Level,
    /// A Go duration or whole seconds.
    Duration,
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static VARIABLES: LazyLock<Vec<Variable>> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("ollama_variables.yaml")).expect("the embedded list of variables")
});

/// All of them, by name.
pub fn all() -> &'static [Variable] {
    &VARIABLES
}

/// The one called `name`.
pub fn find(name: &str) -> Option<&'static Variable> {
    all().iter().find(|variable| variable.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_without_repetition_and_only_of_ollama() {
        let names: Vec<_> = all().iter().map(|variable| variable.name.as_str()).collect();
        assert!(names.len() > 20);
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(names.iter().all(|name| name.starts_with("OLLAMA_")));
    }

    #[test]
    fn every_name_on_the_facts_page_is_known() {
        let page = include_str!("../../docs/mac-facts.md");
        let (_, section) = page.split_once("### ollama-known-environment").unwrap();
        let (list, _) = section.split_once("Spaces and quotes").unwrap();
        let named: Vec<_> = list
            .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
            .filter(|word| word.starts_with("OLLAMA_"))
            .collect();
        assert!(named.len() > 20);
        for name in named {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
