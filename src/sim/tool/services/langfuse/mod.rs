//! Langfuse version 4, web and worker, as they come: everything in one ClickHouse table, and the older ways of writing and
//! reading refused (docs/service-facts.md#langfuse-apis).

mod api;
mod init;
mod otlp;
mod web;
mod worker;

pub(in crate::sim) use web::Web;
pub(in crate::sim) use worker::Worker;

pub(super) use web::on_loopback;

use super::Around;

/// Its version.
const VERSION: &str = "4.59.0";

/// Where the web server puts word of what came, for the worker.
const QUEUE: &str = "otel-ingestion-queue";

/// The table of all that was observed.
const TABLE: &str = "events_core";

/// What both parts ask of their environment; `Err` is what they say before they end.
fn environment(around: &dyn Around) -> Result<(), String> {
    let has = |name: &str| around.variable(name).is_some_and(|value| !value.is_empty());
    if !has("DATABASE_URL") {
        return Err("Error: Required database environment variables are not set. Provide a postgres url for DATABASE_URL.".to_owned());
    }
    if !has("CLICKHOUSE_URL") {
        return Err("Error: CLICKHOUSE_URL is not configured. Migrating from V2? Check out migration guide: https://langfuse.com/self-hosting/upgrade-guides/upgrade-v2-to-v3".to_owned());
    }
    let needed = [
        "CLICKHOUSE_MIGRATION_URL",
        "CLICKHOUSE_USER",
        "CLICKHOUSE_PASSWORD",
        "SALT",
        "LANGFUSE_S3_EVENT_UPLOAD_BUCKET",
    ];
    let absent: Vec<&str> = needed.into_iter().filter(|name| !has(name)).collect();
    if !absent.is_empty() {
        return Err(format!("Invalid environment variables: {{ {}: [ 'Required' ] }}", absent.join(", ")));
    }
    if !has("REDIS_HOST") && !has("REDIS_CONNECTION_STRING") {
        return Err("Redis connection string or host must be set".to_owned());
    }
    let key = around.variable("ENCRYPTION_KEY");
    let is_key = |key: &str| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if key.is_some_and(|key| !is_key(&key)) {
        return Err("ENCRYPTION_KEY must be 256 bits, 64 string characters in hex format, generate via: openssl rand -hex 32".to_owned());
    }
    match around.variable("LANGFUSE_MIGRATION_V4_WRITE_MODE").as_deref() {
        None | Some("events_only" | "dual" | "legacy") => Ok(()),
        Some(other) => {
            Err(format!("Invalid environment variables: LANGFUSE_MIGRATION_V4_WRITE_MODE: '{other}'"))
        }
    }
}
