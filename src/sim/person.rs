/// Who sits at the terminal of a simulated Mac.
pub trait Person: Send {
    /// Is asked for the password, and told what for; says whether the right one was typed.
    fn password(&mut self, reasons: &[String]) -> bool;
}

/// A person who knows the password and always types it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Person for Simulated {
    fn password(&mut self, _: &[String]) -> bool {
        true
    }
}
