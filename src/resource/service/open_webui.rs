use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Neighbour, Part,
    part::{Answer, ask},
};
use crate::{
    machine::{Halt, Look, Looking, Machine, Patience, Request, Wait},
    resource::{Evidence, ModelServer, Proof, smallest_model},
    value::{Problem, SecretName},
};

/// How long an answer may take that needs no model.
const SHORT: Duration = Duration::from_secs(30);

/// How long a chat may take, with the loading of its model.
const CHAT: Duration = Duration::from_mins(10);

/// How long its list of models may lag behind Ollama's (docs/service-facts.md#open-webui-api).
const LAG: Duration = Duration::from_secs(15);

/// Open WebUI before an Ollama of this Mac.
#[derive(Debug)]
pub struct OpenWebUi {
    /// Its container.
    pub part: Part,
    /// The account that it is proved with.
    pub email: String,
    /// The password of that.
    pub password: SecretName,
    /// The server behind it.
    pub ollama: ModelServer,
    /// The same as its container reaches it.
    pub neighbour: Neighbour,
}

impl Proof for OpenWebUi {
    fn urls(&self) -> Vec<(String, String)> {
        self.part.opened()
    }

    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        self.part.answers(look, "/ready", patience)?;
        let version = self.part.answers(look, "/api/version", Duration::ZERO)?;
        Ok(self.part.evidence(version.get("version").and_then(Value::as_str)))
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, SHORT)?;
        evidence.extend(self.neighbour.reached(&self.part, machine)?);
        let token = self.sign_in(machine)?;
        evidence.push(format!("{} is let in", self.email));
        evidence.push(self.lists(machine, &token)?);
        match smallest_model(&self.ollama, machine)? {
            Ok(model) => evidence.push(self.chat(machine, &token, &model)?),
            Err(why) => evidence.push(why),
        }
        Ok(evidence)
    }
}

impl OpenWebUi {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.part.url)
    }

    fn post(
        &self,
        machine: &dyn Machine,
        path: &str,
        token: &str,
        body: &Value,
        limit: Duration,
    ) -> Result<Answer> {
        let request = Request::post(self.url(path), body.to_string(), limit);
        ask(machine, request.authorized(format!("Bearer {token}")))
    }

    fn sign_in(&self, machine: &dyn Machine) -> Result<String> {
        let password = self.part.secret(machine, &self.password)?;
        let body = json!({ "email": self.email, "password": password }).to_string();
        let answer = ask(machine, Request::post(self.url("/api/v1/auths/signin"), body, SHORT))?;
        let token = answer.and_then(|answer| {
            let token = answer.get("token").and_then(Value::as_str).filter(|token| !token.is_empty());
            token.map(str::to_owned).ok_or_else(|| "it answered without a token".to_owned())
        });
        token.map_err(|why| {
            Problem::mac(format!("{} does not let {} in", self.part.name, self.email))
                .why(why)
                .why(format!("the password is the one in {}", self.part.secrets.join(self.password.as_str())))
                .hint("an account keeps the password that it was made with, or that somebody gave it on its pages: give it back there")
                .remedy(format!("open {}", self.part.url))
                .into()
        })
    }

    /// That it has what Ollama has, no more and no less. What its users made of them, and what an admin does not show, is theirs:
    /// it stands in `/api/models` alone.
    fn lists(&self, machine: &dyn Machine, token: &str) -> Result<String> {
        let patience = Patience { every: Duration::from_secs(2), limit: LAG, how: Wait::Poll };
        let what = format!("{} to list the models of Ollama", self.part.name);
        let listed = machine.until(&what, patience, || {
            let request =
                Request::get(self.url("/ollama/api/tags"), SHORT).authorized(format!("Bearer {token}"));
            let shown = match ask(machine, request)? {
                Ok(answer) => names(&answer),
                Err(why) => return Ok(Err(why)),
            };
            let url = format!("{}/api/tags", self.ollama.url);
            let there = match machine.get(&url)? {
                Ok(reply) => names(&serde_json::from_slice(&reply.body).unwrap_or_default()),
                Err(why) => return Ok(Err(format!("`{url}` gave: {why}"))),
            };
            Ok(if shown == there { Ok(there.len()) } else { Err(differ(&shown, &there)) })
        });
        let count = listed.map_err(|error| {
            if Halt::of(&error).is_some() {
                return error;
            }
            let what = format!("{} and Ollama do not have the same models", self.part.name);
            self.part.broken(machine, &what, format!("{error:#}")).into()
        })?;
        Ok(match count {
            1 => "it lists the one model that Ollama has".to_owned(),
            count => format!("it lists the {count} models that Ollama has"),
        })
    }

    /// One chat of a few tokens. It is kept nowhere, and a model that was not loaded before is not afterwards.
    fn chat(&self, machine: &dyn Machine, token: &str, model: &str) -> Result<String> {
        let before = self.is_loaded(machine, model)?;
        let body = json!({
            "model": model, "stream": false, "max_tokens": 8,
            "messages": [{ "role": "user", "content": "Say yes." }],
        });
        let answer = self.post(machine, "/api/chat/completions", token, &body, CHAT)?;
        if !before {
            // Ollama lets go of it by itself should this fail, a while later.
            let _ = self.post(machine, "/api/models/unload", token, &json!({ "model": model }), SHORT)?;
        }
        let given = answer.and_then(|answer| {
            let given = answer.pointer("/choices/0/message/content").and_then(Value::as_str);
            given.map(str::len).ok_or_else(|| "it answered without a message".to_owned())
        });
        match given {
            Ok(_) => Ok(format!("`{model}` answered a chat through it, which is kept nowhere")),
            Err(why) => {
                let what =
                    format!("a chat through {} fails between it and Ollama: `{model}`", self.part.name);
                let problem = self.part.broken(machine, &what, why);
                Err(problem.remedy(format!("tail -n 20 '{}'", self.ollama.log)).into())
            }
        }
    }

    fn is_loaded(&self, look: &dyn Look, model: &str) -> Result<bool> {
        let reply = look.get(&format!("{}/api/ps", self.ollama.url))?;
        let loaded: Value =
            reply.ok().and_then(|reply| serde_json::from_slice(&reply.body).ok()).unwrap_or_default();
        Ok(names(&loaded).contains(model))
    }
}

fn names(answer: &Value) -> BTreeSet<String> {
    let all = answer.get("models").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| one.get("name")?.as_str()).map(str::to_owned).collect()
}

fn differ(shown: &BTreeSet<String>, there: &BTreeSet<String>) -> String {
    let list = |names: Vec<&String>| {
        names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let missing = list(there.difference(shown).collect());
    let beyond = list(shown.difference(there).collect());
    match (missing.is_empty(), beyond.is_empty()) {
        (false, true) => format!("it does not list {missing}"),
        (true, _) => format!("it lists {beyond}, which Ollama does not have"),
        (false, false) => {
            format!("it does not list {missing}, and lists {beyond}, which Ollama does not have")
        }
    }
}
