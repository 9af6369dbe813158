use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, de::Error};

use crate::value::{ModelName, Problem};

/// A model of Ollama's library (docs/mac-facts.md#ollama-model-sizes).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// How many parameters it has, as Ollama prints it: `8.0B`.
    pub parameters: String,
    /// Tokens that it was trained for.
    pub context: u64,
    /// Bytes of all its layers and its config, where known.
    #[serde(deserialize_with = "known")]
    pub bytes: Option<u64>,
}

/// `unknown`, or a number.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "unknown" { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("models.yaml")).expect("the embedded list of models")
});

/// All that are known.
pub fn models() -> &'static [Model] {
    &MODELS
}

/// The one called `name`.
pub fn model(name: &ModelName) -> Option<&'static Model> {
    models().iter().find(|model| model.name == *name)
}

/// How like a name has to be; 1 is equal.
const NEAR: f64 = 0.6;

/// `problem`, which is that nobody has a model called `unknown`, with up to three that were probably meant, and where to look.
pub fn did_you_mean(problem: Problem, unknown: &ModelName) -> Problem {
    let text = unknown.to_string();
    let mut near: Vec<(f64, String)> = models()
        .iter()
        .filter(|model| model.name != *unknown)
        .map(|model| model.name.to_string())
        .map(|name| (strsim::normalized_damerau_levenshtein(&name, &text), name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let near: Vec<String> = near.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    let problem = match near.as_slice() {
        [] => problem,
        [near] => problem.hint(format!("did you mean {near}?")),
        near => problem.hint(format!("did you mean one of {}?", near.join(", "))),
    };
    problem.hint("all models and their tags are listed at https://ollama.com/library")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_file_reads_and_says_what_is_not_known() {
        let find = |name: &str| model(&name.parse().unwrap()).unwrap();
        assert_eq!((find("gemma4:e4b").bytes, find("gemma4:e4b").context), (Some(9_608_350_718), 131_072));
        assert_eq!(find("codellama:34b").bytes, None);
        let names: std::collections::BTreeSet<_> = models().iter().map(|model| &model.name).collect();
        assert_eq!(names.len(), models().len(), "one line a name");
    }

    #[test]
    fn the_models_of_node_zero_are_about_55_gigabytes() {
        let sum: u64 = ["gemma4:e2b", "gemma4:e4b", "gemma4:26b", "gemma4:31b"]
            .iter()
            .filter_map(|name| model(&name.parse().unwrap())?.bytes)
            .sum();
        assert_eq!(sum / 1_000_000_000, 54);
    }

    #[test]
    fn a_wrong_name_comes_with_those_that_are_near() {
        let hints = |name: &str| did_you_mean(Problem::mac("no"), &name.parse().unwrap()).hints;
        assert_eq!(hints("gemma4:27b")[0], "did you mean one of `gemma4:26b`, `gemma3:27b`, `gemma4:e2b`?");
        assert_eq!(hints("gemma4:e4")[0].split('`').nth(1), Some("gemma4:e4b"));
        assert_eq!(hints("quite-something-else:1").len(), 1);
    }
}
