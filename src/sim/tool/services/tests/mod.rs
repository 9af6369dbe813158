//! The services among themselves, on a network that is nothing but names.

mod langfuse;
mod open_webui;
mod stores;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::machine::{Output, Reply};

const START: Timestamp = Timestamp::constant(1_767_603_600, 0);

struct Container {
    service: Option<Service>,
    kind: Kind,
    variables: BTreeMap<String, String>,
    argv: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    log: Vec<String>,
    due: Option<Timestamp>,
    ended: Option<i64>,
}

/// Containers by name, and the Ollama of the Mac: what it answers by path.
pub(super) struct Net {
    now: Timestamp,
    containers: BTreeMap<String, Container>,
    ollama: BTreeMap<&'static str, &'static str>,
}

impl Net {
    pub(super) fn new() -> Self {
        Self { now: START, containers: BTreeMap::new(), ollama: BTreeMap::new() }
    }

    /// Starts a container; what one of that name had in its files stays.
    pub(super) fn start(&mut self, name: &str, kind: Kind, variables: &[(&str, &str)], argv: &str) {
        let before = self.containers.remove(name);
        let container = Container {
            service: Some(Service::new(kind)),
            kind,
            variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            argv: argv.split(' ').map(str::to_owned).collect(),
            files: before.map(|before| before.files).unwrap_or_default(),
            log: vec![],
            due: Some(self.now),
            ended: None,
        };
        self.containers.insert(name.to_owned(), container);
        self.pass(Duration::ZERO);
    }

    pub(super) fn forget(&mut self, name: &str, path: &str) {
        self.containers.get_mut(name).unwrap().files.remove(path);
    }

    /// Lets time pass, each container doing what it does by itself when it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.checked_add(time).unwrap();
        loop {
            let next = self.containers.iter().filter_map(|(name, it)| Some((it.due?, name.clone()))).min();
            let Some((due, name)) = next.filter(|(due, _)| *due <= end) else { break };
            self.now = self.now.max(due);
            let lived = self.with(&name, |service, around, log| service.live(around, log)).unwrap();
            let container = self.containers.get_mut(&name).unwrap();
            match lived {
                Life::Runs(again) => container.due = again,
                Life::Ended(code) => {
                    (container.due, container.ended, container.service) = (None, Some(code), None);
                }
            }
        }
        self.now = end;
    }

    fn with<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Service, &mut dyn Around, &mut Vec<String>) -> T,
    ) -> Option<T> {
        let mut service = self.containers.get_mut(name)?.service.take()?;
        let mut log = vec![];
        let done = act(&mut service, &mut Inside { net: self, name: name.to_owned() }, &mut log);
        let container = self.containers.get_mut(name)?;
        container.service = Some(service);
        container.log.extend(log);
        Some(done)
    }

    pub(super) fn ended(&self, name: &str) -> Option<i64> {
        self.containers[name].ended
    }

    pub(super) fn log(&self, name: &str) -> String {
        self.containers[name].log.join("\n")
    }

    /// What a container runs for somebody, by its shell.
    pub(super) fn exec(&mut self, name: &str, line: &str) -> Output {
        let kind = self.containers[name].kind;
        shell(Some(kind), &mut Inside { net: self, name: name.to_owned() }, line).0
    }

    /// Asks by name and port.
    pub(super) fn ask(&mut self, asked: &Asked<'_>, from: &str) -> (Result<Reply, String>, Duration) {
        let place = asked.url.trim_start_matches("http://").split('/').next().unwrap();
        let (host, port) = place.split_once(':').unwrap();
        if host == "host.docker.internal" {
            let refused = Err("Connection refused".to_owned());
            let reply = self.ollama.get(asked.route());
            let reply =
                reply.map_or(refused, |body| Ok(Reply { status: 200, body: body.as_bytes().to_vec() }));
            return (reply, Duration::from_millis(5));
        }
        let loopback = ["127.0.0.1", "localhost"].contains(&host);
        let host = if loopback { from } else { host };
        if !self.containers.contains_key(host) {
            return (Err(format!("Could not resolve host: {host}")), Duration::ZERO);
        }
        let port: u16 = port.parse().unwrap();
        let answered = self.with(host, |service, around, log| {
            let open = service.listens(around);
            let reached = open.iter().any(|(own, by_loopback)| *own == port && (*by_loopback || !loopback));
            reached.then(|| service.answer(around, asked, log))
        });
        match answered.flatten() {
            Some((reply, took)) => (Ok(reply), took),
            None => (Err("Connection refused".to_owned()), Duration::ZERO),
        }
    }

    /// A request from outside: status and body.
    pub(super) fn send(&mut self, method: &str, url: &str, by: Option<&str>, body: &str) -> (u16, Value) {
        let asked = Asked { method, url, authorization: by, body: body.as_bytes() };
        let reply = self.ask(&asked, "").0.unwrap();
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    pub(super) fn is_refused(&mut self, url: &str) -> bool {
        self.ask(&Asked::get(url), "").0.is_err()
    }
}

struct Inside<'n> {
    net: &'n mut Net,
    name: String,
}

impl Inside<'_> {
    fn container(&self) -> &Container {
        &self.net.containers[&self.name]
    }
}

impl Around for Inside<'_> {
    fn now(&self) -> Timestamp {
        self.net.now
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.container().variables.get(name).cloned()
    }
    fn argv(&self) -> Vec<String> {
        self.container().argv.clone()
    }
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.container().files.get(path).cloned()
    }
    fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.container().files.keys().any(|file| file == path || file.starts_with(&below))
    }
    fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), String> {
        self.net.containers.get_mut(&self.name).unwrap().files.insert(path.to_owned(), content);
        Ok(())
    }
    fn ask(&mut self, asked: &Asked<'_>) -> (Result<Reply, String>, Duration) {
        self.net.ask(asked, &self.name)
    }
}

/// So many seconds.
pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
