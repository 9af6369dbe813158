//! What the server tells of its models, and which of them proves it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{resource::Loads, value::human_bytes};

/// What `/api/tags` answers (docs/mac-facts.md#ollama-api-tags).
#[derive(Deserialize)]
pub(super) struct Models {
    #[serde(default)]
    pub(super) models: Vec<Model>,
}

/// A model in the store, or the stub of one that runs elsewhere.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Model {
    pub(super) name: String,
    /// Bytes on disk.
    #[serde(default)]
    pub(super) size: u64,
    /// Not told by older servers.
    pub(super) capabilities: Option<Vec<String>>,
    remote_host: Option<String>,
    #[serde(rename = "remote_model")]
    remote_name: Option<String>,
    #[serde(default)]
    pub(super) details: Details,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Details {
    /// What it was trained for.
    pub(super) context_length: Option<u64>,
}

impl Model {
    /// Whether it runs elsewhere: using it would send a request to the Internet (docs/mac-facts.md#ollama-remote-models).
    pub(super) fn is_remote(&self) -> bool {
        let named = self.name.ends_with(":cloud") || self.name.ends_with("-cloud");
        named || [&self.remote_host, &self.remote_name].into_iter().flatten().any(|text| !text.is_empty())
    }

    /// What trying it out does.
    pub(super) fn loads(&self) -> Loads {
        let size = human_bytes(self.size);
        let words = format!("`{}` is loaded ({size} on disk) for one token, and unloaded", self.name);
        Loads { what: self.name.clone(), words }
    }

    /// Whether it gives text, as far as is known; models for embeddings do not (docs/mac-facts.md#ollama-capabilities).
    pub(super) fn completes(&self) -> bool {
        self.capabilities.as_ref().is_none_or(|all| all.iter().any(|what| what == "completion"))
    }
}

/// What `/api/show` answers (docs/mac-facts.md#ollama-capabilities).
#[derive(Default, Deserialize)]
pub(super) struct Shown {
    pub(super) capabilities: Option<Vec<String>>,
    #[serde(default)]
    parameters: String,
    #[serde(default)]
    model_info: Map<String, Value>,
}

impl Shown {
    /// The context length that is baked into it, which wins over the server's (docs/mac-facts.md#ollama-context-length).
    pub(super) fn num_ctx(&self) -> Option<u64> {
        let values = self.parameters.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
        values.filter(|(name, _)| *name == "num_ctx").find_map(|(_, value)| value.trim().parse().ok())
    }

    /// The context length that it was trained for.
    pub(super) fn trained(&self) -> Option<u64> {
        self.model_info.iter().find(|(key, _)| key.ends_with(".context_length"))?.1.as_u64()
    }
}

/// The smallest of `all` that gives text on a Mac with so much memory, or why there is none.
pub(super) fn choose(mut all: Vec<Model>, memory: Option<u64>) -> Result<Model, String> {
    let none = |why: &str| Err(format!("{why}, so none was loaded"));
    if all.is_empty() {
        return none("no model is here yet");
    }
    all.retain(|model| !model.is_remote());
    if all.is_empty() {
        return none("only models that run elsewhere are here");
    }
    all.retain(Model::completes);
    let Some(smallest) = all.into_iter().min_by(|a, b| (a.size, &a.name).cmp(&(b.size, &b.name))) else {
        return none("no model here gives text");
    };
    match memory.map(for_models).filter(|budget| smallest.size > *budget) {
        Some(budget) => {
            let [size, budget] = [smallest.size, budget].map(human_bytes);
            let name = smallest.name;
            none(&format!(
                "`{name}` is the smallest model here, with {size}, and models may take {budget} of this Mac's memory"
            ))
        }
        None => Ok(smallest),
    }
}

/// The context length that a model gets: its own before the server's, and never more than it was trained for
/// (docs/mac-facts.md#ollama-context-length).
pub(super) fn effective(declared: u64, own: Option<u64>, trained: Option<u64>) -> u64 {
    own.unwrap_or(declared).min(trained.unwrap_or(u64::MAX))
}

/// About what a model takes in memory, with a cache and what its runner needs: a quarter more than on disk.
pub fn in_memory(size: u64) -> u64 {
    size.saturating_add(size / 4)
}

/// What models may take of a Mac's memory (docs/mac-facts.md#ollama-metal).
pub fn for_models(memory: u64) -> u64 {
    if memory < 36 << 30 { memory / 3 * 2 } else { memory / 4 * 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(json: &str) -> Model {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_smallest_that_gives_text_here_is_chosen() {
        let all = || {
            vec![
                model(r#"{"name":"big:latest","size":9,"capabilities":["completion"]}"#),
                model(r#"{"name":"embed:latest","size":2,"capabilities":["embedding"]}"#),
                model(
                    r#"{"name":"k2:latest","size":1,"remote_host":"https://ollama.com:443","remote_model":"k2"}"#,
                ),
                model(r#"{"name":"k2:cloud","size":1}"#),
                model(r#"{"name":"small:latest","size":5}"#),
            ]
        };
        assert_eq!(choose(all(), None).unwrap().name, "small:latest");
        let why = |all, memory| choose(all, memory).unwrap_err();
        assert_eq!(why(vec![], None), "no model is here yet, so none was loaded");
        assert_eq!(
            why(all()[2..4].to_vec(), None),
            "only models that run elsewhere are here, so none was loaded"
        );
        assert_eq!(why(all()[1..4].to_vec(), None), "no model here gives text, so none was loaded");
        assert_eq!(
            why(all(), Some(6)),
            "`small:latest` is the smallest model here, with 5 B, and models may take 4 B of this Mac's memory, so none was loaded"
        );
    }

    #[test]
    fn a_context_of_its_own_is_read_out_of_the_parameters() {
        let shown: Shown = serde_json::from_str(
            r#"{"parameters":"stop                           \"<end>\"\nnum_ctx                        8192","model_info":{"llama.context_length":131072}}"#,
        )
        .unwrap();
        assert_eq!((shown.num_ctx(), shown.trained()), (Some(8192), Some(131_072)));
        let none: Shown = serde_json::from_str("{}").unwrap();
        assert_eq!((none.num_ctx(), none.trained()), (None, None));
    }
}
