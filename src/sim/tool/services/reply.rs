use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{machine::Reply, value::hex};

/// A reply of plain text.
pub(super) fn text(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec() }
}

/// A reply of JSON.
pub(super) fn json(status: u16, value: &Value) -> Reply {
    text(status, &value.to_string())
}

/// The body of a reply as text, and whether it is a good one; else why not.
pub(super) fn good(reply: Result<Reply, String>) -> Result<String, String> {
    let Reply { status, body } = reply?;
    let body = String::from_utf8_lossy(&body).into_owned();
    if status == 200 { Ok(body) } else { Err(body) }
}

/// How a password is kept.
pub(super) fn hashed(salt: &str, password: &str) -> String {
    hex(&Sha256::digest(format!("{salt}:{password}")))
}
