use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Around, Asked, Life, reply::text};
use crate::{
    machine::Reply,
    sim::clock::after,
    value::{basic_authorization, basic_credentials},
};

const START: Duration = Duration::from_millis(500);

/// A running Redis or Valkey: queues in memory.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Redis {
    ready: Option<Timestamp>,
    up: bool,
    queues: BTreeMap<String, VecDeque<String>>,
}

impl Redis {
    pub(super) fn listens(&self) -> bool {
        self.up
    }

    pub(super) fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        let now = around.now();
        let ready = *self.ready.get_or_insert_with(|| after(now, START));
        if now < ready {
            return Life::Runs(Some(ready));
        }
        if !self.up {
            self.up = true;
            log.push("* Ready to accept connections tcp".to_owned());
        }
        Life::Runs(None)
    }

    /// A command in the body; the password is in the header.
    pub(super) fn answer(&mut self, around: &mut dyn Around, asked: &Asked<'_>) -> Reply {
        let given = asked.authorization.and_then(basic_credentials).map(|(_, password)| password);
        match (password(around), given) {
            (Some(wanted), Some(given)) if wanted != given => {
                return text(401, "WRONGPASS invalid username-password pair or user is disabled.");
            }
            (Some(_), None) => return text(401, "NOAUTH Authentication required."),
            (None, Some(_)) => {
                let said = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
                return text(401, said);
            }
            _ => {}
        }
        let body = String::from_utf8_lossy(asked.body);
        let words: Vec<&str> = body.trim().splitn(3, ' ').collect();
        let verb = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        match (verb.as_str(), words.get(1..).unwrap_or_default()) {
            ("PING", []) => text(200, "PONG"),
            ("LPUSH", [queue, value]) => {
                let queue = self.queues.entry((*queue).to_owned()).or_default();
                queue.push_front((*value).to_owned());
                text(200, &queue.len().to_string())
            }
            ("RPOP", [queue]) => {
                let value = self.queues.get_mut(*queue).and_then(VecDeque::pop_back);
                text(200, value.as_deref().unwrap_or(""))
            }
            ("LLEN", [queue]) => text(200, &self.queues.get(*queue).map_or(0, VecDeque::len).to_string()),
            (verb, _) => text(400, &format!("ERR unknown command '{verb}'")),
        }
    }
}

/// The password that its command line, or the configuration on it, asks for. A shell has put it in by now; what still looks like a
/// variable is one of the container's.
fn password(around: &dyn Around) -> Option<String> {
    let line = around.argv().join(" ");
    let (_, rest) = line.split_once("requirepass")?;
    let word = rest.split_whitespace().next()?.trim_matches(['"', '\'']);
    let word = match word.strip_prefix('$') {
        Some(name) => around.variable(name.trim_matches(['$', '{', '}']))?,
        None => word.to_owned(),
    };
    Some(word).filter(|word| !word.is_empty())
}

/// Sends a command to the Redis that the variables of the container name.
pub(super) fn ask(around: &mut dyn Around, command: &str) -> Result<String, String> {
    let (server, password) = if let Some(url) = around.variable("REDIS_CONNECTION_STRING") {
        let rest = url.strip_prefix("redis://").ok_or("Invalid URL protocol")?.to_owned();
        let (who, place) = rest.rsplit_once('@').unwrap_or(("", &rest));
        let password = who.split_once(':').map(|(_, password)| password.to_owned());
        (place.split('/').next().unwrap_or_default().to_owned(), password)
    } else {
        let host = around.variable("REDIS_HOST").ok_or("no REDIS_HOST")?;
        let port = around.variable("REDIS_PORT").unwrap_or_else(|| "6379".to_owned());
        (format!("{host}:{port}"), around.variable("REDIS_AUTH"))
    };
    let by = password.map(|password| basic_authorization("default", &password));
    let url = format!("http://{server}/");
    let asked = Asked { method: "POST", url: &url, authorization: by.as_deref(), body: command.as_bytes() };
    match around.ask(&asked).0 {
        Ok(reply) => super::reply::good(Ok(reply)),
        Err(why) => Err(format!("connect ECONNREFUSED {server}: {why}")),
    }
}
