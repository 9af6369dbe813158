use std::time::Duration;

use super::{
    HttpRequest,
    pull::{self, Open},
};
use crate::{
    machine::Reply,
    sim::{Mac, Program, tool::docker},
};

/// What comes of a request at first.
pub(in crate::sim) enum Begun {
    /// An answer after a while, or why there is none.
    Answered(Result<Reply, String>, Duration),
    /// A pull that goes on as long as somebody waits for it.
    Pulling(Open),
}

/// Sends a request to whoever listens there on this Mac.
pub(in crate::sim) fn begin(
    mac: &mut Mac,
    method: &str,
    url: &str,
    authorization: Option<&str>,
    body: &[u8],
) -> Begun {
    let Some(rest) = url.strip_prefix("http://") else {
        return failed(&format!("`{url}` is no address of a server on this Mac"));
    };
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((name, port)) => (name, port.parse().ok()),
        None => (host, Some(80)),
    };
    let Some(port) = port else { return failed(&format!("`{url}` has no port")) };
    let address = match name {
        "localhost" => "127.0.0.1",
        name => name,
    };
    begin_at(mac, (address, port), &HttpRequest { method, path, host, authorization, body })
}

fn failed(why: &str) -> Begun {
    Begun::Answered(Err(why.to_owned()), Duration::from_millis(1))
}

/// The same for an address and a port.
fn begin_at(mac: &mut Mac, (address, port): (&str, u16), asked: &HttpRequest) -> Begun {
    let holder =
        mac.sockets(port).into_iter().find(|socket| socket.address == "*" || socket.address == address);
    let Some(holder) = holder else { return failed("Connection refused (os error 61)") };
    let now = mac.state.now;
    let server = match mac.state.processes.get_mut(&holder.pid).map(|process| &mut process.program) {
        Some(Program::Ollama(server)) => server,
        Some(Program::Forwarder { engine, .. }) => {
            let HttpRequest { method, path, authorization, body, .. } = *asked;
            let asked = docker::Asked { port, method, path, authorization, body };
            let engine = engine.clone();
            let (reply, took) = docker::answer(mac, &engine, &holder.address, &asked);
            return Begun::Answered(reply, took);
        }
        _ => return failed(pull::BROKEN),
    };
    match server.pull_order(asked) {
        Some(Ok(order)) => return Begun::Pulling(server.pulls.open(holder.pid, order, server.ready)),
        Some(Err(refused)) => return Begun::Answered(Ok(refused), Duration::from_millis(2)),
        None => {}
    }
    let (reply, took) = server.answer(mac.disk.as_mut(), asked, now);
    let servers = mac.state.processes.values().filter_map(|process| match &process.program {
        Program::Ollama(server) => Some(server.model_memory(now)),
        _ => None,
    });
    let held = servers.sum();
    mac.state.meter.model_memory(held);
    Begun::Answered(Ok(reply), took)
}

/// Sends a request to an address and a port of this Mac; a pull is none that anybody would wait for so.
pub(in crate::sim) fn ask_at(
    mac: &mut Mac,
    at: (&str, u16),
    asked: &HttpRequest,
) -> (Result<Reply, String>, Duration) {
    match begin_at(mac, at, asked) {
        Begun::Answered(reply, took) => (reply, took),
        Begun::Pulling(open) => {
            pull::hang_up(mac, &open);
            (Err(pull::BROKEN.to_owned()), Duration::ZERO)
        }
    }
}

/// The same, waiting for the end of what goes on; says how long the answer took beyond that.
pub fn request(mac: &mut Mac, method: &str, url: &str, body: &[u8]) -> (Result<Reply, String>, Duration) {
    let mut open = match begin(mac, method, url, None, body) {
        Begun::Answered(reply, took) => return (reply, took),
        Begun::Pulling(open) => open,
    };
    let mut lines = vec![];
    loop {
        let step = pull::step(mac, &mut open);
        lines.extend(step.lines);
        match step.next {
            pull::Next::After(time) => mac.advance(time),
            pull::Next::Ended(status) => return (Ok(open.reply(status, &lines)), Duration::ZERO),
            pull::Next::Broken => return (Err(pull::BROKEN.to_owned()), Duration::ZERO),
        }
    }
}
