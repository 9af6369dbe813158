use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    super::{Around, Asked, Life, clickhouse, postgres},
    TABLE, api, environment, init,
};
use crate::{machine::Reply, sim::clock::after};

/// What it does before it serves, and how long each takes (docs/service-facts.md#langfuse-start).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stage {
    #[default]
    Checks,
    /// Connects to PostgreSQL, and brings its tables there up to date.
    Postgres,
    /// The same in ClickHouse.
    ClickHouse,
    Starts,
    Serves,
}

const CONNECT: Duration = Duration::from_secs(4);
const POSTGRES: Duration = Duration::from_secs(55);
const CLICKHOUSE: Duration = Duration::from_secs(70);
const UP_TO_DATE: Duration = Duration::from_secs(3);
const START: Duration = Duration::from_secs(15);

/// Langfuse's web server while it runs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Web {
    stage: Stage,
    due: Option<Timestamp>,
}

impl Web {
    pub(in super::super) fn listens(&self) -> bool {
        self.stage == Stage::Serves
    }

    pub(in super::super) fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        while self.stage != Stage::Serves {
            match self.due.filter(|due| around.now() < *due) {
                Some(due) => return Life::Runs(Some(due)),
                None => match self.step(around, log) {
                    Ok(takes) => self.due = Some(after(around.now(), takes)),
                    Err(said) => {
                        log.extend(said.lines().map(str::to_owned));
                        return Life::Ended(1);
                    }
                },
            }
        }
        Life::Runs(None)
    }

    /// Does what its stage asks for, and goes on to the next; says how long it is until that.
    fn step(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Result<Duration, String> {
        let (next, takes) = match self.stage {
            Stage::Checks => {
                environment(around)?;
                let url = around.variable("NEXTAUTH_URL").filter(|url| url.starts_with("http"));
                if url.is_none() || around.variable("NEXTAUTH_SECRET").is_none() {
                    return Err("Invalid environment variables: NEXTAUTH_URL, NEXTAUTH_SECRET".to_owned());
                }
                (Stage::Postgres, CONNECT)
            }
            Stage::Postgres => {
                let new = migrated(around).map_err(|why| failed(&why, "database"))?;
                (Stage::ClickHouse, if new { POSTGRES } else { UP_TO_DATE })
            }
            Stage::ClickHouse => {
                let new = tables(around).map_err(|why| failed(&why, "clickhouse"))?;
                log.push("All migrations have been successfully applied.".to_owned());
                (Stage::Starts, if new { CLICKHOUSE + START } else { UP_TO_DATE + START })
            }
            Stage::Starts | Stage::Serves => {
                init::init(around, log)?;
                log.push("Ready".to_owned());
                (Stage::Serves, Duration::ZERO)
            }
        };
        self.stage = next;
        Ok(takes)
    }

    pub(in super::super) fn answer(
        around: &mut dyn Around,
        asked: &Asked<'_>,
        log: &mut Vec<String>,
    ) -> (Reply, Duration) {
        (api::answer(around, asked, log), Duration::from_millis(40))
    }
}

fn failed(why: &str, which: &str) -> String {
    let mostly = "This is mostly caused by the database being unavailable.";
    format!("Error: {why}\nApplying {which} migrations failed. {mostly}\nExiting...")
}

/// Makes its tables in PostgreSQL; whether there were none.
fn migrated(around: &mut dyn Around) -> Result<bool, String> {
    let new = database(around, "GET migrated")?.is_empty();
    if new {
        database(around, "PUT migrated 1")?;
    }
    Ok(new)
}

/// Makes its table in ClickHouse; whether there was none. On a single node that fails unless it is told of no cluster.
fn tables(around: &mut dyn Around) -> Result<bool, String> {
    let new = clickhouse::ask(around, &format!("EXISTS TABLE {TABLE}"))?.trim() == "0";
    if new {
        let clustered = around.variable("CLICKHOUSE_CLUSTER_ENABLED").as_deref() != Some("false");
        let cluster = if clustered { " ON CLUSTER default" } else { "" };
        clickhouse::ask(around, &format!("CREATE TABLE {TABLE}{cluster}"))?;
    }
    Ok(new)
}

/// A statement for its PostgreSQL; nothing where there is no such row.
pub(super) fn database(around: &mut dyn Around, statement: &str) -> Result<String, String> {
    let url = around.variable("DATABASE_URL").unwrap_or_default();
    let reply = postgres::ask(around, &url, statement)?;
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    match reply.status {
        200 => Ok(body),
        404 => Ok(String::new()),
        _ => Err(body),
    }
}

/// Both programs listen where `HOSTNAME` says, which is its container's own name unless somebody sets it: then they are not reached by
/// loopback from inside (docs/service-facts.md#langfuse-hostname).
pub(in super::super) fn on_loopback(around: &dyn Around) -> bool {
    around.variable("HOSTNAME").as_deref() == Some("0.0.0.0")
}
