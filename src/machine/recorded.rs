use std::{sync::Mutex, time::Duration};

use anyhow::Result;
use jiff::Timestamp;

use super::{Answer, Change, Class, Look, Machine, Outcome, Query, Task, Tell, Wait};

/// One call of the door.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// When it began, on the machine's clock.
    pub at: Timestamp,
    /// How long it took on that clock.
    pub took: Duration,
    /// What was asked or changed.
    pub what: String,
    /// The class of a change; `None` for a look.
    pub class: Option<Class>,
    /// Whether it starts a process on the machine.
    pub process: bool,
    /// Whether it is an HTTP request.
    pub request: bool,
}

/// Passes every call on and tells each to `hear`.
pub struct Recorded<'m, M: ?Sized> {
    inner: &'m M,
    hear: Mutex<Box<dyn FnMut(Entry) + Send + 'm>>,
}

impl<'m, M: Look + ?Sized> Recorded<'m, M> {
    /// Records what goes to `inner`.
    pub fn new(inner: &'m M, hear: impl FnMut(Entry) + Send + 'm) -> Self {
        Self { inner, hear: Mutex::new(Box::new(hear)) }
    }

    fn tell(&self, at: Timestamp, what: String, class: Option<Class>, process: bool, request: bool) {
        let took = Duration::try_from(self.inner.now().duration_since(at)).unwrap_or_default();
        if let Ok(mut hear) = self.hear.lock() {
            hear(Entry { at, took, what, class, process, request });
        }
    }
}

impl<M: Look + ?Sized> Look for Recorded<'_, M> {
    fn look(&self, query: &Query) -> Result<Answer> {
        let at = self.inner.now();
        let answer = self.inner.look(query);
        // For one address `lsof` runs only when a connection was accepted.
        let process = match (query, &answer) {
            (Query::Tool(_), _) => true,
            (Query::Listeners(socket), Ok(Answer::Listeners(found))) => {
                socket.ip().is_unspecified() || !found.is_empty()
            }
            _ => false,
        };
        self.tell(at, query.to_string(), None, process, matches!(query, Query::Get(_)));
        answer
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn wait(&self, time: Duration, how: Wait) -> Result<()> {
        self.inner.wait(time, how)
    }
}

impl<M: Machine + ?Sized> Machine for Recorded<'_, M> {
    fn change(&self, change: &Change, tell: &dyn Tell) -> Result<Outcome> {
        let at = self.inner.now();
        let outcome = self.inner.change(change, tell);
        let process = matches!(change, Change::Run(_) | Change::Sudo(_) | Change::Awake);
        let request = matches!(change, Change::Send(_) | Change::Use(_) | Change::Fetch { .. });
        self.tell(at, change.to_string(), Some(change.class()), process, request);
        outcome
    }

    fn crew<'t>(&self, next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>) {
        self.inner.crew(next);
    }
}
