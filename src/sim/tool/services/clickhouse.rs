use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Around, Asked, Life,
    reply::{good, text},
};
use crate::{
    machine::Reply,
    sim::clock::after,
    value::{basic_authorization, basic_credentials},
};

const START: Duration = Duration::from_secs(8);

const FILE: &str = "/var/lib/clickhouse/store.json";

/// A running ClickHouse on one node. Name and password are those of its environment, at each start anew.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct ClickHouse {
    ready: Option<Timestamp>,
    up: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    tables: Vec<String>,
    rows: Vec<Value>,
}

impl ClickHouse {
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
            log.push("<Information> Application: Ready for connections.".to_owned());
        }
        Life::Runs(None)
    }

    pub(super) fn answer(around: &mut dyn Around, asked: &Asked<'_>) -> Reply {
        match asked.route() {
            "/ping" => return text(200, "Ok.\n"),
            "/" if asked.method == "GET" && !asked.path().contains("query=") => return text(200, "Ok.\n"),
            "/" => {}
            _ => return text(404, "There is no handle. Use / or /ping for health checks.\n"),
        }
        let user = around.variable("CLICKHOUSE_USER").unwrap_or_else(|| "default".to_owned());
        let password = around.variable("CLICKHOUSE_PASSWORD").unwrap_or_default();
        let given = asked.authorization.and_then(basic_credentials);
        let given = given.unwrap_or_else(|| ("default".to_owned(), String::new()));
        if given != (user, password) {
            let said = format!(
                "Code: 516. DB::Exception: {}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)\n",
                given.0
            );
            return text(403, &said);
        }
        let body = match asked.parameter("query") {
            Some(query) => query.replace(['+', '%'], " ").replace(" 20", " "),
            None => String::from_utf8_lossy(asked.body).into_owned(),
        };
        query(around, body.trim())
    }
}

fn query(around: &mut dyn Around, statement: &str) -> Reply {
    let mut kept: Kept =
        around.read(FILE).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let words: Vec<&str> = statement.split_whitespace().collect();
    let table = |name: &str| kept.tables.iter().any(|known| known == name);
    match words.as_slice() {
        ["SELECT" | "select", "1"] => text(200, "1\n"),
        ["EXISTS", "TABLE", name] => text(200, if table(name) { "1\n" } else { "0\n" }),
        ["CREATE", "TABLE", _, "ON", "CLUSTER", cluster] => {
            let said = format!(
                "Code: 170. DB::Exception: Requested cluster '{cluster}' not found. (CLUSTER_DOESNT_EXIST)\n"
            );
            text(404, &said)
        }
        ["CREATE", "TABLE", name] => {
            kept.tables.push((*name).to_owned());
            keep(around, &kept)
        }
        ["INSERT", "INTO", name, "FORMAT", "JSONEachRow", ..] if table(name) => {
            let rows = statement.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok());
            kept.rows.extend(rows);
            keep(around, &kept)
        }
        ["SELECT", "*", "FROM", name, "WHERE", "trace_id", "=", id, "FORMAT", "JSONEachRow"]
            if table(name) =>
        {
            let id = id.trim_matches('\'');
            let rows = kept.rows.iter().filter(|row| row.get("traceId").and_then(Value::as_str) == Some(id));
            text(200, &rows.map(Value::to_string).collect::<Vec<_>>().join("\n"))
        }
        [.., "FROM" | "INTO", name] | ["INSERT", _, name, ..] | ["SELECT", _, _, name, ..] => text(
            404,
            &format!("Code: 60. DB::Exception: Table default.{name} does not exist. (UNKNOWN_TABLE)\n"),
        ),
        _ => text(400, "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)\n"),
    }
}

fn keep(around: &mut dyn Around, kept: &Kept) -> Reply {
    match around.write(FILE, serde_json::to_vec(kept).unwrap_or_default()) {
        Ok(()) => text(200, ""),
        Err(why) => text(500, &format!("Code: 243. DB::Exception: {why}. (NOT_ENOUGH_SPACE)\n")),
    }
}

/// Sends a statement to the ClickHouse that the variables of the container name.
pub(super) fn ask(around: &mut dyn Around, statement: &str) -> Result<String, String> {
    let variable = |name: &str| around.variable(name).ok_or(format!("no {name}"));
    let url = format!("{}/", variable("CLICKHOUSE_URL")?.trim_end_matches('/'));
    let by = basic_authorization(&variable("CLICKHOUSE_USER")?, &variable("CLICKHOUSE_PASSWORD")?);
    let asked = Asked { method: "POST", url: &url, authorization: Some(&by), body: statement.as_bytes() };
    let reply = around.ask(&asked).0;
    good(reply).map_err(|why| format!("clickhouse at {url}: {}", why.trim()))
}
