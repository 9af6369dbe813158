//! What a server is asked while it is looked at and proved.

use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;
use serde::Deserialize;

use super::models::{self, Model, Models, Shown};
use crate::{
    machine::{Changing, Look, Looking, Machine, Quiet, Request},
    resource::Evidence,
    value::{Problem, human_bytes},
};

/// How long a model that is loaded only to be looked at stays at the most.
const STAYS: &str = r#","keep_alive":"2m""#;

/// A server, for who asks it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'s> {
    /// Where it is asked, `http://127.0.0.1:11434`.
    pub(super) url: &'s str,
    /// Where it logs.
    pub(super) log: &'s Utf8Path,
    /// The context length that it gives to a model that has none of its own.
    pub(super) num_ctx: u64,
}

/// What `/api/version` answers (docs/mac-facts.md#ollama-api-version).
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
}

/// What `/api/ps` answers (docs/mac-facts.md#ollama-api-ps).
#[derive(Deserialize)]
pub(super) struct Running {
    #[serde(default)]
    pub(super) models: Vec<Loaded>,
}

#[derive(Deserialize)]
pub(super) struct Loaded {
    pub(super) name: String,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(default)]
    size_vram: u64,
    #[serde(default)]
    pub(super) context_length: u64,
}

impl Server<'_> {
    pub(super) fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        look: &dyn Look,
        path: &str,
    ) -> Result<Result<T, String>> {
        let url = format!("{}{path}", self.url);
        Ok(match look.get(&url)? {
            Err(why) => Err(format!("`{url}` gave: {why}")),
            Ok(reply) if reply.status != 200 => Err(format!("`{url}` answered {}", reply.status)),
            Ok(reply) => serde_json::from_slice(&reply.body)
                .map_err(|error| format!("`{url}` gave no answer of Ollama's: {error}")),
        })
    }

    /// The models in the store.
    pub(super) fn models(&self, look: &dyn Look) -> Result<Vec<Model>> {
        let tags: Result<Models, String> = self.ask(look, "/api/tags")?;
        Ok(tags.map_err(|why| self.unheard(why, "/api/tags"))?.models)
    }

    /// The same, each with what it can do. Older servers say that only of a single model.
    pub(super) fn able_models(&self, machine: &dyn Machine) -> Result<Vec<Model>> {
        let mut all = self.models(machine)?;
        for model in all.iter_mut().filter(|model| !model.is_remote() && model.capabilities.is_none()) {
            model.capabilities = self.shown(machine, &model.name)?.capabilities;
        }
        Ok(all)
    }

    pub(super) fn loaded(&self, look: &dyn Look) -> Result<Vec<Loaded>> {
        let running: Result<Running, String> = self.ask(look, "/api/ps")?;
        Ok(running.map_err(|why| self.unheard(why, "/api/ps"))?.models)
    }

    fn unheard(&self, why: String, path: &str) -> Problem {
        Problem::mac("the server does not tell of its models")
            .why(why)
            .hint("see what it says, and what it logs:")
            .remedy(format!("curl -sS {}{path}", self.url))
            .remedy(format!("tail -n 20 '{}'", self.log))
    }

    /// Has a model give a token, and looks at what that loaded; a model that was not loaded before is not afterwards.
    pub(super) fn try_out(&self, machine: &dyn Machine, model: &Model) -> Result<Evidence> {
        let name = &model.name;
        let shown = self.shown(machine, name)?;
        let before = self.loaded(machine)?.into_iter().any(|loaded| loaded.name == *name);
        let stays = if before { "" } else { STAYS };
        let asked =
            self.generate(machine, name, &format!(r#","prompt":"1","options":{{"num_predict":1}}{stays}"#));
        let seen = asked.and_then(|()| self.loaded(machine));
        if !before {
            self.generate(machine, name, r#","keep_alive":0"#)?;
        }
        let Some(loaded) = seen?.into_iter().find(|loaded| loaded.name == *name) else {
            // The server makes room for whoever asks last.
            return Ok(vec![format!(
                "`{name}` gave a token; other models took its place before its context could be seen"
            )]);
        };
        let trained = model.details.context_length.or_else(|| shown.trained());
        self.judge(name, &loaded, shown.num_ctx(), trained)
    }

    /// Whether a model is loaded with the context that counts: its own before the server's, and never more than it was
    /// trained for (docs/mac-facts.md#ollama-context-length).
    fn judge(&self, name: &str, loaded: &Loaded, own: Option<u64>, trained: Option<u64>) -> Result<Evidence> {
        let wanted = models::effective(self.num_ctx, own, trained);
        if loaded.context_length != wanted {
            return Err(Problem::mac(format!("the context length is not as declared: `{name}`"))
                .why(format!("loaded with {}, wanted {wanted}", loaded.context_length))
                .hint("see the model's own parameters, and what the server made of its environment:")
                .remedy(format!("ollama show --parameters {name}"))
                .remedy(format!("grep 'server config' '{}'", self.log))
                .into());
        }
        let because = match own {
            Some(own) if own == wanted => ", its own",
            _ if trained == Some(wanted) => ", all that it was trained for",
            _ => "",
        };
        let mut evidence = vec![format!("`{name}` gave a token with a context of {wanted}{because}")];
        if loaded.size_vram < loaded.size {
            let [part, whole] = [loaded.size_vram, loaded.size].map(human_bytes);
            evidence.push(format!("only {part} of its {whole} are on the GPU"));
        }
        Ok(evidence)
    }

    /// What the server says of one model.
    fn shown(&self, machine: &dyn Machine, model: &str) -> Result<Shown> {
        let body = format!(r#"{{"model":{}}}"#, serde_json::to_string(model)?);
        let reply = self.post(machine, "/api/show", body, Duration::from_secs(30))?;
        let shown = reply.and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()));
        shown.map_err(|why| {
            Problem::mac(format!("the server does not tell of its model: `{model}`"))
                .why(why)
                .hint("see what it says of it:")
                .remedy(format!("ollama show {model}"))
                .into()
        })
    }

    /// The body of a reply with 200, or what came instead.
    fn post(
        &self,
        machine: &dyn Machine,
        path: &str,
        body: String,
        limit: Duration,
    ) -> Result<Result<Vec<u8>, String>> {
        let url = format!("{}{path}", self.url);
        Ok(match machine.try_out(Request::post(&url, body, limit), &Quiet)? {
            Ok(reply) if reply.status == 200 => Ok(reply.body),
            Ok(reply) => {
                Err(format!("`{url}` answered {}: {}", reply.status, String::from_utf8_lossy(&reply.body)))
            }
            Err(why) => Err(format!("`{url}` gave: {why}")),
        })
    }

    fn generate(&self, machine: &dyn Machine, model: &str, rest: &str) -> Result<()> {
        let body = format!(r#"{{"model":{},"stream":false{rest}}}"#, serde_json::to_string(model)?);
        match self.post(machine, "/api/generate", body, Duration::from_mins(10))? {
            Ok(_) => Ok(()),
            Err(said) => Err(Problem::mac(format!("the model does not answer: `{model}`"))
                .why(said)
                .hint("try it by hand, and see what the server logs:")
                .remedy(format!("ollama run {model}"))
                .remedy(format!("tail -n 20 '{}'", self.log))
                .into()),
        }
    }
}
