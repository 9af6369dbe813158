use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::Deserialize;

use super::{Evidence, JobSpec, Resource};
use crate::{
    machine::{Changing, Look, Looking, Machine, Patience, Quiet, Request, Tool, Wait, tool::ps::vis},
    step::Step,
    value::{Delta, Deltas, Id, Place, Problem, State, Wanted, human_bytes},
};

/// The Ollama server as a launchd job of ours.
#[derive(Debug)]
pub struct Ollama {
    /// The job.
    pub job: JobSpec,
    /// Where it is asked, `http://127.0.0.1:11434`.
    pub url: String,
    /// Its TCP port.
    pub port: u16,
    /// The context length that every model gets, unless it has less or asks for another.
    pub num_ctx: u64,
    /// Where it logs.
    pub log: Utf8PathBuf,
}

/// What `/api/version` answers (docs/mac-facts.md#ollama-api-version).
#[derive(Deserialize)]
struct Version {
    version: String,
}

/// What `/api/ps` and `/api/tags` answer (docs/mac-facts.md#ollama-api-ps).
#[derive(Deserialize)]
struct Models {
    #[serde(default)]
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    size_vram: u64,
    #[serde(default)]
    context_length: u64,
    #[serde(default)]
    details: Details,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    context_length: u64,
}

impl Resource for Ollama {
    fn id(&self) -> Id {
        Id::new("launchd-job", &self.job.label)
    }

    fn place(&self) -> Place {
        self.job.place()
    }

    fn wanted(&self) -> Wanted {
        self.job.wanted()
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        self.job.reason(found, deltas)
    }

    fn hindrance(&self, found: &State, known: bool) -> Option<Problem> {
        self.job.hindrance(found, known)
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        self.job.steps(found, deltas)
    }

    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        let patience = Patience { every: Duration::from_millis(250), limit: patience, how: Wait::Poll };
        let checked =
            look.until(&format!("`{}` to answer", self.job.label), patience, || self.look_once(look));
        checked.map_err(|error| {
            if crate::machine::Halt::of(&error).is_some() {
                return error;
            }
            let mut problem = Problem::mac(format!("the service does not work: `{}`", self.job.label))
                .why(format!("{error:#}"));
            problem.why.extend(self.symptoms(look));
            problem.remedy(format!("launchctl kickstart -k {}/{}", self.job.domain, self.job.label)).into()
        })
    }

    fn symptoms(&self, look: &dyn Look) -> Vec<String> {
        let mut seen = vec![];
        if let Ok(Some(log)) = look.read_text(&self.log)
            && let Some(last) = log.lines().rev().find(|line| !line.trim().is_empty())
        {
            seen.push(format!("the last line of {}: {last}", self.log));
        }
        let own = look.loaded_job(self.job.domain, &self.job.label).ok().flatten().and_then(|job| job.pid());
        if let Ok(listeners) = look.listeners(self.port)
            && let Some(holder) =
                listeners.into_iter().find(|holder| holder.pid.is_none() || holder.pid != own)
        {
            seen.push(format!("port {} is held by {}", self.port, holder.who()));
        }
        seen
    }

    fn use_loads(&self, look: &dyn Look) -> Result<Option<String>> {
        Ok(self.smallest(look)?.map(|model| {
            format!(
                "`{}` is loaded ({} on disk) for one token, and unloaded",
                model.name,
                human_bytes(model.size)
            )
        }))
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, Duration::from_secs(30))?;
        let Some(model) = self.smallest(machine)? else {
            evidence.push("no model is here yet, so none was loaded".into());
            return Ok(evidence);
        };
        let before = self.loaded(machine)?.into_iter().any(|loaded| loaded.name == model.name);
        let asked = self.generate(machine, &model.name, r#","prompt":"1","options":{"num_predict":1}"#);
        let seen = asked.and_then(|()| self.loaded(machine));
        if !before {
            self.generate(machine, &model.name, r#","keep_alive":0"#)?;
        }
        let loaded = seen?.into_iter().find(|loaded| loaded.name == model.name);
        let loaded = loaded
            .with_context(|| format!("`{}` answered, and is not among the loaded models", model.name))?;
        let wanted = if model.details.context_length > 0 {
            self.num_ctx.min(model.details.context_length)
        } else {
            self.num_ctx
        };
        if loaded.context_length != wanted {
            return Err(Problem::mac(format!("the context length is not as declared: `{}`", model.name))
                .why(format!("loaded with {}, wanted {wanted}", loaded.context_length))
                .hint("the model may have one of its own baked in; see its parameters:")
                .remedy(format!("ollama show --parameters {}", model.name))
                .into());
        }
        evidence.push(format!("`{}` gave a token with a context of {wanted}", model.name));
        if loaded.size_vram < loaded.size {
            evidence.push(format!(
                "only {} of its {} are on the GPU",
                human_bytes(loaded.size_vram),
                human_bytes(loaded.size)
            ));
        }
        Ok(evidence)
    }
}

impl Ollama {
    /// One look at all that shows whether it works; `Err` says what is not so yet.
    fn look_once(&self, look: &dyn Look) -> Result<Result<Evidence, String>> {
        let Some(printed) = look.loaded_job(self.job.domain, &self.job.label)? else {
            return Ok(Err("launchd does not have the job".into()));
        };
        if !self.job.is_loaded_as(&printed) {
            return Ok(Err("launchd has another definition of the job".into()));
        }
        if printed.is_going() {
            return Ok(Err("it is going down".into()));
        }
        let Some(pid) = printed.pid() else {
            return Ok(Err(format!(
                "no process: state {}, started {} times, last exit code {}",
                printed.get("state").unwrap_or("unknown"),
                printed.runs(),
                printed.get("last exit code").unwrap_or("unknown"),
            )));
        };
        let version: Version = match self.ask(look, "/api/version")? {
            Ok(version) => version,
            Err(why) => return Ok(Err(why)),
        };
        let running: Models = match self.ask(look, "/api/ps")? {
            Ok(running) => running,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(wrong) = self.wrong_environment(look, pid)? {
            return Ok(Err(wrong));
        }
        let holder = look.listeners(self.port)?.into_iter().find(|listener| listener.pid.is_some());
        if let Some(holder) = holder.filter(|holder| holder.pid != Some(pid)) {
            return Ok(Err(format!("port {} is held by {}", self.port, holder.who())));
        }
        let mut evidence = vec![format!("Ollama {} answers at {}, pid {pid}", version.version, self.url)];
        evidence.push(format!("its process has OLLAMA_CONTEXT_LENGTH={}", self.num_ctx));
        evidence.extend(
            running
                .models
                .iter()
                .map(|model| format!("`{}` is loaded, context {}", model.name, model.context_length)),
        );
        Ok(Ok(evidence))
    }

    /// What of the declared environment the process does not have (docs/mac-facts.md#ps-environment, #ps-vis).
    fn wrong_environment(&self, look: &dyn Look, pid: u32) -> Result<Option<String>> {
        let output = look.tool(Tool::ProcessEnvironment(pid))?;
        if !output.ok() {
            return Ok(Some(format!("process {pid} is gone")));
        }
        let shown = format!(" {} ", output.stdout.trim().replace('\n', " "));
        Ok(self
            .job
            .definition
            .environment
            .iter()
            .find(|(name, value)| !shown.contains(&format!(" {} ", vis(&format!("{name}={value}")))))
            .map(|(name, value)| format!("process {pid} does not have {name}={value}")))
    }

    fn ask<T: for<'de> Deserialize<'de>>(&self, look: &dyn Look, path: &str) -> Result<Result<T, String>> {
        let url = format!("{}{path}", self.url);
        Ok(match look.get(&url)? {
            Err(why) => Err(format!("`{url}` gave: {why}")),
            Ok(reply) if reply.status != 200 => Err(format!("`{url}` answered {}", reply.status)),
            Ok(reply) => serde_json::from_slice(&reply.body)
                .map_err(|error| format!("`{url}` gave no answer of Ollama's: {error}")),
        })
    }

    fn smallest(&self, look: &dyn Look) -> Result<Option<Model>> {
        let tags: Result<Models, String> = self.ask(look, "/api/tags")?;
        Ok(tags.map_err(Problem::mac)?.models.into_iter().min_by_key(|model| model.size))
    }

    fn loaded(&self, look: &dyn Look) -> Result<Vec<Model>> {
        let running: Result<Models, String> = self.ask(look, "/api/ps")?;
        Ok(running.map_err(Problem::mac)?.models)
    }

    fn generate(&self, machine: &dyn Machine, model: &str, rest: &str) -> Result<()> {
        let url = format!("{}/api/generate", self.url);
        let body = format!(r#"{{"model":{},"stream":false{rest}}}"#, serde_json::to_string(model)?);
        let request = Request { url: url.clone(), body, limit: Duration::from_mins(10) };
        let said = match machine.try_out(request, &Quiet)? {
            Ok(reply) if reply.status == 200 => return Ok(()),
            Ok(reply) => {
                format!("`{url}` answered {}: {}", reply.status, String::from_utf8_lossy(&reply.body))
            }
            Err(why) => format!("`{url}` gave: {why}"),
        };
        Err(Problem::mac(format!("the model does not answer: `{model}`"))
            .why(said)
            .remedy(format!("ollama run {model}"))
            .into())
    }
}
