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
    /// How many programs stand above it that each started the next, such as `sudo` or `caffeinate`.
    pub depth: u8,
}

/// How deep programs may start programs: a simulated one stands on the stack of the simulation.
const DEEPEST: u8 = 40;

impl Caller {
    /// The ordinary user, at the one terminal or at none.
    pub fn user(terminal: bool) -> Self {
        Self { uid: USER, terminal, session: u32::from(terminal), depth: 0 }
    }

    /// The same for a program that a program starts, unless there are too many above it.
    pub(super) fn deeper(self) -> Option<Self> {
        (self.depth < DEEPEST).then(|| Self { depth: self.depth + 1, ..self })
    }

    /// The same as root.
    #[must_use]
    pub fn root(self) -> Self {
        Self { uid: 0, ..self }
    }
}
