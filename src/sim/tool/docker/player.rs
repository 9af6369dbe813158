use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Inside, busybox, service};
use crate::{
    machine::{Output, Reply},
    sim::tool::services::{self, Kind, Service},
};

/// What runs in the containers of an image. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Player {
    /// Sits there, whatever its command is.
    Idle,
    /// Says why and ends with 1 at once.
    Fails,
    /// Busybox: does what its command says.
    Busybox,
    /// A program of the services'.
    Service(Kind),
}

/// What is at work in a container.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::sim) struct Run {
    /// When it ends by itself, and how.
    pub(in crate::sim) ends: Option<(Timestamp, i32)>,
    /// The ports that it accepts connections on, each with whether it does so from inside by loopback.
    pub(in crate::sim) listens: Vec<(u16, bool)>,
    /// When it goes on by itself, and what it is to know then.
    pub(in crate::sim) wakes: Option<(Timestamp, String)>,
    /// Bytes of memory that it needs.
    pub(in crate::sim) memory: u64,
    /// How it ends upon SIGTERM; `None`: it does not care.
    pub(in crate::sim) term: Option<i32>,
    /// What it has in memory.
    pub(in crate::sim) service: Option<Box<Service>>,
    /// Whether it is about to be killed for want of memory.
    pub(in crate::sim) starving: bool,
}

/// A request to a program in a container, or in another language than HTTP: its words then stand in `method` and `body`.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Asked<'a> {
    /// Which of the container's ports.
    pub(in crate::sim) port: u16,
    /// `GET` and others.
    pub(in crate::sim) method: &'a str,
    /// With its query.
    pub(in crate::sim) path: &'a str,
    /// The `Authorization` header.
    pub(in crate::sim) authorization: Option<&'a str>,
    /// What follows.
    pub(in crate::sim) body: &'a [u8],
}

/// Bytes of memory of a program that does next to nothing.
const SMALL: u64 = 4_000_000;

impl Run {
    /// Sits there, and minds SIGTERM no more than a first process does that has not said so.
    pub(in crate::sim) fn idle() -> Self {
        Self { memory: SMALL, ..Self::default() }
    }

    /// Ends at once.
    pub(in crate::sim) fn over(code: i32, now: Timestamp) -> Self {
        Self { ends: Some((now, code)), ..Self::idle() }
    }
}

impl Player {
    /// The container is started. What it needs is looked for here; what it finds missing makes it end.
    pub(super) fn start(self, inside: &mut Inside) -> Run {
        match self {
            Self::Idle => Run::idle(),
            Self::Fails => {
                inside.log("it cannot start");
                Run::over(1, inside.now())
            }
            Self::Busybox => busybox::start(inside),
            Self::Service(kind) => service::start(kind, inside),
        }
    }

    /// Whether its image has the program that is to run; else says which it lacks.
    pub(super) fn has_program(self, argv: &[String]) -> Result<(), String> {
        match (self, argv.first()) {
            (Self::Busybox, Some(program)) if !busybox::known(argv) => Err(program.clone()),
            (_, Some(_)) => Ok(()),
            (_, None) => Err(String::new()),
        }
    }

    /// The time of [`Run::wakes`] has come.
    pub(super) fn wake(self, inside: &mut Inside, note: &str) -> Run {
        match self {
            Self::Busybox => busybox::wake(inside, note),
            Self::Service(kind) => service::wake(kind, inside),
            Self::Idle | Self::Fails => Run::idle(),
        }
    }

    /// Runs a command beside it: a test of its health, or what somebody asks for.
    pub(super) fn exec(self, inside: &mut Inside, argv: &[String]) -> (Output, Duration) {
        match self {
            Self::Idle | Self::Fails | Self::Busybox => busybox::exec(inside, argv),
            Self::Service(kind) => services::command(Some(kind), inside, argv, ""),
        }
    }

    /// Answers a request to a port that it listens on; `Err`: the connection ends without an answer.
    pub(super) fn answer(self, inside: &mut Inside, asked: &Asked) -> (Result<Reply, String>, Duration) {
        match self {
            Self::Busybox => busybox::answer(inside, asked),
            Self::Service(_) => service::answer(inside, asked),
            Self::Idle | Self::Fails => (Err("nothing listens".to_owned()), Duration::ZERO),
        }
    }
}
