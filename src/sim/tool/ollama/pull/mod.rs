//! Pulling models: what a server says meanwhile, what lies on the disk, how long it takes, and how it goes wrong
//! (docs/mac-facts.md#ollama-pull and the sections after it).

mod download;
mod flow;
mod part;
mod stages;
mod store;
mod trouble;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use self::{download::Download, stages::Pull};
use super::name::ModelName;
use crate::{
    machine::Reply,
    sim::{Mac, Program, clock::after},
};

pub(in crate::sim) use download::{note_path, partial};
pub(in crate::sim) use flow::flow;
pub(in crate::sim) use part::Part;
pub(in crate::sim) use store::{Parts, Store, progress, status};
pub(in crate::sim) use trouble::Blow;

/// Why there is no answer when a server ends in the middle of one.
pub(in crate::sim) const BROKEN: &str = "the connection was closed before a whole answer had come";

/// How often a server says how far it is; what it says in between takes nobody further, so here the pauses grow.
const TICK: Duration = Duration::from_millis(60);
const LONGEST_TICK: Duration = Duration::from_secs(5);

/// What a request to pull asks for.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Order {
    /// Which model.
    pub(in crate::sim) name: ModelName,
    /// Whether the answer comes in lines.
    pub(in crate::sim) stream: bool,
    /// Whether the registry is asked without TLS.
    pub(in crate::sim) insecure: bool,
}

/// What a server is pulling.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Pulls {
    last: u64,
    open: BTreeMap<u64, Pull>,
    /// By digest: two pulls of the same blob share one.
    downloads: BTreeMap<String, Download>,
}

/// A pull that somebody waits for. It ends when they no longer do: see [`hang_up`].
#[derive(Clone, Debug)]
pub(in crate::sim) struct Open {
    pid: u32,
    number: u64,
    stream: bool,
    tick: Duration,
}

/// What has happened since the last look at a pull.
pub(in crate::sim) struct Step {
    /// Objects of the answer, one a line.
    pub(in crate::sim) lines: Vec<String>,
    /// What happens to forgectl now.
    pub(in crate::sim) blow: Option<Blow>,
    /// What comes.
    pub(in crate::sim) next: Next,
}

/// What comes of a pull.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Next {
    /// More, after so much time.
    After(Duration),
    /// Nothing; the answer's status when it is told as a whole.
    Ended(u16),
    /// The server is gone.
    Broken,
}

impl Next {
    /// Whether more comes.
    pub(in crate::sim) fn is_open(self) -> bool {
        matches!(self, Self::After(_))
    }
}

impl Pulls {
    /// Begins a pull on the server `pid`, which answers from `ready` on.
    pub(super) fn open(&mut self, pid: u32, order: Order, ready: Timestamp) -> Open {
        self.last += 1;
        self.open.insert(self.last, Pull::new(order.name, ready));
        Open { pid, number: self.last, stream: order.stream, tick: TICK }
    }
}

impl Open {
    /// The whole answer.
    pub(in crate::sim) fn reply(&self, status: u16, lines: &[String]) -> Reply {
        let last = lines.last().cloned().unwrap_or_default();
        let body = if self.stream { lines.join("\n") + "\n" } else { last };
        Reply { status: if self.stream { 200 } else { status }, body: body.into_bytes() }
    }

    /// Whether lines are told before its end.
    pub(in crate::sim) fn streams(&self) -> bool {
        self.stream
    }
}

/// Works on the pulls of a server; `None` when it is gone.
fn with<R>(mac: &mut Mac, pid: u32, act: impl FnOnce(&mut Mac, &mut Pulls, &Store) -> R) -> Option<R> {
    let server = server(mac, pid)?;
    let store = Store::of(server);
    let mut pulls = std::mem::take(&mut server.pulls);
    let found = act(mac, &mut pulls, &store);
    self::server(mac, pid)?.pulls = pulls;
    Some(found)
}

fn server(mac: &mut Mac, pid: u32) -> Option<&mut super::Server> {
    match &mut mac.state.processes.get_mut(&pid)?.program {
        Program::Ollama(server) => Some(server),
        _ => None,
    }
}

/// Lets a pull go on as far as it can without time passing.
pub(in crate::sim) fn step(mac: &mut Mac, open: &mut Open) -> Step {
    let mut lines = vec![];
    let mut blow = None;
    let now = mac.state.now;
    let waits = with(mac, open.pid, |mac, pulls, store| {
        let Pulls { open: pulls, downloads, .. } = pulls;
        let pull = pulls.get_mut(&open.number)?;
        blow = pull.blow(downloads);
        Some(pull.go_on(mac, downloads, store, &mut lines))
    });
    let next = match waits.flatten() {
        None => Next::Broken,
        Some(stages::Waits::Ended(status)) => Next::Ended(status),
        Some(stages::Waits::Until(at)) => Next::After(until(now, at)),
        Some(stages::Waits::ForDownload { digest, begins }) => {
            let tick = if begins { TICK } else { open.tick };
            open.tick = (tick * 2).min(LONGEST_TICK);
            Next::After(flow::next(mac, open.pid, &digest).map_or(tick, |at| until(now, at).min(tick)))
        }
    };
    if !next.is_open() {
        hang_up(mac, open);
    }
    Step { lines, blow, next }
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default().max(Duration::from_nanos(1))
}

/// Nobody waits for a pull any more: it ends, and a download with it that no other pull waits for, which notes how far it was.
pub(in crate::sim) fn hang_up(mac: &mut Mac, open: &Open) {
    let now = mac.state.now;
    with(mac, open.pid, |mac, pulls, _| {
        if let Some(pull) = pulls.open.remove(&open.number) {
            pull.leave(mac, &mut pulls.downloads, now);
        }
    });
}

/// Everybody who waits for a pull is gone.
pub(in crate::sim) fn hang_up_all(mac: &mut Mac) {
    let now = mac.state.now;
    let pids: Vec<u32> = mac.state.processes.keys().copied().collect();
    for pid in pids {
        with(mac, pid, |mac, pulls, _| {
            for pull in std::mem::take(&mut pulls.open).into_values() {
                pull.leave(mac, &mut pulls.downloads, now);
            }
        });
    }
}

/// When something that takes so long from now on has happened.
fn in_time(mac: &Mac, time: Duration) -> Timestamp {
    after(mac.state.now, time)
}
