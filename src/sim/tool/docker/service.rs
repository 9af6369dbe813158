use std::time::Duration;

use jiff::Timestamp;

use super::{Asked, Inside, Run};
use crate::{
    machine::Reply,
    sim::tool::services::{self, Around, Kind, Life, Service},
};

/// Starts a program of the services'.
pub(super) fn start(kind: Kind, inside: &mut Inside) -> Run {
    lives(kind, Service::new(kind), inside)
}

/// It does what it wanted to do now.
pub(super) fn wake(kind: Kind, inside: &mut Inside) -> Run {
    match inside.run().and_then(|run| run.service.take()) {
        Some(service) => lives(kind, *service, inside),
        None => Run::over(1, inside.now()),
    }
}

fn lives(kind: Kind, mut service: Service, inside: &mut Inside) -> Run {
    let mut log = vec![];
    let life = service.live(inside, &mut log);
    for line in log {
        inside.log(line);
    }
    let run = Run { memory: kind.memory(), term: Some(0), ..Run::idle() };
    match life {
        Life::Ended(code) => Run { ends: Some((inside.now(), i32::try_from(code).unwrap_or(1))), ..run },
        Life::Runs(next) => Run {
            listens: service.listens(inside),
            wakes: next.map(|at| (at, String::new())),
            service: Some(Box::new(service)),
            ..run
        },
    }
}

/// What it answers.
pub(super) fn answer(inside: &mut Inside, asked: &Asked) -> (Result<Reply, String>, Duration) {
    let Some(mut service) = inside.run().and_then(|run| run.service.take()) else {
        return (Err("nothing listens".to_owned()), Duration::ZERO);
    };
    let mut log = vec![];
    let url = format!("http://127.0.0.1:{}{}", asked.port, asked.path);
    let Asked { method, authorization, body, .. } = *asked;
    let (reply, took) =
        service.answer(inside, &services::Asked { method, url: &url, authorization, body }, &mut log);
    for line in log {
        inside.log(line);
    }
    if let Some(run) = inside.run() {
        run.service = Some(service);
    }
    (Ok(reply), took)
}

impl Around for Inside<'_> {
    fn now(&self) -> Timestamp {
        Inside::now(self)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env(name)
    }

    fn argv(&self) -> Vec<String> {
        Inside::argv(self)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        Inside::read(self, path).map(String::into_bytes)
    }

    fn has(&self, path: &str) -> bool {
        Inside::has(self, path)
    }

    fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), String> {
        let text = String::from_utf8(content).map_err(|_| "Invalid argument".to_owned())?;
        if Inside::write(self, path, text) { Ok(()) } else { Err("Read-only file system".to_owned()) }
    }

    fn ask(&mut self, asked: &services::Asked<'_>) -> (Result<Reply, String>, Duration) {
        let place = asked.url.split_once("://").map_or(asked.url, |(_, rest)| rest);
        let place = place.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(80)),
            None => (place, 80),
        };
        let services::Asked { method, authorization, body, .. } = *asked;
        Inside::ask(self, host, &Asked { port, method, path: asked.path(), authorization, body })
    }
}
