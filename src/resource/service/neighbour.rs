use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::Part;
use crate::{
    machine::{Changing, Machine},
    resource::Evidence,
    value::Problem,
};

/// How long a connection out of a container may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A server of this Mac as a container reaches it. Which address leads there depends on the engine, so it is tried, from inside
/// (docs/service-facts.md#host-from-container).
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// The address that the container was told, `http://host.docker.internal:11434`.
    pub told: String,
    /// All that may lead there.
    pub candidates: Vec<String>,
    /// Where the one that does is kept, for the next plan.
    pub kept: Utf8PathBuf,
    /// Whether the server listens beyond this Mac's loopback.
    pub open: bool,
}

impl Neighbour {
    /// Whether the container of `part` reaches the server under the address that it was told. Where only another leads there, that
    /// is kept, and the next apply makes the container with it.
    pub(super) fn reached(&self, part: &Part, machine: &dyn Machine) -> Result<Evidence> {
        let why = match try_from(part, machine, &self.told)? {
            Ok(()) => return Ok(vec![format!("from inside its container Ollama answers at {}", self.told)]),
            Err(why) => why,
        };
        let mut tried = vec![format!("{}: {why}", self.told)];
        for candidate in self.candidates.iter().filter(|candidate| **candidate != self.told) {
            match try_from(part, machine, candidate)? {
                Ok(()) => return Err(self.elsewhere(part, machine, candidate, tried)?.into()),
                Err(why) => tried.push(format!("{candidate}: {why}")),
            }
        }
        Err(self.nowhere(part, tried).into())
    }

    fn elsewhere(
        &self,
        part: &Part,
        machine: &dyn Machine,
        works: &str,
        tried: Vec<String>,
    ) -> Result<Problem> {
        machine.keep(&self.kept, works.as_bytes())?;
        let what = format!(
            "{} was told an address of Ollama that does not lead there from its container",
            part.name
        );
        let mut problem = Problem::mac(what);
        problem.why.extend(tried);
        Ok(problem
            .why(format!("{works} leads there: it is kept, and the next apply makes the container with it"))
            .hint("apply again; its data stays"))
    }

    fn nowhere(&self, part: &Part, tried: Vec<String>) -> Problem {
        let mut problem = Problem::mac(format!("{} does not reach Ollama from its container", part.name));
        problem.why.extend(tried);
        let problem = if self.open {
            problem.hint("something between the container and this Mac keeps them apart: look for a firewall")
        } else {
            problem
                .why("Ollama listens on this Mac's loopback only, which an engine without a virtual machine does not lead to")
                .hint("let it listen beyond that, and apply again: `ollama: {listen: lan}`; it asks nobody for a password")
        };
        problem.hint("try by hand:").remedy(format!(
            "docker --host unix://{} exec {} curl --silent --show-error {}/api/version",
            part.engine, part.container, self.told
        ))
    }
}

/// Whether a server answers at `url` when it is asked from inside the container of `part`.
fn try_from(part: &Part, machine: &dyn Machine, url: &str) -> Result<Result<(), String>> {
    let seconds = CONNECT.as_secs().to_string();
    let place = format!("{url}/api/version");
    let argv = ["curl", "--silent", "--show-error", "--fail", "--max-time", &seconds, &place];
    Ok(match machine.exec(&part.engine, &part.container, &argv, CONNECT * 3)? {
        Ok(output) if output.ok() => Ok(()),
        Ok(output) => Err(output.said()),
        Err(fault) => Err(fault.to_string()),
    })
}
