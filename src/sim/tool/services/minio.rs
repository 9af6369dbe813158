use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Around, Asked, Life, reply::text};
use crate::{
    machine::Reply,
    sim::clock::after,
    value::{basic_authorization, basic_credentials},
};

const START: Duration = Duration::from_secs(2);

/// A running MinIO: buckets are folders of its data folder, objects files in them.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Minio {
    ready: Option<Timestamp>,
    up: bool,
}

/// What keeps a folder that was made for a bucket.
const MARK: &str = ".bucket";

impl Minio {
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
            let secret = around.variable("MINIO_ROOT_PASSWORD").unwrap_or_else(|| "minioadmin".to_owned());
            if secret.len() < 8 {
                log.push(
                    "FATAL Invalid credentials: MINIO_ROOT_PASSWORD length should be at least 8 characters"
                        .to_owned(),
                );
                return Life::Ended(1);
            }
            for bucket in made_folders(around) {
                let made = around.write(&format!("{bucket}/{MARK}"), vec![]);
                if let Err(why) = made {
                    log.push(format!("mkdir: cannot create directory '{bucket}': {why}"));
                    return Life::Ended(1);
                }
            }
            self.up = true;
            log.push("API: http://127.0.0.1:9000".to_owned());
        }
        Life::Runs(None)
    }

    pub(super) fn answer(around: &mut dyn Around, asked: &Asked<'_>) -> Reply {
        let route = asked.route();
        if ["/minio/health/live", "/minio/health/ready", "/minio/health/cluster"].contains(&route) {
            return text(200, "");
        }
        let variable = |name: &str| around.variable(name).unwrap_or_else(|| "minioadmin".to_owned());
        let known = (variable("MINIO_ROOT_USER"), variable("MINIO_ROOT_PASSWORD"));
        match asked.authorization.and_then(basic_credentials) {
            None => return denied("AccessDenied"),
            Some((user, _)) if user != known.0 => return denied("InvalidAccessKeyId"),
            Some(given) if given != known => return denied("SignatureDoesNotMatch"),
            Some(_) => {}
        }
        let folder = folder(around);
        let (bucket, key) = match route.trim_start_matches('/').split_once('/') {
            Some((bucket, key)) if !key.is_empty() => (bucket, key),
            _ => (route.trim_matches('/'), ""),
        };
        if !around.has(&format!("{folder}/{bucket}")) {
            return text(404, "<Error><Code>NoSuchBucket</Code></Error>");
        }
        let path = format!("{folder}/{bucket}/{key}");
        match (asked.method, key) {
            ("GET" | "HEAD", "") => text(200, ""),
            ("PUT", key) if !key.is_empty() => match around.write(&path, asked.body.to_vec()) {
                Ok(()) => text(200, ""),
                Err(why) => text(507, &format!("<Error><Code>XMinioStorageFull</Code>{why}</Error>")),
            },
            ("GET", _) => match around.read(&path) {
                Some(body) => Reply { status: 200, body },
                None => text(404, "<Error><Code>NoSuchKey</Code></Error>"),
            },
            _ => text(405, "<Error><Code>MethodNotAllowed</Code></Error>"),
        }
    }
}

fn denied(code: &str) -> Reply {
    text(403, &format!("<Error><Code>{code}</Code></Error>"))
}

/// The folder that it serves: the last word of `server … FOLDER`.
fn folder(around: &dyn Around) -> String {
    let line = around.argv().join(" ");
    let server = line.rsplit_once("server ").map_or("", |(_, rest)| rest);
    let last = server.split_whitespace().rfind(|word| word.trim_matches(['"', '\'']).starts_with('/'));
    last.map_or("/data", |word| word.trim_matches(['"', '\''])).trim_end_matches('/').to_owned()
}

/// Folders that its command line makes before it serves.
fn made_folders(around: &dyn Around) -> Vec<String> {
    let line = around.argv().join(" ");
    let made = line.split_once("mkdir -p ").map_or("", |(_, rest)| rest);
    let words = made.split_whitespace().take_while(|word| word.starts_with(['/', '\'', '"']));
    words.map(|word| word.trim_matches(['"', '\'', ';']).trim_end_matches('/').to_owned()).collect()
}

/// Sends a request for an object to the store that the variables `PREFIX_…` of the container name.
pub(super) fn ask(
    around: &mut dyn Around,
    prefix: &str,
    method: &str,
    key: &str,
    body: &[u8],
) -> Result<Vec<u8>, String> {
    let variable =
        |name: &str| around.variable(&format!("{prefix}_{name}")).ok_or(format!("no {prefix}_{name}"));
    let (endpoint, bucket) = (variable("ENDPOINT")?, variable("BUCKET")?);
    let by = basic_authorization(&variable("ACCESS_KEY_ID")?, &variable("SECRET_ACCESS_KEY")?);
    if variable("FORCE_PATH_STYLE").as_deref() != Ok("true") {
        let host = endpoint.trim_start_matches("http://");
        return Err(format!("getaddrinfo ENOTFOUND {bucket}.{host}"));
    }
    let url = format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/'));
    let asked = Asked { method, url: &url, authorization: Some(&by), body };
    match around.ask(&asked).0 {
        Ok(reply) if reply.status == 200 => Ok(reply.body),
        Ok(reply) => Err(format!("{}: {}", reply.status, String::from_utf8_lossy(&reply.body))),
        Err(why) => Err(format!("connect ECONNREFUSED {endpoint}: {why}")),
    }
}
