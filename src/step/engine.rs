use std::{cell::RefCell, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, AppStart, ColimaStart, Step, colima::Watch};
use crate::{
    machine::{Halt, Looking, Machine, Patience, Tell, Wait},
    value::Problem,
};

/// How long an engine of somebody else's is waited for.
const FOREIGN: Duration = Duration::from_mins(1);

/// How long Colima may take: its first start fetches the disk of its machine, hundreds of megabytes
/// (docs/service-facts.md#colima-start).
const COLIMA: Duration = Duration::from_mins(15);

/// How long an application may take. One that waits for a click takes for ever.
const APP: Duration = Duration::from_mins(4);

/// How an engine is started that the stack brings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EngineStart {
    /// Colima, by its job.
    Colima(ColimaStart),
    /// An application.
    App(AppStart),
}

/// Waits until an engine answers on its socket. One of ours whose machine stands in its own way is put right once.
#[derive(Debug)]
pub struct AwaitEngine {
    /// Its socket.
    pub socket: Utf8PathBuf,
    /// How one is started that the stack brings; `None` for somebody else's.
    pub start: Option<EngineStart>,
}

impl Step for AwaitEngine {
    fn about(&self) -> About {
        About {
            words: "wait until the container engine answers".into(),
            why: "nothing but an answer on its socket shows that it runs".into(),
            commands: vec![format!("curl --unix-socket {} http://localhost/_ping", self.socket)],
            undo: "nothing to undo".into(),
            long: self.start.is_some(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let limit = match &self.start {
            Some(EngineStart::Colima(_)) => COLIMA,
            Some(EngineStart::App(_)) => APP,
            None => FOREIGN,
        };
        let patience = Patience { every: Duration::from_secs(1), limit, how: Wait::Poll };
        let watch = match &self.start {
            Some(EngineStart::Colima(start)) => Some(RefCell::new(Watch::new(start, machine.now()))),
            Some(EngineStart::App(_)) | None => None,
        };
        let answered = machine.until("the container engine to answer", patience, || {
            let Err(fault) = machine.engine_version(&self.socket)? else { return Ok(Ok(())) };
            if let Some(watch) = &watch {
                watch.borrow_mut().look(machine, tell)?;
            }
            Ok(Err(format!("unix://{}: {fault}", self.socket)))
        });
        answered.map_err(|error| {
            if Halt::of(&error).is_some() || error.downcast_ref::<Problem>().is_some() {
                return error;
            }
            let problem =
                Problem::mac(format!("the container engine does not answer: `unix://{}`", self.socket))
                    .why(format!("{error:#}"));
            match &self.start {
                Some(EngineStart::Colima(start)) => start.advise(machine, problem).into(),
                Some(EngineStart::App(app)) => app.advise(problem).into(),
                None => problem
                    .hint("start it, then apply again; what it says to docker itself:")
                    .remedy(format!("docker --host unix://{} version", self.socket))
                    .into(),
            }
        })
    }
}
