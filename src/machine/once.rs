use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use jiff::Timestamp;

use super::{Answer, Look, Query, Wait};

/// Asks each question once: what several resources read is read once a pass. An error is not remembered.
pub struct Once<'l> {
    inner: &'l dyn Look,
    answers: Mutex<HashMap<Query, Answer>>,
}

impl<'l> Once<'l> {
    /// A pass over `inner`.
    pub fn new(inner: &'l dyn Look) -> Self {
        Self { inner, answers: Mutex::default() }
    }
}

impl Look for Once<'_> {
    fn look(&self, query: &Query) -> Result<Answer> {
        if let Some(answer) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(query) {
            return Ok(answer.clone());
        }
        let answer = self.inner.look(query)?;
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(query.clone(), answer.clone());
        Ok(answer)
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn wait(&self, time: Duration, how: Wait) -> Result<()> {
        self.inner.wait(time, how)
    }
}
