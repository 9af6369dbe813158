use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Patience, Wait, engine::EngineFault},
    step::{AcceptLicence, AwaitEngine, EngineStart, OpenApp, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Want, Wanted},
};

/// A container engine that is to answer on its socket. Nothing but an answer there proves one: neither an exit code nor what a
/// tool says of its state (docs/service-facts.md#engine-ping).
#[derive(Debug)]
pub struct Engine {
    /// Its name in ids: `running`, `colima`.
    pub name: String,
    /// Its socket.
    pub socket: Utf8PathBuf,
    /// How one is started that the stack brings; `None` for somebody else's.
    pub start: Option<EngineStart>,
}

impl Resource for Engine {
    fn id(&self) -> Id {
        Id::new("engine", &self.name)
    }

    fn place(&self) -> Place {
        Place::Engine { socket: self.socket.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("answers".into(), Want::Is(true.into()))])
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        match &self.start {
            Some(EngineStart::App(app)) if app.licence => {
                format!("accept the licence of {}, open it, and wait until it answers", app.name)
            }
            Some(EngineStart::App(app)) => format!("open {}, and wait until it answers", app.name),
            Some(EngineStart::Colima(_)) | None => "wait until it answers".into(),
        }
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if let Some(EngineStart::App(app)) = &self.start {
            if app.licence {
                steps.push(Box::new(AcceptLicence(app.clone())));
            }
            steps.push(Box::new(OpenApp(app.clone())));
        }
        steps.push(Box::new(AwaitEngine { socket: self.socket.clone(), start: self.start.clone() }));
        steps
    }

    fn urls(&self) -> Vec<(String, String)> {
        vec![("Docker".into(), format!("unix://{}", self.socket))]
    }

    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        let patience = Patience { every: Duration::from_millis(500), limit: patience, how: Wait::Poll };
        let answer = look.until("the container engine to answer", patience, || {
            Ok(match look.engine_version(&self.socket)? {
                Ok(version) => Ok(version),
                Err(fault) => Err(format!("unix://{}: {fault}", self.socket)),
            })
        });
        let version = answer.map_err(|error| {
            if crate::machine::Halt::of(&error).is_some() {
                return error;
            }
            Problem::mac(format!("the container engine does not answer: `unix://{}`", self.socket))
                .why(format!("{error:#}"))
                .hint("what it says to docker itself:")
                .remedy(format!("docker --host unix://{} version", self.socket))
                .into()
        })?;
        Ok(vec![format!(
            "Docker Engine {} answers at unix://{}, API {}, {}",
            version.version, self.socket, version.api, version.platform
        )])
    }
}

pub(super) fn observe(look: &dyn Look, socket: &Utf8Path, _: Option<&Receipt>) -> Result<State> {
    if look.resolve(socket)?.is_none() {
        return Ok(State::absent().with("answers", false));
    }
    Ok(match look.engine_version(socket)? {
        Ok(_) => State::present().with("answers", true),
        Err(EngineFault::Unreachable(_) | EngineFault::Refused { .. }) => {
            State::present().with("answers", false)
        }
    })
}

/// It is its owner's: a job, or somebody else.
pub(super) fn removal(_: &Utf8Path, _: &Receipt, _: &State, _: &Leaving) -> Removal {
    Removal::default()
}
