use thiserror::Error;

/// Why a machine answers no more.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Halt {
    /// The person asked to stop (Ctrl-C, SIGTERM, SIGHUP).
    #[error("interrupted")]
    Interrupted,
    /// The process was killed; only simulated machines can say so.
    #[error("killed")]
    Killed,
}

impl Halt {
    /// The halt inside `error`, if that is what it is.
    pub fn of(error: &anyhow::Error) -> Option<Self> {
        error.chain().find_map(|cause| cause.downcast_ref::<Self>().copied())
    }
}
