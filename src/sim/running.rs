use std::{collections::VecDeque, time::Duration};

use super::Mac;
use crate::machine::Output;

/// Something that happens after a while: what it does to the Mac and adds to the output.
pub type Stage = Box<dyn FnOnce(&mut Mac, &mut Output) + Send>;

/// A tool at work: what it has printed so far, and what is still to happen. The simulated Mac lets the virtual
/// time of each stage pass before it happens; others may act in between.
#[derive(Default)]
pub struct Running {
    /// What it has printed, and its exit code.
    pub output: Output,
    /// What comes, each after so much time.
    pub stages: VecDeque<(Duration, Stage)>,
    /// Whether it does not end by itself when all stages are over.
    pub hangs: bool,
}

impl Running {
    /// Ends at once with exit code 0 and this on standard output.
    pub fn printed(stdout: impl Into<String>) -> Self {
        Self { output: Output { code: 0, stdout: stdout.into(), stderr: String::new() }, ..Self::default() }
    }

    /// Ends at once with `code` and this on standard error.
    pub fn failed(code: i32, stderr: impl Into<String>) -> Self {
        Self { output: Output { code, stdout: String::new(), stderr: stderr.into() }, ..Self::default() }
    }

    /// Lets `after` pass, then does `stage`.
    #[must_use]
    pub fn then(
        mut self,
        after: Duration,
        stage: impl FnOnce(&mut Mac, &mut Output) + Send + 'static,
    ) -> Self {
        self.stages.push_back((after, Box::new(stage)));
        self
    }

    /// Never ends by itself.
    #[must_use]
    pub fn hanging(mut self) -> Self {
        self.hangs = true;
        self
    }
}

/// Printing.
pub(in crate::sim) trait Print {
    /// Adds to standard output.
    fn out(&mut self, text: impl AsRef<str>);

    /// Adds to standard error.
    fn err(&mut self, text: impl AsRef<str>);
}

impl Print for Output {
    fn out(&mut self, text: impl AsRef<str>) {
        self.stdout.push_str(text.as_ref());
    }

    fn err(&mut self, text: impl AsRef<str>) {
        self.stderr.push_str(text.as_ref());
    }
}
