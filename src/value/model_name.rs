use std::{fmt, str::FromStr};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// The name of a model of Ollama's, `[HOST[:PORT]/][NAMESPACE/]MODEL[:TAG]` (docs/mac-facts.md#ollama-model-names). Prints as
/// Ollama's own lists do: without its own host and namespace, and always with the tag.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName {
    host: String,
    namespace: String,
    model: String,
    tag: String,
}

/// Where a name without a host is looked up.
const HOST: &str = "registry.ollama.ai";

/// The namespace of a name without one.
const NAMESPACE: &str = "library";

/// The tag of a name without one.
const TAG: &str = "latest";

/// Characters of a host, and of each other part.
const LONGEST: (usize, usize) = (350, 80);

impl ModelName {
    /// The name whose manifest lies at `path` below the folder `manifests`.
    pub fn of_manifest(path: &Utf8Path) -> Option<Self> {
        let parts: Vec<&str> = path.as_str().split('/').collect();
        let [host, namespace, model, tag] = parts.as_slice() else { return None };
        Self::of([host, namespace, model, tag])
    }

    fn of([host, namespace, model, tag]: [&str; 4]) -> Option<Self> {
        let fits = |part: &str, longest: usize, besides: &str| {
            part.len() <= longest
                && part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || besides.contains(c))
        };
        let fine = fits(host, LONGEST.0, "-_.:")
            && fits(namespace, LONGEST.1, "-_")
            && fits(model, LONGEST.1, "-_.")
            && fits(tag, LONGEST.1, "-_.");
        let [host, namespace, model, tag] = [host, namespace, model, tag].map(str::to_owned);
        fine.then_some(Self { host, namespace, model, tag })
    }

    /// Where its manifest lies below the store, and each model's of its own.
    pub fn manifest(&self) -> Utf8PathBuf {
        ["manifests", &self.host, &self.namespace, &self.model, &self.tag].iter().collect()
    }

    /// Where its registry keeps its manifest (docs/mac-facts.md#ollama-registry).
    pub fn url(&self) -> String {
        let Self { host, namespace, model, tag } = self;
        format!("https://{host}/v2/{namespace}/{model}/manifests/{tag}")
    }

    /// Its registry.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it runs in Ollama's cloud (docs/mac-facts.md#ollama-remote-models).
    pub fn is_remote(&self) -> bool {
        self.tag == "cloud" || self.tag.ends_with("-cloud")
    }

    /// Whether both lie in the same file on a Mac, whose names of files do not tell capitals from small letters.
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.manifest().as_str().eq_ignore_ascii_case(other.manifest().as_str())
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (before, last) =
            text.rsplit_once('/').map_or((None, text), |(before, last)| (Some(before), last));
        let (model, tag) = last.split_once(':').unwrap_or((last, TAG));
        let (host, namespace) = match before.map(|before| before.split_once('/').ok_or(before)) {
            None => (HOST, NAMESPACE),
            Some(Err(namespace)) => (HOST, namespace),
            Some(Ok(both)) => both,
        };
        Self::of([host, namespace, model, tag])
            .ok_or_else(|| format!("`{text}` is no name of a model such as `gemma4:e4b`"))
    }
}

impl TryFrom<String> for ModelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, namespace, model, tag } = self;
        match (host == HOST, namespace == NAMESPACE) {
            (true, true) => write!(f, "{model}:{tag}"),
            (true, false) => write!(f, "{namespace}/{model}:{tag}"),
            (false, _) => write!(f, "{host}/{namespace}/{model}:{tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ModelName {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_left_out_of_a_name_is_ollamas_own() {
        for (text, printed, file) in [
            ("gemma4", "gemma4:latest", "manifests/registry.ollama.ai/library/gemma4/latest"),
            ("gemma4:e4b", "gemma4:e4b", "manifests/registry.ollama.ai/library/gemma4/e4b"),
            ("library/gemma4:e4b", "gemma4:e4b", "manifests/registry.ollama.ai/library/gemma4/e4b"),
            ("me/own:1", "me/own:1", "manifests/registry.ollama.ai/me/own/1"),
            (
                "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
                "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
                "manifests/hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF/Q4_K_M",
            ),
            (
                "localhost:5055/library/tiny",
                "localhost:5055/library/tiny:latest",
                "manifests/localhost:5055/library/tiny/latest",
            ),
        ] {
            let name = name(text);
            assert_eq!((name.to_string().as_str(), name.manifest().as_str()), (printed, file));
            assert_eq!(
                ModelName::of_manifest(Utf8Path::new(file.strip_prefix("manifests/").unwrap())),
                Some(name)
            );
        }
        assert_eq!(name("gemma4:e4b").url(), "https://registry.ollama.ai/v2/library/gemma4/manifests/e4b");
    }

    #[test]
    fn what_names_no_model_is_refused() {
        for text in [
            "",
            ":",
            "a:",
            ":a",
            "a/",
            "/a",
            "a//b",
            "a/b/c/d",
            "-a",
            ".a",
            "a b",
            "a:b:c",
            "../a",
            "a.b/c",
            "https://x/a/b",
            "a@sha256",
            "ü",
        ] {
            assert!(text.parse::<ModelName>().is_err(), "{text}");
        }
        assert!("a".repeat(81).parse::<ModelName>().is_err());
    }

    #[test]
    fn two_names_of_one_file_are_told() {
        assert!(name("gemma4").is_same_file(&name("library/Gemma4:LATEST")));
        assert!(!name("gemma4").is_same_file(&name("gemma4:e4b")));
        assert!(name("k2:cloud").is_remote() && name("gpt-oss:120b-cloud").is_remote());
        assert!(!name("cloud").is_remote());
    }
}
