use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        Around, Asked,
        reply::{json, text},
    },
    kept::{Kept, Made, Settings},
};
use crate::machine::Reply;

/// How long it waits for a list of models.
const LIST: Duration = Duration::from_secs(10);

/// What each Ollama server lists: the models of those that answer.
fn listed(settings: &Settings, around: &mut dyn Around) -> (Vec<(usize, Value)>, Duration) {
    let (mut all, mut took) = (vec![], Duration::ZERO);
    let urls = settings.ollama_urls.iter().filter(|_| settings.ollama).enumerate();
    for (nth, url) in urls {
        let (reply, time) = around.ask(&Asked::get(&format!("{url}/api/tags")));
        // They are asked side by side, and none for ever.
        took = took.max(time.min(LIST));
        let Ok(reply) = reply.map_err(drop) else { continue };
        let tags: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let models = tags.get("models").and_then(Value::as_array).cloned().unwrap_or_default();
        all.extend(models.into_iter().map(|model| (nth, model)));
    }
    (all, took)
}

pub(super) fn list(settings: &Settings, around: &mut dyn Around) -> (Reply, Duration) {
    let (all, took) = listed(settings, around);
    let made = Kept::read(around).models;
    let is_hidden = |model: &Value| {
        let hides = |made: &&Made| made.base_model_id.is_none() && !made.is_active;
        made.iter().filter(hides).any(|made| model.get("name").and_then(Value::as_str) == Some(&made.id))
    };
    let own = made.iter().filter(|made| made.base_model_id.is_some() && made.is_active).map(|made| {
        json!({ "id": made.id, "name": made.id, "object": "model", "owned_by": "ollama", "preset": true })
    });
    let data: Vec<Value> = all
        .into_iter()
        .filter(|(_, model)| !is_hidden(model))
        .map(|(nth, model)| {
            let name = model.get("name").cloned().unwrap_or_default();
            json!({
                "id": name, "name": name, "object": "model", "owned_by": "ollama",
                "connection_type": "local", "urlIdx": nth, "ollama": model,
            })
        })
        .chain(own)
        .collect();
    (json(200, &json!({ "data": data })), took)
}

fn url_of<'s>(settings: &'s Settings, around: &mut dyn Around, id: &str) -> (Option<&'s str>, Duration) {
    let (all, took) = listed(settings, around);
    let found = all.into_iter().find(|(_, model)| model.get("name").and_then(Value::as_str) == Some(id));
    let url = found.and_then(|(nth, _)| settings.ollama_urls.get(nth)).map(String::as_str);
    (url, took)
}

/// `POST /api/chat/completions` for a model of Ollama's.
pub(super) fn chat(
    settings: &Settings,
    around: &mut dyn Around,
    body: &[u8],
    log: &mut Vec<String>,
) -> (Reply, Duration) {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = request.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, looked) = url_of(settings, around, &id);
    let detail = |status, said: &str| json(status, &json!({ "detail": said }));
    let Some(url) = url else { return (detail(404, "Model not found"), looked) };
    let mut payload = json!({
        "model": id, "messages": request.get("messages").cloned().unwrap_or_else(|| json!([])), "stream": false,
    });
    if let (Some(most), Some(payload)) = (request.get("max_tokens"), payload.as_object_mut()) {
        payload.insert("options".to_owned(), json!({ "num_predict": most }));
    }
    let place = format!("{url}/api/chat");
    let payload = payload.to_string();
    let asked = Asked { method: "POST", url: &place, authorization: None, body: payload.as_bytes() };
    let (reply, took) = around.ask(&asked);
    let took = looked + took;
    let reply = match reply {
        Ok(reply) if reply.status == 200 => reply,
        Ok(reply) => {
            let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let said =
                said.get("error").and_then(Value::as_str).unwrap_or("Open WebUI: Server Connection Error");
            log.push(format!("ERROR    | open_webui.routers.ollama:send_post_request - {said}"));
            return (detail(reply.status, &format!("Ollama: {said}")), took);
        }
        Err(why) => {
            log.push(format!("ERROR    | open_webui.routers.ollama:send_post_request - {why}"));
            return (detail(500, "Open WebUI: Server Connection Error"), took);
        }
    };
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let number = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or(0);
    let content = answer.pointer("/message/content").cloned().unwrap_or_else(|| json!(""));
    let (prompt, given) = (number("prompt_eval_count"), number("eval_count"));
    let completion = json!({
        "id": format!("{id}-chat"), "object": "chat.completion", "model": id, "created": around.now().as_second(),
        "choices": [{
            "index": 0, "logprobs": null, "finish_reason": "stop",
            "message": { "role": "assistant", "content": content },
        }],
        "usage": {
            "prompt_tokens": prompt, "completion_tokens": given, "total_tokens": prompt + given,
            "total_duration": number("total_duration"), "eval_count": given,
        },
    });
    (json(200, &completion), took)
}

/// Has a model leave Ollama's memory.
pub(super) fn unload(settings: &Settings, around: &mut dyn Around, body: &[u8]) -> (Reply, Duration) {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = request.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (url, looked) = url_of(settings, around, &id);
    let Some(url) = url else { return (json(404, &json!({ "detail": "Model not found" })), looked) };
    let place = format!("{url}/api/generate");
    let payload = json!({ "model": id, "keep_alive": 0, "stream": false }).to_string();
    let asked = Asked { method: "POST", url: &place, authorization: None, body: payload.as_bytes() };
    let (reply, took) = around.ask(&asked);
    let status = reply.map_or(500, |reply| reply.status);
    (json(status, &json!({ "status": status == 200 })), looked + took)
}

/// `/ollama/api/…` of the first server.
pub(super) fn pass_on(settings: &Settings, around: &mut dyn Around, route: &str) -> (Reply, Duration) {
    let path = route.trim_start_matches("/ollama");
    let Some(url) = settings.ollama_urls.first().filter(|_| settings.ollama) else {
        return (json(503, &json!({ "detail": "Ollama API is disabled" })), Duration::ZERO);
    };
    let (reply, took) = around.ask(&Asked::get(&format!("{url}{path}")));
    let reply = match reply {
        Ok(reply) => text(reply.status, &String::from_utf8_lossy(&reply.body)),
        Err(_) => json(500, &json!({ "detail": "Open WebUI: Server Connection Error" })),
    };
    (reply, took)
}
