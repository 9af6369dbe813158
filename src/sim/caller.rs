pub use crate::machine::local::USER;

/// Who runs a tool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caller {
    /// Effective user.
    pub uid: u32,
    /// Whether a person at a terminal can answer a question.
    pub terminal: bool,
    /// What sudo ties a ticket to: a terminal, else the parent process (docs/mac-facts.md#sudo-ticket).
    pub session: u32,
}

impl Caller {
    /// The ordinary user, at the one terminal or at none.
    pub fn user(terminal: bool) -> Self {
        Self { uid: USER, terminal, session: u32::from(terminal) }
    }

    /// The same as root.
    #[must_use]
    pub fn root(self) -> Self {
        Self { uid: 0, ..self }
    }
}
