//! A Mac on which somebody else acts just before forgectl does.

use std::time::Duration;

use anyhow::Result;
use forgectl::{
    machine::{Answer, Change, Look, Machine, Outcome, Query, Task, Tell, Wait},
    sim::Sim,
};
use jiff::Timestamp;

type Before<'m> = dyn Fn(&Sim, &Change) -> Result<()> + Send + Sync + 'm;
type Answers<'m> = dyn Fn(&Query) -> Option<Answer> + Send + Sync + 'm;

/// Acts before every change that forgectl makes, and answers in the Mac's place.
pub(crate) struct Meddler<'m> {
    sim: &'m Sim,
    before: Box<Before<'m>>,
    answers: Box<Answers<'m>>,
}

impl<'m> Meddler<'m> {
    /// Somebody who acts before every change.
    pub(crate) fn new(sim: &'m Sim, before: impl Fn(&Sim, &Change) + Send + Sync + 'm) -> Self {
        Self::refusing(sim, move |sim, change| {
            before(sim, change);
            Ok(())
        })
    }

    /// Changes of which some are refused.
    pub(crate) fn refusing(
        sim: &'m Sim,
        before: impl Fn(&Sim, &Change) -> Result<()> + Send + Sync + 'm,
    ) -> Self {
        Self { sim, before: Box::new(before), answers: Box::new(|_| None) }
    }

    /// A Mac that gives other answers.
    pub(crate) fn answering(
        sim: &'m Sim,
        answers: impl Fn(&Query) -> Option<Answer> + Send + Sync + 'm,
    ) -> Self {
        Self { sim, before: Box::new(|_, _| Ok(())), answers: Box::new(answers) }
    }
}

impl Look for Meddler<'_> {
    fn look(&self, query: &Query) -> Result<Answer> {
        (self.answers)(query).map_or_else(|| self.sim.look(query), Ok)
    }

    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn wait(&self, time: Duration, how: Wait) -> Result<()> {
        self.sim.wait(time, how)
    }
}

impl Machine for Meddler<'_> {
    fn change(&self, change: &Change, tell: &dyn Tell) -> Result<Outcome> {
        (self.before)(self.sim, change)?;
        self.sim.change(change, tell)
    }

    fn crew<'t>(&self, next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>) {
        self.sim.crew(next);
    }
}
