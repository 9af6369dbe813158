//! Container engines, over the Docker Engine API on a socket.

mod asking;
mod body;
mod changing;
mod exec;
mod fault;
mod images;
mod line;
mod listed;
mod paths;
mod pull;
mod seen;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use bollard::ClientVersion;
use camino::{Utf8Path, Utf8PathBuf};

use self::{line::Line, paths::Paths};
use super::{Files, own_files};
use crate::{
    machine::{
        Identity, Output, Tell,
        engine::{EngineAnswer, EngineChange, EngineFault, EngineQuery},
    },
    value::Text,
};

/// The engines that were asked so far.
#[derive(Default)]
pub(super) struct Engines {
    /// The version of the API that is spoken with each, by its real socket.
    spoken: Mutex<BTreeMap<Utf8PathBuf, ClientVersion>>,
    /// What the sockets of a Mac in a folder stand for.
    outside: Outside,
}

/// What a socket stands for.
#[derive(Default)]
enum Outside {
    /// Itself.
    #[default]
    Itself,
    /// Nothing: there is no engine.
    Nothing,
    /// This real one.
    Real(Utf8PathBuf),
}

impl Engines {
    /// Those of a Mac in a folder, for each of which the real one at this socket stands, if any does.
    pub(super) fn only(real: Option<Utf8PathBuf>) -> Self {
        Self { outside: real.map_or(Outside::Nothing, Outside::Real), ..Self::default() }
    }

    /// Asks the engine at `socket`.
    pub(super) fn ask(
        &self,
        files: &Files,
        socket: &Utf8Path,
        query: &EngineQuery,
    ) -> Result<Result<EngineAnswer, EngineFault>> {
        self.with(files, socket, |line| asking::ask(line, &Paths::of(files), query))
    }

    /// Makes a change on the engine at `socket`.
    pub(super) fn change(
        &self,
        (files, who): (&Files, &Identity),
        socket: &Utf8Path,
        change: &EngineChange,
        tell: &dyn Tell,
    ) -> Result<Result<Option<Output>, EngineFault>> {
        self.with(files, socket, |line| match change {
            EngineChange::Pull { reference, platform } => {
                Ok(pull::pull(line, reference, platform, tell)?.map(|()| None))
            }
            EngineChange::Exec { container, argv, limit } => {
                Ok(exec::exec(line, container, argv, vec![], *limit)?.map(Some))
            }
            EngineChange::Alter(alter) => {
                let environment = filled(files, who, &alter.environment, &alter.secrets)?;
                Ok(exec::exec(line, &alter.container, &alter.argv, environment, alter.limit)?.map(Some))
            }
            EngineChange::Create { name, spec, secrets } => {
                let environment = filled(files, who, &spec.environment, secrets)?;
                let body = body::of(spec, environment, &Paths::of(files));
                Ok(changing::create(line, name, spec, body).map(|()| None))
            }
            other => Ok(changing::change(line, other).map(|()| None)),
        })
    }

    /// Does something with the engine at `socket`, in a version of the API that both speak. An engine that went away may come
    /// back as another.
    fn with<T>(
        &self,
        files: &Files,
        socket: &Utf8Path,
        talk: impl FnOnce(&Line) -> Result<Result<T, EngineFault>>,
    ) -> Result<Result<T, EngineFault>> {
        let real = match self.real(files, socket) {
            Ok(real) => real,
            Err(fault) => return Ok(Err(fault)),
        };
        let known = self.spoken.lock().unwrap_or_else(PoisonError::into_inner).get(&real).copied();
        let line = match Line::open(&real, known)? {
            Ok(line) => line,
            Err(fault) => return Ok(Err(fault)),
        };
        let answer = talk(&line);
        let mut spoken = self.spoken.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(answer, Ok(Err(EngineFault::Unreachable(_)))) {
            spoken.remove(&real);
        } else {
            spoken.insert(real, line.version());
        }
        answer
    }

    /// Where a socket really is. On a Mac in a folder a real one stands for it, as long as something is at its path there.
    fn real(&self, files: &Files, socket: &Utf8Path) -> Result<Utf8PathBuf, EngineFault> {
        let none = || EngineFault::Unreachable(format!("there is no socket `{socket}`"));
        let there = files.resolve(socket).ok().flatten().ok_or_else(none)?;
        match &self.outside {
            Outside::Itself => Ok(files.host(&there)),
            Outside::Nothing => Err(EngineFault::Unreachable("nobody listens there".to_owned())),
            Outside::Real(real) => Ok(real.clone()),
        }
    }
}

/// Variables as an engine takes them, with the values of the secrets that lie in `folder`.
fn filled(
    files: &Files,
    who: &Identity,
    environment: &BTreeMap<String, Text>,
    folder: &Utf8Path,
) -> Result<Vec<String>> {
    let line = |(name, text)| Ok(format!("{name}={}", own_files::filled(files, who, text, folder)?));
    environment.iter().map(line).collect()
}
