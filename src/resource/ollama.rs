use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::Deserialize;

use super::{Evidence, JobSpec, Resource};
use crate::{
    machine::{Changing, Look, Looking, Machine, Patience, Quiet, Request, Tool, Wait, tool::ps::vis},
    step::Step,
    value::{Delta, Deltas, Domain, Id, Place, Problem, State, Wanted, human_bytes},
};

mod models;

/// The Ollama server as a launchd job of ours.
#[derive(Debug)]
pub struct Ollama {
    /// The job.
    pub job: JobSpec,
    /// Where it is asked, `http://127.0.0.1:11434`.
    pub url: String,
    /// Where it listens.
    pub socket: SocketAddr,
    /// The context length that every model gets, unless it has less or asks for another.
    pub num_ctx: u64,
    /// Where it logs.
    pub log: Utf8PathBuf,
    /// Bytes of the Mac's memory, if known.
    pub memory: Option<u64>,
}

/// What `/api/version` answers (docs/mac-facts.md#ollama-api-version).
#[derive(Deserialize)]
struct Version {
    version: String,
}

/// What `/api/ps` answers (docs/mac-facts.md#ollama-api-ps).
#[derive(Deserialize)]
struct Running {
    #[serde(default)]
    models: Vec<Loaded>,
}

#[derive(Deserialize)]
struct Loaded {
    name: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    size_vram: u64,
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

    fn exposed(&self) -> Option<String> {
        let socket = self.socket;
        (!socket.ip().is_loopback()).then(|| {
            format!(
                "Ollama listens on {socket}: whoever reaches this Mac on the network can use it and delete its models; it asks for no password"
            )
        })
    }

    fn urls(&self) -> Vec<(String, String)> {
        vec![("Ollama".into(), self.url.clone())]
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
            let sudo = if self.job.domain == Domain::System { "sudo " } else { "" };
            let target = format!("{}/{}", self.job.domain, self.job.label);
            problem
                .hint("see what it does, or start it anew:")
                .remedy(format!("launchctl print {target}"))
                .remedy(format!("{sudo}launchctl kickstart -k {target}"))
                .into()
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
        if let Ok(listeners) = look.listeners(self.socket)
            && let Some(holder) =
                listeners.into_iter().find(|holder| holder.pid.is_none() || holder.pid != own)
        {
            seen.push(format!("port {} is held by {}", self.socket.port(), holder.who()));
        }
        seen
    }

    fn use_loads(&self, look: &dyn Look) -> Result<Option<String>> {
        let chosen = models::choose(self.models(look)?, self.memory).ok();
        Ok(chosen.map(|model| {
            let size = human_bytes(model.size);
            format!("`{}` is loaded ({size} on disk) for one token, and unloaded", model.name)
        }))
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, Duration::from_secs(30))?;
        match self.provable(machine)? {
            Ok(model) => evidence.extend(self.try_out(machine, &model)?),
            Err(why) => evidence.push(why),
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
        let running: Running = match self.ask(look, "/api/ps")? {
            Ok(running) => running,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(wrong) = self.wrong_environment(look, pid)? {
            return Ok(Err(wrong));
        }
        // Others that can be told may listen beside it, on other addresses.
        let known: Vec<_> =
            look.listeners(self.socket)?.into_iter().filter(|listener| listener.pid.is_some()).collect();
        if let (Some(holder), false) = (known.first(), known.iter().any(|listener| listener.pid == Some(pid)))
        {
            return Ok(Err(format!("port {} is held by {}", self.socket.port(), holder.who())));
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

    /// The models in the store.
    fn models(&self, look: &dyn Look) -> Result<Vec<models::Model>> {
        let tags: Result<models::Models, String> = self.ask(look, "/api/tags")?;
        Ok(tags.map_err(|why| self.unheard(why, "/api/tags"))?.models)
    }

    fn loaded(&self, look: &dyn Look) -> Result<Vec<Loaded>> {
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

    /// The model that proves the server at the least cost, or why none does.
    fn provable(&self, machine: &dyn Machine) -> Result<Result<models::Model, String>> {
        let mut all = self.models(machine)?;
        // Older servers say only of a single model what it can do.
        for model in all.iter_mut().filter(|model| !model.is_remote() && model.capabilities.is_none()) {
            model.capabilities = self.shown(machine, &model.name)?.capabilities;
        }
        Ok(models::choose(all, self.memory))
    }

    /// Has a model give a token, and looks at what that loaded; a model that was not loaded before is not afterwards.
    fn try_out(&self, machine: &dyn Machine, model: &models::Model) -> Result<Evidence> {
        let name = &model.name;
        let shown = self.shown(machine, name)?;
        let before = self.loaded(machine)?.into_iter().any(|loaded| loaded.name == *name);
        let asked = self.generate(machine, name, r#","prompt":"1","options":{"num_predict":1}"#);
        let seen = asked.and_then(|()| self.loaded(machine));
        if !before {
            self.generate(machine, name, r#","keep_alive":0"#)?;
        }
        let loaded = seen?.into_iter().find(|loaded| loaded.name == *name);
        let loaded =
            loaded.with_context(|| format!("`{name}` answered, and is not among the loaded models"))?;
        let own = shown.num_ctx();
        let trained = model.details.context_length.or_else(|| shown.trained());
        let wanted = own.unwrap_or(self.num_ctx).min(trained.unwrap_or(u64::MAX));
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
    fn shown(&self, machine: &dyn Machine, model: &str) -> Result<models::Shown> {
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
