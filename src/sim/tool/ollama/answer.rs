use std::time::Duration;

use crate::sim::clock::after;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Server, chat, generate, guard,
    library::{Library, Model},
    name::ModelName,
    pull::Order,
};
use crate::{machine::Reply, sim::Disk};

/// A request as the server sees it.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'r> {
    /// `GET`, `POST`, …
    pub method: &'r str,
    /// With the query, if there is one.
    pub path: &'r str,
    /// The `Host` header.
    pub host: &'r str,
    /// The `Authorization` header, of which Ollama takes no notice.
    pub authorization: Option<&'r str>,
    /// The body.
    pub body: &'r [u8],
}

/// What takes no computing.
const AT_ONCE: Duration = Duration::from_millis(2);

/// Which methods each path knows.
const ROUTES: &[(&str, &[&str])] = &[
    ("/", &["GET", "HEAD"]),
    ("/api/version", &["GET", "HEAD"]),
    ("/api/status", &["GET"]),
    ("/api/tags", &["GET", "HEAD"]),
    ("/api/ps", &["GET"]),
    ("/api/show", &["POST"]),
    ("/api/pull", &["POST"]),
    ("/api/generate", &["POST"]),
    ("/api/chat", &["POST"]),
    ("/api/embed", &["POST"]),
    ("/api/copy", &["POST"]),
    ("/api/delete", &["DELETE"]),
    ("/v1/models", &["GET"]),
];

impl Server {
    /// Answers a request at `now`, and how long that takes.
    pub fn answer(
        &mut self,
        disk: &mut dyn Disk,
        request: &HttpRequest<'_>,
        now: Timestamp,
    ) -> (Reply, Duration) {
        let waited = Duration::try_from(self.ready.duration_since(now)).unwrap_or_default();
        let begin = after(now, waited);
        self.expire(begin);
        let (reply, took) = self.handle(disk, request, begin);
        (reply, waited + took)
    }

    /// What a request to pull asks for, or why it is refused; `None` for any other request.
    pub(in crate::sim) fn pull_order(&self, request: &HttpRequest<'_>) -> Option<Result<Order, Reply>> {
        let path = request.path.split('?').next().unwrap_or("");
        if (request.method, path) != ("POST", "/api/pull") {
            return None;
        }
        if self.on_loopback() && !guard::admits(request.host) {
            return Some(Err(text(403, "")));
        }
        Some(named(request.body, "model").map(|(name, _)| {
            let body = parsed(request.body).unwrap_or_default();
            let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(true);
            let insecure = body.get("insecure").and_then(Value::as_bool).unwrap_or(false);
            Order { name, stream, insecure }
        }))
    }

    fn handle(
        &mut self,
        disk: &mut dyn Disk,
        request: &HttpRequest<'_>,
        now: Timestamp,
    ) -> (Reply, Duration) {
        if self.on_loopback() && !guard::admits(request.host) {
            return (text(403, ""), AT_ONCE);
        }
        let path = request.path.split('?').next().unwrap_or("");
        let Some((path, methods)) = ROUTES.iter().find(|(route, _)| *route == path) else {
            return (text(404, "404 page not found"), AT_ONCE);
        };
        if !methods.contains(&request.method) {
            return (text(405, "405 method not allowed"), AT_ONCE);
        }
        let models = self.settings.models.clone();
        let mut library = Library { disk, uid: self.uid, models: &models };
        match *path {
            "/api/generate" => return generate::answer(self, &library, request.body, now),
            "/api/chat" => return chat::answer(self, &library, request.body, now),
            _ => {}
        }
        let reply = match *path {
            _ if request.method == "HEAD" => text(200, ""),
            "/" => text(200, "Ollama is running"),
            "/api/version" => json(&json!({ "version": self.version })),
            "/api/status" => self.status(),
            "/api/tags" => {
                json(&json!({ "models": library.all().iter().map(Model::listed).collect::<Vec<_>>() }))
            }
            "/api/ps" => self.ps(),
            "/v1/models" => catalogue(&library),
            "/api/embed" => embed(&library, request.body),
            "/api/show" => show(&library, request.body),
            "/api/copy" => copy(&mut library, request.body, now),
            "/api/delete" => self.delete(&mut library, request.body, now),
            // What takes longer than an answer is begun elsewhere.
            _ => error(500, "not an answer of the moment"),
        };
        (reply, AT_ONCE)
    }

    fn status(&self) -> Reply {
        let source = if self.settings.no_cloud { "env" } else { "none" };
        json(&json!({ "cloud": { "disabled": self.settings.no_cloud, "source": source } }))
    }

    /// The latest to expire first.
    fn ps(&self) -> Reply {
        let mut loaded: Vec<_> = self.loaded.iter().collect();
        loaded.sort_by_key(|it| std::cmp::Reverse(it.expires.unwrap_or(Timestamp::MAX)));
        json(&json!({ "models": loaded.into_iter().map(super::Loaded::listed).collect::<Vec<_>>() }))
    }

    fn delete(&mut self, library: &mut Library<'_>, body: &[u8], now: Timestamp) -> Reply {
        let (name, wanted) = match named(body, "model") {
            Ok(named) => named,
            Err(refused) => return refused,
        };
        if library.find(&name).is_none() {
            return error(404, &format!("model '{wanted}' not found"));
        }
        self.loaded.retain(|loaded| loaded.name != name.to_string());
        match library.delete(&name, now) {
            Ok(()) => text(200, ""),
            Err(failed) => error(500, &failed.to_string()),
        }
    }
}

/// A body as JSON.
pub(super) fn parsed(body: &[u8]) -> Result<Value, Reply> {
    if body.is_empty() {
        return Err(error(400, "missing request body"));
    }
    serde_json::from_slice(body).map_err(|failed| error(400, &failed.to_string()))
}

/// The model that a body names, and the name as written.
pub(super) fn named(body: &[u8], key: &str) -> Result<(ModelName, String), Reply> {
    let body = parsed(body)?;
    let written = body.get(key).or_else(|| body.get("name")).and_then(Value::as_str).unwrap_or("");
    if written.is_empty() {
        return Err(error(400, "model is required"));
    }
    let name = ModelName::read(written).ok_or_else(|| error(400, "invalid model name"))?;
    Ok((name, written.to_owned()))
}

fn show(library: &Library<'_>, body: &[u8]) -> Reply {
    match named(body, "model") {
        Err(refused) => refused,
        Ok((name, _)) => match library.find(&name) {
            Some(model) => json(&model.shown()),
            None => error(404, &format!("model '{name}' not found")),
        },
    }
}

fn copy(library: &mut Library<'_>, body: &[u8], now: Timestamp) -> Reply {
    let (from, written) = match named(body, "source") {
        Ok(named) => named,
        Err(refused) => return refused,
    };
    let to = match named(body, "destination") {
        Ok((to, _)) => to,
        Err(refused) => return refused,
    };
    if library.find(&from).is_none() {
        return error(404, &format!("model \"{written}\" not found"));
    }
    match library.copy(&from, &to, now) {
        Ok(()) => text(200, ""),
        Err(failed) => error(500, &failed.to_string()),
    }
}

/// One embedding, whatever was asked: nothing but its length is modelled.
fn embed(library: &Library<'_>, body: &[u8]) -> Reply {
    let (name, written) = match named(body, "model") {
        Err(refused) => return refused,
        Ok(named) => named,
    };
    match library.find(&name) {
        None => error(404, &format!("model '{written}' not found")),
        Some(model) if model.capabilities.iter().any(|what| what == "embedding") => {
            let numbers = (0..model.header.embedding_length()).map(|nth| u8::from(nth == 0));
            json(&json!({ "model": written, "embeddings": [numbers.collect::<Vec<_>>()] }))
        }
        Some(_) => error(501, "This server does not support embeddings. Start it with `--embeddings`"),
    }
}

/// The list as `OpenAI` words it; `null`, not an empty list, without models.
fn catalogue(library: &Library<'_>) -> Reply {
    let models: Vec<Value> = library
        .all()
        .iter()
        .map(|model| {
            json!({
                "id": model.name.to_string(), "object": "model", "created": model.modified.as_second(),
                "owned_by": "library",
            })
        })
        .collect();
    let data = if models.is_empty() { Value::Null } else { models.into() };
    json(&json!({ "object": "list", "data": data }))
}

/// A reply of plain text.
pub(super) fn text(status: u16, body: &str) -> Reply {
    Reply { status, body: body.as_bytes().to_vec() }
}

/// A reply of JSON.
pub(super) fn json(value: &Value) -> Reply {
    text(200, &value.to_string())
}

/// `{"error":"…"}`.
pub(super) fn error(status: u16, said: &str) -> Reply {
    text(status, &json!({ "error": said }).to_string())
}
