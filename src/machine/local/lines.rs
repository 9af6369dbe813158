//! Answers that come line by line while a server works.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use reqwest::header::CONTENT_TYPE;
use tokio::{runtime::Builder, time::timeout};

use super::{http, near, signals};
use crate::machine::{Halt, Method, Reply, Request, Tell};

/// How soon it is seen that the person has asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of the longest line.
const LONGEST: usize = 1 << 20;

/// Sends a request to a server of this machine and tells each line of its answer as it comes; see [`Request::lines`]. The
/// connection ends with this call, whatever comes of it.
pub(super) fn send(request: &Request, tell: &dyn Tell) -> Result<Result<Reply, String>, Halt> {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut patience = Patience { limit: request.limit, heard: Instant::now() };
    match runtime.block_on(listen(request, tell, &mut patience)) {
        Ok(reply) => Ok(Ok(reply)),
        Err(End::Failed(why)) => Ok(Err(why)),
        Err(End::Silent) => Ok(Err(format!("nothing new within {} s", request.limit.as_secs()))),
        Err(End::Interrupted) => Err(Halt::Interrupted),
    }
}

/// Why there is no whole answer.
enum End {
    Interrupted,
    Silent,
    Failed(String),
}

/// How long it is waited for something new.
struct Patience {
    limit: Duration,
    heard: Instant,
}

impl Patience {
    /// Waits for `what` until the person asks to stop, or nothing new has come for too long.
    async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, End> {
        let mut what = pin!(what);
        loop {
            if signals::asked() > 0 {
                return Err(End::Interrupted);
            }
            let left = self.limit.saturating_sub(self.heard.elapsed());
            if left.is_zero() {
                return Err(End::Silent);
            }
            if let Ok(found) = timeout(left.min(LOOK), what.as_mut()).await {
                return Ok(found);
            }
        }
    }
}

async fn listen(request: &Request, tell: &dyn Tell, patience: &mut Patience) -> Result<Reply, End> {
    let client = near::client().map_err(End::Failed)?;
    let begun = match request.method {
        Method::Get => client.get(&request.url),
        Method::Post => client.post(&request.url),
        Method::Delete => client.delete(&request.url),
    };
    let begun = begun.header(CONTENT_TYPE, "application/json").body(request.body.clone());
    let failed = |error| End::Failed(http::told(&error, request.limit, http::CONNECT));
    let mut reply = patience.wait(begun.send()).await?.map_err(failed)?;
    let status = reply.status().as_u16();
    let (mut lines, mut bytes) = (Lines::default(), 0);
    let broke_off = |bytes, error| End::Failed(http::broke_off(bytes, &error));
    while let Some(chunk) = patience.wait(reply.chunk()).await?.map_err(|error| broke_off(bytes, error))? {
        bytes += chunk.len();
        lines.take(&chunk, tell, patience)?;
    }
    if !lines.open.is_empty() {
        lines.take(b"\n", tell, patience)?;
    }
    Ok(Reply { status, body: lines.last.into_bytes() })
}

/// The lines of an answer: the one that has only begun, and the last whole one.
#[derive(Default)]
struct Lines {
    open: Vec<u8>,
    last: String,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], tell: &dyn Tell, patience: &mut Patience) -> Result<(), End> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, whole) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            if self.open.len() + text.len() > LONGEST {
                return Err(End::Failed(format!("a line of more than {LONGEST} bytes")));
            }
            self.open.extend_from_slice(text);
            if !whole {
                continue;
            }
            let line = String::from_utf8_lossy(&self.open).trim_end().to_owned();
            self.open.clear();
            if line.is_empty() {
                continue;
            }
            tell.line(&line);
            if line != self.last {
                patience.heard = Instant::now();
                self.last = line;
            }
        }
        Ok(())
    }
}
