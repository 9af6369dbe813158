use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde_json::Value;

use crate::{
    machine::{Changing, Halt, Look, Looking, Machine, Patience, Quiet, Request, Wait, engine::LogLine},
    resource::Evidence,
    value::{HIDDEN, Problem, SecretName},
};

/// Lines of a container's log that an error shows at the most.
const LINES: usize = 4;

/// A container of a service, and where it answers.
#[derive(Clone, Debug)]
pub struct Part {
    /// What people call it: `Open WebUI`.
    pub name: String,
    /// The socket of its engine.
    pub engine: Utf8PathBuf,
    /// Its container.
    pub container: String,
    /// Where it answers on this Mac, `http://127.0.0.1:3000`.
    pub url: String,
    /// The folder in which forgectl keeps secrets.
    pub secrets: Utf8PathBuf,
    /// All secrets that stand in its variables; none of them is shown when its log is.
    pub knows: Vec<SecretName>,
}

/// What came of a request: the body of a 200 as JSON, or what came instead.
pub(super) type Answer = Result<Value, String>;

impl Part {
    /// Looks at `path` until it answers 200.
    pub(super) fn answers(&self, look: &dyn Look, path: &str, patience: Duration) -> Result<Value> {
        let patience = Patience { every: Duration::from_secs(2), limit: patience, how: Wait::Poll };
        let url = format!("{}{path}", self.url);
        let answered = look.until(&format!("{} to answer", self.name), patience, || {
            Ok(match look.get(&url)? {
                Ok(reply) => read(&url, reply.status, &reply.body),
                Err(why) => Err(format!("`{url}` gave: {why}")),
            })
        });
        answered.map_err(|error| match Halt::of(&error) {
            Some(_) => error,
            None => self.broken(look, &format!("{} does not work", self.name), format!("{error:#}")).into(),
        })
    }

    /// The value of a secret, for the moment of its use.
    pub(super) fn secret(&self, look: &dyn Look, name: &SecretName) -> Result<String> {
        let path = self.secrets.join(name.as_str());
        look.read_text(&path)?.with_context(|| format!("the secret `{name}` is not there: {path}"))
    }

    /// That it does not do what it is for, with what it has logged last and the way to more of it.
    pub(super) fn broken(&self, look: &dyn Look, what: &str, why: String) -> Problem {
        let mut problem = Problem::mac(what).why(why);
        problem.why.extend(self.logged(look));
        problem
            .hint(format!("what {} logs:", self.name))
            .remedy(format!("docker --host unix://{} logs --tail 50 {}", self.engine, self.container))
    }

    /// What it has logged last: lines that speak of a failure, if there are such. No secret that it knows is in them.
    pub(super) fn logged(&self, look: &dyn Look) -> Vec<String> {
        let Ok(Ok(lines)) = look.container_log(&self.engine, &self.container, 200, None) else {
            return vec![];
        };
        let values: Vec<String> = self.knows.iter().filter_map(|name| self.secret(look, name).ok()).collect();
        let shown = |line: &LogLine| {
            values
                .iter()
                .fold(line.text.trim().to_owned(), |line, value| line.replace(value.as_str(), HIDDEN))
        };
        let lines: Vec<String> = lines.iter().map(shown).filter(|line| !line.is_empty()).collect();
        let failed = |line: &&String| {
            let line = line.to_lowercase();
            ["error", "fatal", "fail", "exception", "refused"].iter().any(|word| line.contains(word))
        };
        let failures: Vec<&String> = lines.iter().filter(failed).collect();
        let told = if failures.is_empty() { lines.iter().collect() } else { failures };
        let skip = told.len().saturating_sub(LINES);
        told.into_iter().skip(skip).map(|line| format!("{} logged: {line}", self.name)).collect()
    }

    /// What can be opened.
    pub(super) fn opened(&self) -> Vec<(String, String)> {
        vec![(self.name.clone(), self.url.clone())]
    }

    /// That it answers, as evidence.
    pub(super) fn evidence(&self, version: Option<&str>) -> Evidence {
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        vec![format!("{}{version} is ready at {}", self.name, self.url)]
    }
}

/// Sends a request that proves something by use.
pub(super) fn ask(machine: &dyn Machine, request: Request) -> Result<Answer> {
    let url = request.url.clone();
    Ok(match machine.try_out(request, &Quiet)? {
        Ok(reply) => read(&url, reply.status, &reply.body),
        Err(why) => Err(format!("`{url}` gave: {why}")),
    })
}

fn read(url: &str, status: u16, body: &[u8]) -> Answer {
    if status != 200 {
        return Err(format!("`{url}` answered {status}: {}", said(body)));
    }
    serde_json::from_slice(body).map_err(|error| format!("`{url}` answered with no JSON: {error}"))
}

/// What a body says, in a line that is not too long: its message where it has one.
fn said(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = ["detail", "message", "error", "status"].iter().find_map(|key| value.get(*key)?.as_str());
    let text = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}
