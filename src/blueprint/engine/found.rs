use anyhow::Result;
use camino::Utf8PathBuf;

use super::{EngineOf, judge};
use crate::{
    blueprint::{Blueprint, Site},
    machine::{
        Looking,
        engine::{EngineFault, EngineVersion},
        tool::docker::{self, Endpoint},
    },
    manifest::EngineKind,
    resource::Engine,
    value::{Id, Place, Problem, Span},
};

/// The resource of an engine that somebody else keeps.
const RUNNING: &str = "running";

/// Where an engine may be, and who says so.
struct Candidate {
    socket: Utf8PathBuf,
    by: String,
}

/// Whatever answers, found as the docker CLI finds it, then at the sockets that are known. Once a stack stands on one it stays
/// with that: its volumes lie there.
pub(super) fn running(site: &Site, blueprint: &mut Blueprint, origin: &Span) -> Result<EngineOf> {
    let id = Id::new("engine", RUNNING);
    let (named, mut refusal) = candidates(site)?;
    let before = match site.receipts.get(&id).map(|receipt| &receipt.place) {
        Some(Place::Engine { socket }) => Some(socket.clone()),
        _ => None,
    };
    let candidates = match &before {
        Some(socket) => {
            refusal = None;
            vec![Candidate { socket: socket.clone(), by: "this stack's things are in it".into() }]
        }
        None => named,
    };
    let (found, mut silent) = (answering(site, &candidates)?, vec![]);
    let (socket, version) = match found {
        Ok((socket, version)) => (socket, Some(version)),
        Err(why) => {
            silent = why;
            let first = candidates.into_iter().next().map(|first| first.socket);
            (first.unwrap_or_else(|| docker::DEFAULT.into()), None)
        }
    };
    if version.is_none() {
        let refused = refusal.unwrap_or_else(|| none(silent, before.is_some()));
        blueprint.refusals.push(refused.at(Some(origin)).of(&id));
    }
    judge::version(version.as_ref(), &id, blueprint, origin);
    if version.is_some() {
        judge::foreign_memory(site, &socket, EngineKind::Running, blueprint, origin)?;
    }
    let engine = Engine { name: RUNNING.into(), socket: socket.clone(), start: None };
    let id = blueprint.add(engine, vec![], origin.clone());
    Ok(EngineOf::new(id, EngineKind::Running, socket, version.as_ref()))
}

/// Where to look, in this order; and why nowhere, where what was named is no socket of this Mac.
fn candidates(site: &Site) -> Result<(Vec<Candidate>, Option<Problem>)> {
    Ok(match docker::endpoint(site.look, site.identity)? {
        Endpoint::Socket { socket, by } => (vec![Candidate { socket, by }], None),
        Endpoint::Elsewhere { host, by } => {
            let problem = Problem::mac(format!("the container engine is not on a socket of this Mac: `{host}`"))
                .why(format!("{by} says so"))
                .hint("forgectl brings one Mac to its state, and asks no engine of another or over a network port")
                .hint("take it out of your environment for this command, or let this stack bring an engine: `engine: colima`")
                .remedy("env -u DOCKER_HOST -u DOCKER_CONTEXT forgectl plan STACK");
            (vec![], Some(problem))
        }
        Endpoint::NoContext { name, file, by } => {
            let problem = Problem::mac(format!("docker has no context `{name}`"))
                .why(format!("{by} names it, and nothing is told of it at {file}"))
                .hint("name another; which there are:")
                .remedy("docker context ls");
            (vec![], Some(problem))
        }
        Endpoint::Unnamed => {
            let usual = Candidate { socket: docker::DEFAULT.into(), by: "docker's default".into() };
            let home = &site.identity.home;
            let known = docker::KNOWN
                .into_iter()
                .map(|(name, socket)| Candidate { socket: home.join(socket), by: name.into() });
            (std::iter::once(usual).chain(known).collect(), None)
        }
    })
}

/// The first that answers, or what each said.
fn answering(
    site: &Site,
    candidates: &[Candidate],
) -> Result<std::result::Result<(Utf8PathBuf, EngineVersion), Vec<String>>> {
    let mut silent = vec![];
    for Candidate { socket, by } in candidates {
        // What is not there need not be asked.
        if site.look.resolve(socket)?.is_none() {
            silent.push(format!("{socket} ({by}): nothing is there"));
            continue;
        }
        match site.look.engine_version(socket)? {
            Ok(version) => return Ok(Ok((socket.clone(), version))),
            Err(EngineFault::Unreachable(why) | EngineFault::Refused { message: why, .. }) => {
                silent.push(format!("{socket} ({by}): {why}"));
            }
        }
    }
    Ok(Err(silent))
}

fn none(silent: Vec<String>, known: bool) -> Problem {
    let what = if known {
        "the container engine that this stack stands on does not answer"
    } else {
        "no container engine answers"
    };
    let mut problem = Problem::mac(what);
    problem.why = silent;
    let problem = problem
        .hint("start yours, whichever it is:")
        .remedy("open -a Docker")
        .remedy("orb start")
        .remedy("colima start");
    if known {
        problem
            .hint("to move to another engine, start this one once more, and take the stack away first:")
            .remedy("forgectl destroy STACK")
    } else {
        problem.hint("or let this stack bring one: `engine: colima`")
    }
}
