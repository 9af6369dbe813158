use std::time::Duration;

use anyhow::Result;

use super::{
    Mac, Sim,
    answering::CONNECT,
    tool::ollama::{
        self, Begun,
        pull::{self, BROKEN, Blow, Next, Open, Step},
    },
};
use crate::machine::{Look, Reply, Request, Tell, Wait};

/// How long a GET may take.
const GET: Duration = Duration::from_secs(10);

/// A request to a server on the Mac itself.
pub(super) struct Asked<'a> {
    method: &'a str,
    url: &'a str,
    authorization: Option<&'a str>,
    body: &'a [u8],
    limit: Duration,
    lines: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn get(url: &'a str) -> Self {
        Self { method: "GET", url, authorization: None, body: b"", limit: GET, lines: false }
    }

    pub(super) fn of(request: &'a Request) -> Self {
        let Request { method, url, authorization, body, limit, lines } = request;
        Self {
            method: method.name(),
            url,
            authorization: authorization.as_deref(),
            body: body.as_bytes(),
            limit: *limit,
            lines: *lines,
        }
    }
}

/// Sends a request and waits for the answer, `limit` at most, or as long as its lines go on to say something new.
pub(super) fn request(sim: &Sim, asked: &Asked, tell: &dyn Tell) -> Result<Result<Reply, String>> {
    sim.with_mac(|mac| mac.state.meter.requests += 1);
    sim.pass(CONNECT);
    sim.alive()?;
    let begun =
        sim.with_mac(|mac| ollama::begin(mac, asked.method, asked.url, asked.authorization, asked.body));
    let (reply, takes) = match begun {
        Begun::Answered(reply, takes) => (reply, takes),
        Begun::Pulling(open) => return Line { sim, open }.listen(asked, tell),
    };
    spend(sim, takes.min(asked.limit), asked.lines)?;
    if takes > asked.limit {
        return Ok(Err(format!("no answer within {} s", asked.limit.as_secs())));
    }
    Ok(reply.map(|reply| if asked.lines { told(&reply, tell) } else { reply }))
}

/// Lets time pass; a wait for lines ends when the person asks to stop.
fn spend(sim: &Sim, time: Duration, polls: bool) -> Result<()> {
    if polls {
        return sim.wait(time, Wait::Poll);
    }
    sim.pass(time);
    sim.alive()
}

/// Tells all lines of an answer, and leaves the last of them.
fn told(reply: &Reply, tell: &dyn Tell) -> Reply {
    let text = String::from_utf8_lossy(&reply.body);
    text.lines().for_each(|line| tell.line(line));
    Reply { body: text.lines().last().unwrap_or_default().as_bytes().to_vec(), status: reply.status }
}

/// A connection over which a pull is told; whoever lets go of it ends the pull.
struct Line<'s> {
    sim: &'s Sim,
    open: Open,
}

impl Line<'_> {
    fn listen(mut self, asked: &Asked, tell: &dyn Tell) -> Result<Result<Reply, String>> {
        let mut lines: Vec<String> = vec![];
        let mut heard = self.sim.now();
        loop {
            let Step { lines: new, blow, next } = self.sim.with_mac(|mac| pull::step(mac, &mut self.open));
            self.sim.with_mac(Mac::measure);
            for line in new {
                if asked.lines && self.open.streams() {
                    tell.line(&line);
                }
                if lines.last() != Some(&line) {
                    heard = self.sim.now();
                }
                if asked.lines {
                    lines.clear();
                }
                lines.push(line);
            }
            match blow {
                Some(Blow::Interrupted) => self.sim.interrupt(),
                Some(Blow::Killed) => return Err(self.sim.die()),
                None => {}
            }
            let wait = match next {
                Next::After(wait) => wait,
                Next::Ended(status) => return Ok(Ok(self.ended(status, &lines, asked, tell))),
                Next::Broken => return Ok(Err(BROKEN.to_owned())),
            };
            let silent = Duration::try_from(self.sim.now().duration_since(heard)).unwrap_or_default();
            let patience = asked.limit.saturating_sub(silent);
            spend(self.sim, wait.min(patience), asked.lines)?;
            if wait > patience {
                return Ok(Err(format!("nothing new within {} s", asked.limit.as_secs())));
            }
        }
    }

    fn ended(&self, status: u16, lines: &[String], asked: &Asked, tell: &dyn Tell) -> Reply {
        let reply = self.open.reply(status, lines);
        let Some(last) = lines.last().filter(|_| asked.lines) else { return reply };
        if !self.open.streams() {
            tell.line(last);
        }
        Reply { body: last.clone().into_bytes(), ..reply }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.sim.with_mac(|mac| pull::hang_up(mac, &self.open));
    }
}

#[cfg(test)]
mod tests;
