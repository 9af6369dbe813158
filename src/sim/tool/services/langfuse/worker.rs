use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    super::{Around, Asked, Life, clickhouse, minio, redis, reply::json, service::AT_ONCE},
    QUEUE, TABLE, VERSION, environment,
    web::database,
};
use crate::{machine::Reply, sim::clock::after};

/// What its start takes (docs/service-facts.md#langfuse-start).
const START: Duration = Duration::from_secs(20);

/// How often it looks into its queue.
const LOOK: Duration = Duration::from_secs(5);

/// Langfuse's worker while it runs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    ready: Option<Timestamp>,
    up: bool,
}

impl Worker {
    pub(in super::super) fn listens(&self) -> bool {
        self.up
    }

    pub(in super::super) fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        let now = around.now();
        let Some(ready) = self.ready else {
            if let Err(said) = environment(around) {
                log.push(said);
                return Life::Ended(1);
            }
            let ready = after(now, START);
            self.ready = Some(ready);
            return Life::Runs(Some(ready));
        };
        if now < ready {
            return Life::Runs(Some(ready));
        }
        if !self.up {
            self.up = true;
            log.push("Listening: http://0.0.0.0:3030".to_owned());
        }
        if let Err(why) = work(around) {
            log.push(format!("error Failed to process OTel ingestion: {why}"));
        }
        Life::Runs(Some(after(now, LOOK)))
    }

    pub(in super::super) fn answer(around: &mut dyn Around, asked: &Asked<'_>) -> (Reply, Duration) {
        let reply = match (asked.method, asked.route()) {
            ("GET", "/api/health" | "/api/ready") => {
                let failed = database(around, "SELECT 1").and_then(|_| redis::ask(around, "PING")).err();
                match failed {
                    None => json(200, &json!({ "status": "OK", "version": VERSION })),
                    Some(why) => json(500, &json!({ "status": "error", "message": why })),
                }
            }
            _ => json(404, &json!({ "message": "Not Found" })),
        };
        (reply, AT_ONCE)
    }
}

/// Brings all that the queue names from the object store into ClickHouse.
fn work(around: &mut dyn Around) -> Result<(), String> {
    loop {
        let key = redis::ask(around, &format!("RPOP {QUEUE}"))?;
        if key.is_empty() {
            return Ok(());
        }
        let done = minio::ask(around, "LANGFUSE_S3_EVENT_UPLOAD", "GET", &key, b"").and_then(|content| {
            let rows = String::from_utf8_lossy(&content).into_owned();
            clickhouse::ask(around, &format!("INSERT INTO {TABLE} FORMAT JSONEachRow\n{rows}"))
        });
        if let Err(why) = done {
            // It is tried again with the next look.
            redis::ask(around, &format!("LPUSH {QUEUE} {key}"))?;
            return Err(why);
        }
    }
}
