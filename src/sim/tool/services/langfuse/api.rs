use serde_json::{Value, json};

use super::{
    super::{
        Around, Asked, clickhouse, minio, redis,
        reply::{json, text},
    },
    QUEUE, TABLE, VERSION,
    init::{self, Known},
    otlp,
    web::database,
};
use crate::{
    machine::Reply,
    value::{basic_credentials, hex},
};

/// Ways of reading that version 4 does not have any more, unless it runs in a mode that bridges.
const OLD: [&str; 11] = [
    "/api/public/traces",
    "/api/public/observations",
    "/api/public/sessions",
    "/api/public/generations",
    "/api/public/spans",
    "/api/public/events",
    "/api/public/metrics",
    "/api/public/scores",
    "/api/public/v2/scores",
    "/api/public/dataset-run-items",
    "/api/public/v2/datasets/runs",
];

pub(super) fn answer(around: &mut dyn Around, asked: &Asked<'_>, log: &mut Vec<String>) -> Reply {
    let route = asked.route();
    match (asked.method, route) {
        ("GET", "/api/public/health") => return health(around, asked),
        ("GET", "/api/public/ready") => return json(200, &json!({ "status": "OK", "version": VERSION })),
        ("GET", "/api/auth/providers") => return providers(around),
        (_, route) if !route.starts_with("/api/public/") => return text(404, "This page could not be found"),
        _ => {}
    }
    let known = match allowed(around, asked) {
        Ok(known) => known,
        Err(refused) => return refused,
    };
    let old = OLD.iter().any(|old| route == *old || route.starts_with(&format!("{old}/")));
    match (asked.method, route) {
        ("GET", "/api/public/projects") => json(200, &known.listed()),
        ("POST", "/api/public/otel/v1/traces") => traces(around, asked, &known, log),
        ("GET", "/api/public/v2/observations") => observations(around, asked, log),
        ("POST", "/api/public/ingestion") => ingestion(asked.body),
        ("GET", _) if old => {
            let said =
                "This endpoint is not available on deployments running in Langfuse v4 events_only mode.";
            json(404, &json!({ "message": said }))
        }
        _ => json(404, &json!({ "message": "Not Found" })),
    }
}

fn health(around: &mut dyn Around, asked: &Asked<'_>) -> Reply {
    if asked.parameter("failIfDatabaseUnavailable") == Some("true") && database(around, "SELECT 1").is_err() {
        return json(503, &json!({ "status": "Database not available", "version": VERSION }));
    }
    json(200, &json!({ "status": "OK", "version": VERSION }))
}

/// Where a login ends up: the address that `NEXTAUTH_URL` names.
fn providers(around: &dyn Around) -> Reply {
    let url = around.variable("NEXTAUTH_URL").unwrap_or_default();
    let callback = format!("{}/api/auth/callback/credentials", url.trim_end_matches('/'));
    json(200, &json!({ "credentials": { "id": "credentials", "callbackUrl": callback } }))
}

fn allowed(around: &mut dyn Around, asked: &Asked<'_>) -> Result<Known, Reply> {
    let known = init::known(around).map_err(|why| json(500, &json!({ "message": why })))?;
    let refused = |said: &str| json(401, &json!({ "message": said }));
    let Some((public, secret)) = asked.authorization.and_then(basic_credentials) else {
        return Err(refused("No authorization header"));
    };
    known
        .filter(|known| known.has_key(around, &public, &secret))
        .ok_or_else(|| refused("Invalid credentials. Confirm that you've configured the correct host."))
}

/// Takes spans: into the object store at once, and word of them into the queue. The worker does the rest.
fn traces(around: &mut dyn Around, asked: &Asked<'_>, known: &Known, log: &mut Vec<String>) -> Reply {
    let spans = match otlp::spans(asked.body) {
        Ok(spans) => spans,
        Err(why) => return json(400, &json!({ "message": format!("Failed to parse OTel JSON: {why}") })),
    };
    let mut lines = vec![];
    for mut span in spans {
        if let Some(span) = span.as_object_mut() {
            span.insert("projectId".to_owned(), json!(known.project));
        }
        lines.push(span.to_string());
    }
    let content = lines.join("\n");
    let prefix = around.variable("LANGFUSE_S3_EVENT_UPLOAD_PREFIX").unwrap_or_default();
    let name = hex(&sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        content.as_bytes(),
    )));
    let key = format!("{prefix}otel/{name}.json");
    let stored = minio::ask(around, "LANGFUSE_S3_EVENT_UPLOAD", "PUT", &key, content.as_bytes());
    let queued = stored.and_then(|_| redis::ask(around, &format!("LPUSH {QUEUE} {key}")));
    match queued {
        Ok(_) => json(200, &json!({})),
        Err(why) => {
            log.push(format!("error Failed to upload JSON to S3 or to queue it: {why}"));
            json(500, &json!({ "message": "Internal Server Error" }))
        }
    }
}

fn observations(around: &mut dyn Around, asked: &Asked<'_>, log: &mut Vec<String>) -> Reply {
    let Some(id) = asked.parameter("traceId") else {
        return json(400, &json!({ "message": "only a filter by traceId is imitated" }));
    };
    let statement = format!("SELECT * FROM {TABLE} WHERE trace_id = '{id}' FORMAT JSONEachRow");
    match clickhouse::ask(around, &statement) {
        Ok(lines) => {
            let rows: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            json(200, &json!({ "data": rows, "meta": {} }))
        }
        Err(why) => {
            log.push(format!("error {why}"));
            json(500, &json!({ "message": "Internal Server Error" }))
        }
    }
}

/// The older way of writing: all but scores is refused event by event, behind a status that says nothing of it.
fn ingestion(body: &[u8]) -> Reply {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(batch) = request.get("batch").and_then(Value::as_array) else {
        return json(400, &json!({ "message": "Invalid request data" }));
    };
    let (mut successes, mut errors) = (vec![], vec![]);
    for event in batch {
        let of = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        match of("type") {
            "score-create" | "sdk-log" => successes.push(json!({ "id": of("id"), "status": 201 })),
            other => errors.push(json!({
                "id": of("id"), "status": 400,
                "message": format!("Event type \"{other}\" is not accepted by /api/public/ingestion when LANGFUSE_MIGRATION_V4_WRITE_MODE is events_only"),
            })),
        }
    }
    json(207, &json!({ "successes": successes, "errors": errors }))
}
