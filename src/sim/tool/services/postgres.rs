use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Around, Asked, Life,
    reply::{hashed, text},
};
use crate::{
    machine::Reply,
    sim::clock::after,
    value::{basic_authorization, basic_credentials},
};

/// Where its data is, unless `PGDATA` says otherwise.
const DATA: &str = "/var/lib/postgresql/data";

/// What making a new database takes, and starting on one (docs/service-facts.md#start-times).
const INIT: Duration = Duration::from_secs(6);
const START: Duration = Duration::from_secs(2);

/// A running PostgreSQL. Name and password of its owner are those that it was first started with, whatever its environment
/// says later (docs/service-facts.md#postgres-local-trust).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Postgres {
    ready: Option<Timestamp>,
    up: bool,
}

/// What lies in its data folder.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// Hashed passwords by role.
    roles: BTreeMap<String, String>,
    /// Whether who comes by loopback needs no password.
    trusts: bool,
    /// One table for whoever uses it.
    rows: BTreeMap<String, String>,
}

impl Postgres {
    pub(super) fn listens(&self) -> bool {
        self.up
    }

    pub(super) fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        let now = around.now();
        match self.ready {
            Some(ready) if now < ready => return Life::Runs(Some(ready)),
            Some(_) => {
                if !self.up {
                    log.push("LOG:  database system is ready to accept connections".to_owned());
                }
                self.up = true;
                return Life::Runs(None);
            }
            None => {}
        }
        let takes = match kept(around) {
            Some(_) => {
                log.push(
                    "PostgreSQL Database directory appears to contain a database; Skipping initialization"
                        .to_owned(),
                );
                START
            }
            None => match init(around, log) {
                Ok(()) => INIT,
                Err(code) => return Life::Ended(code),
            },
        };
        let ready = after(now, takes);
        self.ready = Some(ready);
        Life::Runs(Some(ready))
    }

    /// A statement in the body, by whom the header says: with a password; with one from inside the container itself by loopback
    /// (`Near …`); or as `Peer NAME` by the socket there, which asks for none.
    pub(super) fn answer(around: &mut dyn Around, asked: &Asked<'_>) -> Reply {
        let Some(mut kept) = kept(around) else { return text(500, "FATAL:  database files are gone") };
        let given = asked.authorization.and_then(basic_credentials);
        let peer = asked.authorization.and_then(|by| by.strip_prefix("Peer ")).map(str::to_owned);
        let near = asked.authorization.and_then(|by| by.strip_prefix("Near ")).filter(|_| kept.trusts);
        let peer = peer.or_else(|| near.and_then(basic_credentials).map(|(user, _)| user));
        let given = given.or_else(|| asked.authorization?.strip_prefix("Near ").and_then(basic_credentials));
        let is = |role: &str, hash: &str| {
            given.as_ref().is_some_and(|(user, password)| user == role && hashed(role, password) == hash)
                || peer.as_deref() == Some(role)
        };
        let Some((role, _)) = kept.roles.iter().find(|(role, hash)| is(role, hash)) else {
            let user = given.map(|(user, _)| user).or(peer).unwrap_or_default();
            return text(401, &format!("FATAL:  password authentication failed for user \"{user}\""));
        };
        let role = role.clone();
        let body = String::from_utf8_lossy(asked.body).into_owned();
        let mut reply = text(200, "");
        for statement in body.split(";\n").map(|one| one.trim().trim_end_matches(';')) {
            if statement.is_empty() {
                continue;
            }
            reply = perform(around, &mut kept, &role, statement);
            if reply.status != 200 {
                break;
            }
        }
        reply
    }
}

fn perform(around: &mut dyn Around, kept: &mut Kept, role: &str, statement: &str) -> Reply {
    if let Some((name, password)) = altered(statement) {
        if !kept.roles.contains_key(&name) {
            return text(400, &format!("ERROR:  role \"{name}\" does not exist"));
        }
        kept.roles.insert(name.clone(), hashed(&name, &password));
        return keep(around, kept, "ALTER ROLE");
    }
    let words: Vec<&str> = statement.splitn(3, ' ').collect();
    match words.as_slice() {
        ["SET", ..] => text(200, "SET"),
        ["SELECT" | "select", "1"] => text(200, "1"),
        ["SELECT" | "select", "current_user"] => text(200, role),
        ["GET", key] => kept.rows.get(*key).map_or_else(|| text(404, ""), |value| text(200, value)),
        ["PUT", key, value] => {
            kept.rows.insert((*key).to_owned(), (*value).to_owned());
            keep(around, kept, "INSERT 0 1")
        }
        _ => text(400, "ERROR:  syntax error"),
    }
}

/// The first start: makes the role and the database that the environment names.
fn init(around: &mut dyn Around, log: &mut Vec<String>) -> Result<(), i64> {
    let password = around.variable("POSTGRES_PASSWORD").filter(|password| !password.is_empty());
    let Some(password) = password else {
        log.push("Error: Database is uninitialized and superuser password is not specified.".to_owned());
        log.push("       You must specify POSTGRES_PASSWORD to a non-empty value for the".to_owned());
        log.push("       superuser.".to_owned());
        return Err(1);
    };
    let user = around.variable("POSTGRES_USER").unwrap_or_else(|| "postgres".to_owned());
    let arguments = around.variable("POSTGRES_INITDB_ARGS").unwrap_or_default();
    let trusts = !arguments.contains("--auth-host=");
    let roles = BTreeMap::from([(user.clone(), hashed(&user, &password))]);
    let kept = Kept { roles, trusts, ..Kept::default() };
    if keep(around, &kept, "").status != 200 {
        log.push("initdb: error: could not write to its data folder".to_owned());
        return Err(1);
    }
    log.push("PostgreSQL init process complete; ready for start up.".to_owned());
    Ok(())
}

/// `ALTER USER name WITH PASSWORD 'password'`, in the ways that people write it.
fn altered(statement: &str) -> Option<(String, String)> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let (verb, rest) = words.split_first_chunk::<2>()?;
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if !is(verb[0], "ALTER") || !(is(verb[1], "USER") || is(verb[1], "ROLE")) {
        return None;
    }
    let (name, rest) = rest.split_first()?;
    let at = rest.iter().position(|word| is(word, "PASSWORD"))?;
    let password = rest.get(at + 1)?.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name.trim_matches('"').to_owned(), password.to_owned()))
}

fn file(around: &dyn Around) -> String {
    let folder = around.variable("PGDATA").unwrap_or_else(|| DATA.to_owned());
    format!("{folder}/base.json")
}

fn kept(around: &dyn Around) -> Option<Kept> {
    serde_json::from_slice(&around.read(&file(around))?).ok()
}

fn keep(around: &mut dyn Around, kept: &Kept, said: &str) -> Reply {
    let bytes = serde_json::to_vec(kept).unwrap_or_default();
    let path = file(around);
    match around.write(&path, bytes) {
        Ok(()) => text(200, said),
        Err(why) => text(500, &format!("ERROR:  could not extend file: {why}")),
    }
}

/// Sends a statement to the PostgreSQL that a `DATABASE_URL` names.
pub(super) fn ask(around: &mut dyn Around, url: &str, statement: &str) -> Result<Reply, String> {
    let address = Address::read(url).ok_or("P1013: The provided database string is invalid")?;
    let by = basic_authorization(&address.user, &address.password);
    let place = format!("http://{}/", address.server);
    let asked = Asked { method: "POST", url: &place, authorization: Some(&by), body: statement.as_bytes() };
    match around.ask(&asked).0 {
        Ok(reply) if reply.status == 401 => {
            Err(format!("P1000: Authentication failed against database server at `{}`", address.server))
        }
        Ok(reply) => Ok(reply),
        Err(_) => Err(format!("P1001: Can't reach database server at `{}`", address.server)),
    }
}

/// A `postgresql://user:password@host:port/database`.
struct Address {
    user: String,
    password: String,
    server: String,
}

impl Address {
    fn read(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://"))?;
        let (who, place) = rest.rsplit_once('@')?;
        let (user, password) = who.split_once(':')?;
        if password.contains(['/', '#', '?', '@', ':', '%']) {
            return None;
        }
        let server = place.split(['/', '?']).next().filter(|server| !server.is_empty())?;
        let server = if server.contains(':') { server.to_owned() } else { format!("{server}:5432") };
        Some(Self { user: user.to_owned(), password: password.to_owned(), server })
    }
}
