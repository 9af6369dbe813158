use std::time::Duration;

use super::HttpRequest;
use crate::{
    machine::Reply,
    sim::{Mac, Program},
};

/// Sends a request to whoever listens there on this Mac, and says how long the answer took.
pub fn request(mac: &mut Mac, method: &str, url: &str, body: &[u8]) -> (Result<Reply, String>, Duration) {
    let quick = Duration::from_millis(1);
    let Some(rest) = url.strip_prefix("http://") else {
        return (Err(format!("`{url}` is no address of a server on this Mac")), quick);
    };
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((name, port)) => (name, port.parse().ok()),
        None => (host, Some(80)),
    };
    let Some(port) = port else { return (Err(format!("`{url}` has no port")), quick) };
    let address = match name {
        "localhost" => "127.0.0.1",
        name => name,
    };
    let holder =
        mac.sockets(port).into_iter().find(|socket| socket.address == "*" || socket.address == address);
    let Some(holder) = holder else {
        return (Err("Connection refused (os error 61)".to_owned()), quick);
    };
    let now = mac.state.now;
    let process = mac.state.processes.get_mut(&holder.pid).map(|process| &mut process.program);
    let Some(Program::Ollama(server)) = process else {
        return (Err("the connection was closed before a whole answer had come".to_owned()), quick);
    };
    let (reply, took) = server.answer(mac.disk.as_mut(), &HttpRequest { method, path, host, body }, now);
    let servers = mac.state.processes.values().filter_map(|process| match &process.program {
        Program::Ollama(server) => Some(server.model_memory(now)),
        _ => None,
    });
    let held = servers.sum();
    mac.state.meter.model_memory(held);
    (Ok(reply), took)
}
