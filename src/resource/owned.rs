//! What of a container engine's is ours: it bears our label. And an engine that does not answer.

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::{Leaving, Removal};
use crate::{
    journal::Receipt,
    machine::engine::EngineFault,
    value::{Id, Problem, State, Value},
};

/// The label by which a network, a volume or a container is known as ours: the id of its resource.
pub const OWNER: &str = "dev.forge.id";

/// The field that tells whose it is, and the one that tells why nothing could be seen.
pub(super) const OWNER_FIELD: &str = "owner";
const SILENT: &str = "engine";

/// What an engine answered; of one that cannot be reached, what is seen then: nothing, and why.
pub(super) fn heard<T>(answer: Result<T, EngineFault>, doing: &str) -> Result<Result<T, State>> {
    match answer {
        Ok(found) => Ok(Ok(found)),
        Err(EngineFault::Unreachable(why)) => Ok(Err(State::absent().with(SILENT, why))),
        Err(fault) => bail!("{doing}: the container engine answered {fault}"),
    }
}

/// Why nothing can be removed: the engine does not answer. When its machine goes in the same run, all in it goes along.
pub(super) fn unheard(socket: &Utf8Path, found: &State, leaving: &Leaving) -> Option<Removal> {
    let why = found.get(SILENT).as_text()?;
    if leaving.machines.contains(socket) {
        return Some(Removal::kept("it goes with the engine's machine"));
    }
    Some(Removal::held(format!(
        "the container engine at unix://{socket} does not answer, so nobody can tell ({why}); start it, then destroy again"
    )))
}

/// Why a thing of an engine's, `the volume x`, is not removed, if so: nobody can tell, it is not there, or it is not ours.
pub(super) fn stays(
    what: &str,
    socket: &Utf8Path,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Option<Removal> {
    let others = || Removal::kept(format!("{what} is somebody else's now"));
    unheard(socket, found, leaving)
        .or_else(|| (!found.present || !receipt.created()).then(Removal::default))
        .or_else(|| (!receipt.ours(OWNER_FIELD, found.get(OWNER_FIELD))).then(others))
}

/// Somebody else has something of that name.
pub(super) fn taken(kind: &str, name: &str, id: &Id, found: &State, socket: &Utf8Path) -> Option<Problem> {
    let owner = found.get(OWNER_FIELD);
    if !found.present || owner.as_text() == Some(id.as_str()) {
        return None;
    }
    let listing = match kind {
        "container" => "ps --all --no-trunc --filter name",
        "network" => "network ls --filter name",
        _ => "volume ls --filter name",
    };
    let why = match owner {
        Value::Text(owner) => format!("its label `{OWNER}` says `{owner}`, and not `{id}`"),
        _ => format!("it has no label `{OWNER}`, so forgectl has not made it and leaves it alone"),
    };
    Some(
        Problem::mac(format!("somebody else's {kind} has the name `{name}`"))
            .why(why)
            .hint("rename or remove it if you do not need it, or give the service another name; what it is:")
            .remedy(format!("docker --host unix://{socket} {listing}={name}")),
    )
}

/// Whether what was found bears the label of `id`.
pub(super) fn is_ours(found: &State, id: &Id) -> bool {
    found.get(OWNER_FIELD).as_text() == Some(id.as_str())
}
