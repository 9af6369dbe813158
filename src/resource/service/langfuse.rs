use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Part,
    part::{Answer, ask},
};
use crate::{
    machine::{Halt, Look, Looking, Machine, Patience, Request, Wait},
    resource::{Evidence, Proof},
    value::{Problem, SecretName, basic_authorization, hex},
};

/// How long an answer may take.
const SHORT: Duration = Duration::from_secs(30);

/// How long a span may take from being sent to being read (docs/service-facts.md#langfuse-apis).
const SPAN: Duration = Duration::from_mins(1);

/// Langfuse, by one of its two parts.
#[derive(Debug)]
pub struct Langfuse {
    /// Which.
    pub which: LangfusePart,
    /// The web server.
    pub web: Part,
    /// The worker.
    pub worker: Part,
    /// The project that its keys are of.
    pub project: String,
    /// Its public key.
    pub public_key: SecretName,
    /// Its secret key.
    pub secret_key: SecretName,
}

/// The parts of Langfuse that show whether it works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LangfusePart {
    /// Its pages and its API.
    Web,
    /// What brings in that which was sent.
    Worker,
}

impl Proof for Langfuse {
    fn urls(&self) -> Vec<(String, String)> {
        match self.which {
            LangfusePart::Web => self.web.opened(),
            LangfusePart::Worker => vec![],
        }
    }

    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        match self.which {
            LangfusePart::Web => {
                let health = "/api/public/health?failIfDatabaseUnavailable=true";
                let health = self.web.answers(look, health, patience)?;
                Ok(self.web.evidence(health.get("version").and_then(Value::as_str)))
            }
            // It publishes no port: its container's own test asks it.
            LangfusePart::Worker => Ok(vec![]),
        }
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, SHORT)?;
        let by = basic_authorization(
            &self.web.secret(machine, &self.public_key)?,
            &self.web.secret(machine, &self.secret_key)?,
        );
        evidence.push(match self.which {
            LangfusePart::Web => self.lets_in(machine, &by)?,
            LangfusePart::Worker => self.round_trip(machine, &by)?,
        });
        Ok(evidence)
    }
}

impl Langfuse {
    fn get(&self, machine: &dyn Machine, path: &str, by: &str) -> Result<Answer> {
        let request = Request::get(format!("{}{path}", self.web.url), SHORT).authorized(by);
        ask(machine, request)
    }

    /// That its keys are those of the project.
    fn lets_in(&self, machine: &dyn Machine, by: &str) -> Result<String> {
        let answer = self.get(machine, "/api/public/projects", by)?;
        let found = answer.and_then(|answer| {
            let id = answer.pointer("/data/0/id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if id == self.project { Ok(()) } else { Err(format!("they open the project `{id}`")) }
        });
        found.map_err(|why| {
            Problem::mac(format!("{} does not take its keys for the project `{}`", self.web.name, self.project))
                .why(why)
                .why(format!("they are `{}` and `{}` in {}", self.public_key, self.secret_key, self.web.secrets))
                .hint("a key that was made once is not changed by a start: make new ones on its pages, or look there which are known")
                .remedy(format!("open {}", self.web.url))
        })?;
        Ok(format!("its keys open the project `{}`", self.project))
    }

    /// Sends a span and reads it back: that takes every part. It stays in the project, by the name of `forgectl-probe`.
    fn round_trip(&self, machine: &dyn Machine, by: &str) -> Result<String> {
        let began = machine.now();
        let chance = hex(&Sha256::digest(format!("span of {began} by {by}")));
        let trace = chance.get(..32).unwrap_or_default();
        let span = chance.get(32..48).unwrap_or_default();
        let now = began.as_nanosecond();
        let body = json!({ "resourceSpans": [{
            "resource": { "attributes": [] },
            "scopeSpans": [{ "scope": { "name": "forgectl" }, "spans": [{
                "traceId": trace, "spanId": span, "name": "forgectl-probe", "kind": 1,
                "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 1_000_000).to_string(),
                "attributes": [
                    { "key": "langfuse.trace.name", "value": { "stringValue": "forgectl-probe" } },
                    { "key": "langfuse.observation.type", "value": { "stringValue": "span" } },
                ],
            }] }],
        }] });
        let url = format!("{}/api/public/otel/v1/traces", self.web.url);
        let request = Request::post(url, body.to_string(), SHORT).authorized(by);
        if let Err(why) = ask(machine, request)? {
            let what = format!("{} does not take a span", self.web.name);
            let problem = self.web.broken(machine, &what, why);
            return Err(problem
                .hint("it puts a span into its object store and word of it into Redis: one of these two, or its way there, fails")
                .into());
        }
        let path = format!("/api/public/v2/observations?traceId={trace}&fields=core,basic&limit=10");
        let patience = Patience { every: Duration::from_secs(2), limit: SPAN, how: Wait::Poll };
        let read = machine.until(&format!("{} to show a span that it took", self.web.name), patience, || {
            Ok(match self.get(machine, &path, by)? {
                Ok(answer) if answer.pointer("/data/0").is_some() => Ok(()),
                Ok(_) => Err("it has no such span yet".to_owned()),
                Err(why) => Err(why),
            })
        });
        read.map_err(|error| match Halt::of(&error) {
            Some(_) => error,
            None => self.lost(machine, format!("{error:#}")).into(),
        })?;
        let took = machine.now().duration_since(began).as_secs();
        Ok(format!("a span was sent and read back within {} s", took.max(1)))
    }

    /// A span was taken and does not come out: the worker, the object store or ClickHouse.
    fn lost(&self, look: &dyn Look, why: String) -> Problem {
        let what = format!("{} took a span and does not show it", self.web.name);
        let mut problem = self.worker.broken(look, &what, why);
        problem.why.extend(self.web.logged(look));
        problem.hint("between the two stand its worker, the object store and ClickHouse")
    }
}
