use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Weights,
    image::Image,
    model::{Header, Sliding},
    name::ModelName,
    store,
};
use crate::{machine::Reply, sim::Content};

/// The host of Ollama's own registry.
pub(in crate::sim) const HOST: &str = "registry.ollama.ai";

/// What Ollama's registry has for a simulated Mac. All digests follow from names, so they are the same on every Mac.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// By `NAMESPACE/MODEL:TAG`.
    models: BTreeMap<String, Published>,
}

/// A model that a tag stands for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Published {
    /// What all its digests follow from; two tags of the same model share it.
    origin: String,
    /// How often it was published anew.
    revision: u32,
    /// Bytes of its weights.
    weights: u64,
    /// `PARAMETER num_ctx` baked into it.
    num_ctx: Option<u64>,
    header: Header,
}

/// A family's tags, bytes of weights, parameters in millions, trained context, its own `num_ctx`, and its shape.
type Row = (&'static [&'static str], u64, u64, u64, Option<u64>, Shape);

/// Architecture, layers, heads, cache heads, width, and the window with what a token adds to both sorts of layers.
type Shape = (&'static str, u64, u64, u64, u64, Option<(u64, u64, u64)>);

/// What is published (docs/mac-facts.md#ollama-model-sizes, #ollama-model-shapes).
const PUBLISHED: [Row; 7] = [
    (
        &["gemma4:e2b"],
        7_162_394_016,
        5_100,
        131_072,
        None,
        ("gemma4", 35, 8, 1, 1536, Some((512, 3_072, 6_144))),
    ),
    (
        &["gemma4:e4b", "gemma4:latest"],
        9_608_338_848,
        8_000,
        131_072,
        None,
        ("gemma4", 42, 8, 2, 2560, Some((512, 8_192, 20_480))),
    ),
    (
        &["gemma4:12b"],
        7_556_496_522,
        11_900,
        131_072,
        None,
        ("gemma4", 48, 16, 8, 3840, Some((1024, 32_768, 163_840))),
    ),
    (
        &["gemma4:26b"],
        17_987_569_344,
        25_800,
        262_144,
        None,
        ("gemma4", 30, 16, 8, 2816, Some((1024, 10_240, 102_400))),
    ),
    (
        &["gemma4:31b"],
        19_868_969_920,
        31_300,
        262_144,
        None,
        ("gemma4", 60, 32, 16, 5376, Some((1024, 40_960, 409_600))),
    ),
    (
        &["gemma3:1b"],
        815_310_432,
        1_000,
        32_768,
        None,
        ("gemma3", 26, 4, 1, 1152, Some((512, 2_048, 11_264))),
    ),
    (
        &["mistral-small3.1:24b", "mistral-small3.1:latest"],
        15_486_899_136,
        24_000,
        131_072,
        Some(4096),
        ("mistral3", 40, 32, 8, 5120, None),
    ),
];

/// Bytes of the texts that come with a model.
const TEMPLATE: u64 = 358;
const LICENSE: u64 = 11_355;

impl Default for Registry {
    fn default() -> Self {
        let mut models = BTreeMap::new();
        for (tags, weights, millions, context_length, num_ctx, shape) in PUBLISHED {
            let (architecture, layers, heads, cache_heads, width, sliding) = shape;
            let header = Header {
                architecture: architecture.to_owned(),
                parameters: millions * 1_000_000,
                context_length,
                layers,
                heads,
                cache_heads,
                width: Some(width),
                sliding: sliding.map(|(window, full, local)| Sliding { window, full, local }),
            };
            let origin = tags.first().copied().unwrap_or_default().to_owned();
            let published = Published { origin, revision: 0, weights, num_ctx, header };
            models.extend(tags.iter().map(|tag| (format!("library/{tag}"), published.clone())));
        }
        Self { models }
    }
}

impl Registry {
    /// Publishes a dense model under a name, in place of what was there.
    pub fn publish(&mut self, name: &str, weights: Weights) {
        if let Some(name) = ModelName::read(name) {
            let published = Published {
                origin: name.to_string(),
                revision: 0,
                weights: weights.bytes,
                num_ctx: weights.num_ctx,
                header: Header::of(weights.bytes, weights.train_context),
            };
            self.models.insert(key(&name), published);
        }
    }

    /// Lets a tag stand for another build of its model from now on: as large, with other digests. Says whether there is one.
    pub fn move_tag(&mut self, name: &str) -> bool {
        let found = ModelName::read(name).and_then(|name| self.models.get_mut(&key(&name)));
        found.map(|model| model.revision += 1).is_some()
    }

    /// Takes a tag away; says whether there was one.
    pub fn withdraw(&mut self, name: &str) -> bool {
        ModelName::read(name).and_then(|name| self.models.remove(&key(&name))).is_some()
    }

    /// The manifest of a model, as the registry answers with it and a pull leaves it on disk.
    pub fn manifest(&self, name: &str) -> Option<Vec<u8>> {
        Some(self.find(&ModelName::read(name)?)?.manifest())
    }

    /// Every part of a model: its digest as `sha256:…`, and what it holds.
    pub fn blobs(&self, name: &str) -> Option<Vec<(String, Content)>> {
        let image = self.find(&ModelName::read(name)?)?;
        Some(image.blobs().map(|blob| (blob.digest.clone(), blob.content.clone())).collect())
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &ModelName) -> Option<Image> {
        (name.host() == HOST).then(|| self.models.get(&key(name)).map(Published::image))?
    }

    /// Answers a GET request for `path` (docs/mac-facts.md#ollama-registry).
    pub(in crate::sim) fn get(&self, path: &str) -> Reply {
        let name = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "v2", namespace, model, "manifests", tag] => {
                ModelName::read(&format!("{namespace}/{model}:{tag}"))
            }
            _ => None,
        };
        match name.and_then(|name| self.find(&name)) {
            Some(image) => Reply { status: 200, body: image.manifest() },
            None => fault(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }
}

/// An answer as registries word their errors.
pub(in crate::sim) fn fault(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    Reply { status, body: body.to_string().into_bytes() }
}

fn key(name: &ModelName) -> String {
    format!("{}/{}:{}", name.namespace(), name.model(), name.tag())
}

impl Published {
    fn image(&self) -> Image {
        let made = |size: u64, what: &str| {
            let seed = store::seed(&format!("{what} of {} {}", self.origin, self.revision));
            Content::Made { size, seed }
        };
        let mut parameters = Map::new();
        if let Some(length) = self.num_ctx {
            parameters.insert("num_ctx".into(), length.into());
        }
        parameters.extend([
            ("temperature".to_owned(), json!(1)),
            ("top_k".to_owned(), json!(64)),
            ("top_p".to_owned(), json!(0.95)),
        ]);
        // The text of a licence is the same for all models of a family.
        let family = store::seed(&self.header.architecture);
        let layers = vec![
            ("model", made(self.weights, "weights")),
            ("template", made(TEMPLATE, "template")),
            ("license", Content::Made { size: LICENSE, seed: family }),
            ("params", Content::Bytes(Value::Object(parameters).to_string().into_bytes())),
        ];
        Image::new(&store::config(&self.header), layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(registry: &Registry, tag: &str) -> (u16, Value) {
        let reply = registry.get(&format!("/v2/library/gemma4/manifests/{tag}"));
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn bytes(manifest: &Value) -> u64 {
        let layers = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]);
        layers.map(|layer| layer["size"].as_u64().unwrap()).sum()
    }

    #[test]
    fn a_manifest_names_config_and_layers_with_sizes_and_digests() {
        let (status, found) = manifest(&Registry::default(), "e2b");
        assert_eq!((status, &found["schemaVersion"]), (200, &json!(2)));
        assert_eq!(found["mediaType"], "application/vnd.docker.distribution.manifest.v2+json");
        let kinds: Vec<_> =
            found["layers"].as_array().unwrap().iter().map(|it| it["mediaType"].clone()).collect();
        let expected = ["model", "template", "license", "params"]
            .map(|kind| json!(format!("application/vnd.ollama.image.{kind}")));
        assert_eq!(kinds, expected);
        assert_eq!(found["config"]["mediaType"], CONFIG);
        let digest = found["layers"][0]["digest"].as_str().unwrap();
        assert!(digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64), "{digest}");
    }

    const CONFIG: &str = "application/vnd.docker.container.image.v1+json";

    #[test]
    fn the_four_models_of_node_zero_are_about_55_gigabytes() {
        let registry = Registry::default();
        let sum: u64 =
            ["e2b", "e4b", "26b", "31b"].iter().map(|tag| bytes(&manifest(&registry, tag).1)).sum();
        assert!((54_000_000_000..56_000_000_000).contains(&sum), "{sum}");
    }

    #[test]
    fn an_unknown_tag_or_model_is_a_404_in_the_words_of_registries() {
        let registry = Registry::default();
        let (status, said) = manifest(&registry, "e9b");
        assert_eq!((status, &said["errors"][0]["code"]), (404, &json!("MANIFEST_UNKNOWN")));
        assert_eq!(registry.get("/v2/library/gemma5/manifests/latest").status, 404);
        assert_eq!(registry.get("/v2/lab/gemma4/manifests/e2b").status, 404, "another namespace");
    }

    #[test]
    fn two_tags_of_a_model_share_their_digests_until_one_is_moved() {
        let mut registry = Registry::default();
        assert_eq!(manifest(&registry, "latest"), manifest(&registry, "e4b"));
        let (_, before) = manifest(&registry, "e4b");
        assert!(registry.move_tag("gemma4:e4b"));
        let (_, after) = manifest(&registry, "e4b");
        assert_eq!(manifest(&registry, "latest").1, before);
        assert_ne!(after["layers"][0]["digest"], before["layers"][0]["digest"]);
        assert_eq!(after["layers"][2], before["layers"][2], "the licence stays");
        assert_eq!(bytes(&after), bytes(&before));
        assert!(!registry.move_tag("gemma4:e9b"));
        assert!(registry.withdraw("gemma4:e4b") && manifest(&registry, "e4b").0 == 404);
    }
}
