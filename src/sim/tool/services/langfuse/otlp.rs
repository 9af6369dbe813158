use serde_json::{Value, json};

/// The spans of a request in OTLP's JSON, each as it is kept; `Err` is what is wrong with it, and then nothing of it is taken.
pub(super) fn spans(body: &[u8]) -> Result<Vec<Value>, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))?;
    let mut spans = vec![];
    for resource in list(&request, "resourceSpans")? {
        for scope in list(resource, "scopeSpans")? {
            for span in list(scope, "spans")? {
                spans.push(one(span)?);
            }
        }
    }
    if spans.is_empty() { Err("no spans".to_owned()) } else { Ok(spans) }
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v Vec<Value>, String> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| format!("`{key}` is no list"))
}

fn one(span: &Value) -> Result<Value, String> {
    let text = |key: &str| span.get(key).and_then(Value::as_str).unwrap_or_default();
    let id = |key: &str, digits: usize| {
        let id = text(key);
        let fits = id.len() == digits && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fits { Ok(id.to_owned()) } else { Err(format!("`{key}` is not {digits} hexadecimal digits")) }
    };
    let time = |key: &str| {
        let time = text(key);
        match time.parse::<u64>() {
            Ok(_) => Ok(time.to_owned()),
            Err(_) => Err(format!("`{key}` is no number in a string")),
        }
    };
    let mut attributes = serde_json::Map::new();
    for pair in list(span, "attributes")? {
        let key = pair.get("key").and_then(Value::as_str).ok_or("an attribute has no `key`")?;
        let value = pair.get("value").and_then(Value::as_object).ok_or("an attribute has no `value`")?;
        attributes.insert(key.to_owned(), value.values().next().cloned().unwrap_or(Value::Null));
    }
    let attribute = |key: &str| attributes.get(key).cloned();
    Ok(json!({
        "id": id("spanId", 16)?,
        "traceId": id("traceId", 32)?,
        "name": text("name"),
        "type": attribute("langfuse.observation.type").unwrap_or_else(|| json!("span")),
        "traceName": attribute("langfuse.trace.name"),
        "startTime": time("startTimeUnixNano")?,
        "endTime": time("endTimeUnixNano")?,
        "input": attribute("langfuse.observation.input"),
        "output": attribute("langfuse.observation.output"),
        "providedModelName": attribute("langfuse.observation.model.name"),
    }))
}
