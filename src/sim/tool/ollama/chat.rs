use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Server,
    answer::{error, named, parsed},
    generate::{Asked, respond},
    library::Library,
};
use crate::machine::Reply;

/// `POST /api/chat`; without messages it loads.
pub(super) fn answer(
    server: &mut Server,
    library: &Library<'_>,
    body: &[u8],
    now: Timestamp,
) -> (Reply, Duration) {
    let asked = parsed(body).and_then(|request| {
        refused(library, body, &request)?;
        let messages = request.get("messages").and_then(Value::as_array);
        let characters = |message: &Value| message.get("content").and_then(Value::as_str).map_or(1, str::len);
        let prompt = messages.into_iter().flatten().map(characters).sum();
        Asked::read(&request, prompt, "chat")
    });
    let wrap = |said: &str| json!({ "message": { "role": "assistant", "content": said } });
    match asked {
        Ok(asked) => respond(server, library, body, &asked, &wrap, now),
        Err(refused) => (refused, Duration::from_millis(1)),
    }
}

/// The models of a simulated Mac neither use tools nor think.
fn refused(library: &Library<'_>, body: &[u8], request: &Value) -> Result<(), Reply> {
    let (name, _) = named(body, "model")?;
    if library.find(&name).is_none() {
        return Ok(());
    }
    let asks = |key: &str| match request.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    if asks("tools") {
        return Err(error(400, &format!("{name} does not support tools")));
    }
    if asks("think") {
        return Err(error(400, &format!("\"{name}\" does not support thinking")));
    }
    Ok(())
}
