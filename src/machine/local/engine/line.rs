//! A line to one engine: a small runtime of its own, and a version of the API that both speak.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    io,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bollard::{BollardRequest, ClientVersion, Docker, errors::Error, models::SystemVersion};
use camino::Utf8Path;
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use super::{super::signals, fault};
use crate::machine::{Halt, engine::EngineFault};

/// How soon it is seen that the person has asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long an engine may take to begin any answer; whoever asks says how long it really may. A container may have minutes to
/// stop, and a pull begins with an answer from the registry.
const ANSWER: Duration = Duration::from_mins(10);

/// What we speak when the engine speaks it too: the oldest that the newest engines still speak, so that most answer alike
/// (docs/service-facts.md#engine-api-versions, #engine-too-new).
const SPOKEN: ClientVersion = ClientVersion { major_version: 1, minor_version: 44 };

/// A line to one engine.
pub(super) struct Line {
    runtime: Runtime,
    docker: Docker,
}

impl Line {
    /// The line to the engine at a real socket, in version `known` if that was found out before.
    pub(super) fn open(socket: &Utf8Path, known: Option<ClientVersion>) -> Result<Result<Self, EngineFault>> {
        let runtime = Builder::new_current_thread().enable_all().build().context("talking to an engine")?;
        let docker =
            match Docker::connect_with_unix(socket.as_str(), ANSWER.as_secs(), &known.unwrap_or(SPOKEN)) {
                Ok(docker) => docker,
                Err(error) => return Ok(Err(fault::of(&error))),
            };
        let line = Self { runtime, docker };
        if known.is_some() {
            return Ok(Ok(line));
        }
        let found = match line.greet() {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        let version = common(&found);
        let again = Docker::connect_with_unix(socket.as_str(), ANSWER.as_secs(), &version);
        Ok(again.map(|docker| Self { docker, ..line }).map_err(|error| fault::of(&error)))
    }

    /// The version of the API that is spoken.
    pub(super) fn version(&self) -> ClientVersion {
        self.docker.client_version()
    }

    /// What the engine says of itself, asked without a version: an older one refuses what it does not know.
    pub(super) fn greet(&self) -> Result<SystemVersion, EngineFault> {
        let prefix = format!("/v{}", self.docker.client_version());
        let unversioned = self.docker.clone().with_request_modifier(move |request| without(&prefix, request));
        self.say(Duration::from_secs(20), async { unversioned.version().await })
    }

    /// One short exchange, to its end whatever the person asks.
    pub(super) fn say<T>(
        &self,
        limit: Duration,
        what: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, EngineFault> {
        match self.runtime.block_on(async { timeout(limit, what).await }) {
            Ok(answer) => answer.map_err(|error| fault::of(&error)),
            Err(_) => Err(silent(limit)),
        }
    }

    /// A long exchange, which ends when the person asks to stop, or when nothing has been heard for `limit`.
    pub(super) fn listen<T>(
        &self,
        limit: Duration,
        what: impl AsyncFnOnce(&mut Patience) -> Result<T, End>,
    ) -> Result<Result<T, EngineFault>> {
        let mut patience = Patience { limit, heard: Instant::now() };
        match self.runtime.block_on(what(&mut patience)) {
            Ok(done) => Ok(Ok(done)),
            Err(End::Failed(fault)) => Ok(Err(fault)),
            Err(End::Silent) => Ok(Err(silent(limit))),
            Err(End::Interrupted) => Err(Halt::Interrupted.into()),
        }
    }

    /// The engine.
    pub(super) fn docker(&self) -> &Docker {
        &self.docker
    }
}

/// The newest version of the API that both speak.
fn common(engine: &SystemVersion) -> ClientVersion {
    let version = |text: &Option<String>| text.as_deref().and_then(parsed);
    let oldest = version(&engine.min_api_version).unwrap_or(SPOKEN);
    let newest = version(&engine.api_version).unwrap_or(SPOKEN);
    let wanted = if oldest > SPOKEN { oldest } else { SPOKEN };
    if newest < wanted { newest } else { wanted }
}

/// `1.44`.
fn parsed(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

/// The same request without the version in its path.
fn without(prefix: &str, mut request: BollardRequest) -> BollardRequest {
    let bare = request.uri().to_string().replacen(prefix, "", 1);
    if let Ok(bare) = bare.parse() {
        *request.uri_mut() = bare;
    }
    request
}

fn silent(limit: Duration) -> EngineFault {
    EngineFault::Unreachable(format!("no answer within {} s", limit.as_secs()))
}

/// Why a long exchange has no end of its own.
pub(super) enum End {
    Interrupted,
    Silent,
    Failed(EngineFault),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(fault::of(&error))
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Failed(EngineFault::Unreachable(error.to_string()))
    }
}

/// How long it is waited for something new.
pub(super) struct Patience {
    limit: Duration,
    heard: Instant,
}

impl Patience {
    /// Waits for `what` until the person asks to stop, or nothing new has come for too long.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, End> {
        let mut what = pin!(what);
        loop {
            if signals::asked() > 0 {
                return Err(End::Interrupted);
            }
            let left = self.limit.saturating_sub(self.heard.elapsed());
            if left.is_zero() {
                return Err(End::Silent);
            }
            if let Ok(found) = timeout(left.min(LOOK), what.as_mut()).await {
                return Ok(found);
            }
        }
    }

    /// Something new has come.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_one_that_both_speak() {
        let spoken = |oldest: &str, newest: &str| {
            common(&SystemVersion {
                min_api_version: Some(oldest.into()),
                api_version: Some(newest.into()),
                ..SystemVersion::default()
            })
            .to_string()
        };
        assert_eq!(spoken("1.12", "1.41"), "1.41", "Debian's");
        assert_eq!(spoken("1.24", "1.51"), "1.44");
        assert_eq!(spoken("1.48", "1.60"), "1.48", "one that has forgotten ours");
    }
}
