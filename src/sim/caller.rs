/// The user number of the one ordinary user of a simulated Mac.
pub const USER: u32 = 501;

/// Who runs a tool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caller {
    /// Effective user.
    pub uid: u32,
    /// Whether a person at a terminal can answer a question.
    pub terminal: bool,
}

impl Caller {
    /// The ordinary user.
    pub fn user(terminal: bool) -> Self {
        Self { uid: USER, terminal }
    }

    /// The same as root.
    #[must_use]
    pub fn root(self) -> Self {
        Self { uid: 0, ..self }
    }
}
