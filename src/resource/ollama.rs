use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Evidence, JobSpec, Loads, Resource};
use crate::{
    machine::{Look, Looking, Machine, Patience, Tool, Wait, tool::ps::vis},
    step::Step,
    value::{Delta, Deltas, Domain, Id, Place, Problem, State, Wanted},
};

mod model;
mod models;
mod server;

pub use model::{ModelServer, OllamaModel};
pub(super) use model::{held, observe, removal};
pub use models::{for_models as memory_for_models, in_memory};

use server::{Running, Server, Version};

/// The smallest model of `server` that gives text and fits into this Mac's memory, or why there is none.
pub fn smallest(server: &ModelServer, machine: &dyn Machine) -> Result<Result<String, String>> {
    let all = server.asked().able_models(machine)?;
    Ok(models::choose(all, server.memory).map(|model| model.name))
}

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
            let problem = Problem::mac(format!("the service does not work: `{}`", self.job.label))
                .why(format!("{error:#}"));
            let problem = self.symptoms(look).into_iter().fold(problem, Problem::why);
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

    fn use_loads(&self, look: &dyn Look) -> Result<Option<Loads>> {
        let chosen = models::choose(self.server().models(look)?, self.memory).ok();
        Ok(chosen.map(|model| model.loads()))
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, Duration::from_secs(30))?;
        let server = self.server();
        match models::choose(server.able_models(machine)?, self.memory) {
            Ok(model) => evidence.extend(server.try_out(machine, &model)?),
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
        let server = self.server();
        let version: Version = match server.ask(look, "/api/version")? {
            Ok(version) => version,
            Err(why) => return Ok(Err(why)),
        };
        let running: Running = match server.ask(look, "/api/ps")? {
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

    fn server(&self) -> Server<'_> {
        Server { url: &self.url, log: &self.log, num_ctx: self.num_ctx }
    }
}
