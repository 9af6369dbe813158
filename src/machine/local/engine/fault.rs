//! What an engine's refusals and breaks are called on this side of the door.

use bollard::errors::Error;

use crate::machine::{engine::EngineFault, local::http::deepest};

/// Why the engine did not do what it was asked.
pub(super) fn of(error: &Error) -> EngineFault {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            EngineFault::Refused { status: *status_code, message: message.trim().to_owned() }
        }
        Error::DockerStreamError { error } => {
            EngineFault::Refused { status: 200, message: error.trim().to_owned() }
        }
        Error::JsonDataError { message, .. } => unclear(message),
        Error::JsonSerdeError { err } => unclear(&err.to_string()),
        Error::SocketNotFoundError(path) => EngineFault::Unreachable(format!("there is no socket `{path}`")),
        Error::RequestTimeoutError => EngineFault::Unreachable("no answer in time".to_owned()),
        error => EngineFault::Unreachable(deepest(error)),
    }
}

fn unclear(why: &str) -> EngineFault {
    EngineFault::Refused { status: 200, message: format!("an answer that cannot be read: {why}") }
}

/// Whether it means that there is no such thing.
pub(super) fn is_absent(fault: &EngineFault) -> bool {
    matches!(fault, EngineFault::Refused { status: 404, .. })
}

/// What is not there, as `None`.
pub(super) fn absent_is_none<T>(found: Result<T, EngineFault>) -> Result<Option<T>, EngineFault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if is_absent(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}
