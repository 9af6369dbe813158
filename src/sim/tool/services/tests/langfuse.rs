use super::*;
use crate::value::basic_authorization;

const DATABASE: &str = "postgresql://langfuse:db-secret@postgres:5432/langfuse";
const COMMON: [(&str, &str); 16] = [
    ("HOSTNAME", "0.0.0.0"),
    ("DATABASE_URL", DATABASE),
    ("SALT", "salt"),
    ("ENCRYPTION_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
    ("CLICKHOUSE_MIGRATION_URL", "clickhouse://clickhouse:9000"),
    ("CLICKHOUSE_URL", "http://clickhouse:8123"),
    ("CLICKHOUSE_USER", "clickhouse"),
    ("CLICKHOUSE_PASSWORD", "ch-secret"),
    ("CLICKHOUSE_CLUSTER_ENABLED", "false"),
    ("REDIS_HOST", "redis"),
    ("REDIS_AUTH", "redis-secret"),
    ("LANGFUSE_S3_EVENT_UPLOAD_BUCKET", "langfuse"),
    ("LANGFUSE_S3_EVENT_UPLOAD_ENDPOINT", "http://minio:9000"),
    ("LANGFUSE_S3_EVENT_UPLOAD_ACCESS_KEY_ID", "forge"),
    ("LANGFUSE_S3_EVENT_UPLOAD_SECRET_ACCESS_KEY", "s3-secret"),
    ("LANGFUSE_S3_EVENT_UPLOAD_FORCE_PATH_STYLE", "true"),
];
const WEB: [(&str, &str); 6] = [
    ("NEXTAUTH_URL", "http://localhost:3001"),
    ("NEXTAUTH_SECRET", "secret"),
    ("LANGFUSE_INIT_ORG_ID", "forge"),
    ("LANGFUSE_INIT_PROJECT_ID", "lab"),
    ("LANGFUSE_INIT_PROJECT_PUBLIC_KEY", "pk-lf-1"),
    ("LANGFUSE_INIT_PROJECT_SECRET_KEY", "sk-lf-1"),
];
const SPAN: &str = r#"{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":"t"},"spans":[{"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef","name":"probe","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"langfuse.observation.type","value":{"stringValue":"generation"}}]}]}]}]}"#;
const READ: &str = "http://web:3000/api/public/v2/observations?traceId=0123456789abcdef0123456789abcdef";

fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    COMMON.into_iter().chain(WEB).filter(|(known, _)| *known != name).collect()
}

fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    without(name).into_iter().chain([(name, value)]).collect()
}

fn stores() -> Net {
    let mut net = Net::new();
    let database = [("POSTGRES_USER", "langfuse"), ("POSTGRES_PASSWORD", "db-secret")];
    net.start("postgres", Kind::Postgres, &database, "postgres");
    net.start("clickhouse", Kind::ClickHouse, &COMMON[6..8], "");
    net.start("redis", Kind::Redis, &[], "redis-server --requirepass redis-secret");
    let s3 = [("MINIO_ROOT_USER", "forge"), ("MINIO_ROOT_PASSWORD", "s3-secret")];
    net.start("minio", Kind::Minio, &s3, "sh -c mkdir -p /data/langfuse && minio server /data");
    net.pass(secs(10));
    net
}

fn up() -> Net {
    let mut net = stores();
    net.start("web", Kind::LangfuseWeb, &without(""), "");
    net.start("worker", Kind::LangfuseWorker, &COMMON, "");
    net.pass(secs(200));
    net
}

fn keys() -> String {
    basic_authorization("pk-lf-1", "sk-lf-1")
}

#[test]
fn its_first_start_takes_minutes_and_its_next_seconds() {
    let mut net = stores();
    for takes in [140, 20] {
        net.start("web", Kind::LangfuseWeb, &without(""), "");
        net.pass(secs(takes - 10));
        assert!(net.is_refused("http://web:3000/api/public/health"), "before {takes} s");
        net.pass(secs(20));
        assert_eq!(net.exec("web", "wget -q -O- http://127.0.0.1:3000/api/public/health").code, 0);
    }
    assert_eq!(net.exec("web", "wget -q -O- http://localhost:3000/api/public/health").code, 1);
    assert_eq!(net.exec("web", "curl http://127.0.0.1:3000/api/public/health").code, 127);
}

#[test]
fn without_its_name_it_does_not_hear_itself() {
    let mut net = stores();
    net.start("web", Kind::LangfuseWeb, &without("HOSTNAME"), "");
    net.pass(secs(200));
    assert_eq!(net.send("GET", "http://web:3000/api/public/health", None, "").0, 200);
    assert_eq!(net.exec("web", "wget -q -O- http://127.0.0.1:3000/api/public/health").code, 1);
}

#[test]
fn what_is_missing_or_wrong_ends_it() {
    let cases = [
        (without("CLICKHOUSE_URL"), "CLICKHOUSE_URL is not configured"),
        (without("SALT"), "SALT"),
        (without("LANGFUSE_S3_EVENT_UPLOAD_BUCKET"), "LANGFUSE_S3_EVENT_UPLOAD_BUCKET"),
        (without("CLICKHOUSE_CLUSTER_ENABLED"), "Requested cluster 'default' not found"),
        (with("CLICKHOUSE_PASSWORD", "wrong"), "Authentication failed"),
        (with("DATABASE_URL", "postgresql://langfuse:wrong@postgres:5432/langfuse"), "P1000"),
        (with("DATABASE_URL", "postgresql://langfuse:a/b@postgres:5432/langfuse"), "P1013"),
        (with("DATABASE_URL", "postgresql://langfuse:x@nowhere:5432/langfuse"), "P1001"),
        (with("ENCRYPTION_KEY", "abc"), "64 string characters in hex"),
        (without("NEXTAUTH_URL"), "NEXTAUTH_URL"),
    ];
    for (variables, said) in cases {
        let mut net = stores();
        net.start("web", Kind::LangfuseWeb, &variables, "");
        net.pass(secs(300));
        assert_eq!(net.ended("web"), Some(1), "{said}");
        assert!(net.log("web").contains(said), "{}", net.log("web"));
    }
}

#[test]
fn a_span_is_read_back_once_the_worker_has_been_at_it() {
    let mut net = up();
    assert_eq!(net.send("GET", "http://web:3000/api/public/projects", None, "").0, 401);
    let (status, projects) = net.send("GET", "http://web:3000/api/public/projects", Some(&keys()), "");
    assert_eq!((status, projects["data"][0]["id"].as_str()), (200, Some("lab")));
    let send = "http://web:3000/api/public/otel/v1/traces";
    assert_eq!(net.send("POST", send, None, SPAN).0, 401);
    assert_eq!(
        net.send("POST", send, Some(&keys()), &SPAN.replace("0123456789abcdef\",\"name", "short\",\"name")).0,
        400
    );
    assert_eq!(net.send("POST", send, Some(&keys()), SPAN).0, 200);
    assert_eq!(net.send("GET", READ, Some(&keys()), "").1["data"].as_array().map(Vec::len), Some(0));
    net.pass(secs(10));
    let (_, read) = net.send("GET", READ, Some(&keys()), "");
    assert_eq!(
        (read["data"][0]["name"].as_str(), read["data"][0]["type"].as_str()),
        (Some("probe"), Some("generation"))
    );
    for old in ["traces", "observations/x", "metrics/daily", "v2/scores"] {
        assert_eq!(net.send("GET", &format!("http://web:3000/api/public/{old}"), Some(&keys()), "").0, 404);
    }
    let batch = r#"{"batch":[{"id":"1","type":"trace-create","body":{}},{"id":"2","type":"score-create","body":{}}]}"#;
    let (status, answer) = net.send("POST", "http://web:3000/api/public/ingestion", Some(&keys()), batch);
    assert_eq!(
        (status, answer["errors"][0]["id"].as_str(), answer["successes"][0]["id"].as_str()),
        (207, Some("1"), Some("2"))
    );
}

#[test]
fn a_part_that_fails_shows_where_it_is_needed() {
    let send = "http://web:3000/api/public/otel/v1/traces";
    let broken = |name: &str, kind, variables: &[(&str, &str)], argv: &str| {
        let mut net = up();
        net.start(name, kind, variables, argv);
        net.pass(secs(30));
        let sent = net.send("POST", send, Some(&keys()), SPAN).0;
        net.pass(secs(60));
        let (status, read) = net.send("GET", READ, Some(&keys()), "");
        (sent, status, read["data"].as_array().map_or(0, Vec::len))
    };
    let worker = [&COMMON[..7], &COMMON[8..], &[("CLICKHOUSE_PASSWORD", "wrong")]].concat();
    assert_eq!(broken("worker", Kind::LangfuseWorker, &worker, ""), (200, 200, 0));
    let other = [("MINIO_ROOT_USER", "forge"), ("MINIO_ROOT_PASSWORD", "another-secret")];
    assert_eq!(broken("minio", Kind::Minio, &other, "minio server /data"), (500, 200, 0));
    assert_eq!(broken("redis", Kind::Redis, &[], "redis-server --requirepass other"), (500, 200, 0));
    let clickhouse = [("CLICKHOUSE_USER", "clickhouse"), ("CLICKHOUSE_PASSWORD", "other")];
    assert_eq!(broken("clickhouse", Kind::ClickHouse, &clickhouse, ""), (200, 500, 0));
    let mut net = up();
    net.start("postgres", Kind::Redis, &[], "redis-server");
    assert_eq!(net.send("GET", "http://web:3000/api/public/health", None, "").0, 200);
    let deep = "http://web:3000/api/public/health?failIfDatabaseUnavailable=true";
    assert_eq!(net.send("GET", deep, None, "").0, 503);
    assert_eq!(net.exec("worker", "wget -q -O- http://127.0.0.1:3030/api/health").code, 1);
}

#[test]
fn what_it_was_set_up_with_first_stays() {
    let mut net = up();
    net.start("web", Kind::LangfuseWeb, &with("LANGFUSE_INIT_PROJECT_SECRET_KEY", "sk-lf-2"), "");
    net.pass(secs(60));
    let other = basic_authorization("pk-lf-1", "sk-lf-2");
    assert_eq!(net.send("GET", "http://web:3000/api/public/projects", Some(&other), "").0, 401);
    assert_eq!(net.send("GET", "http://web:3000/api/public/projects", Some(&keys()), "").0, 200);
    net.start("web", Kind::LangfuseWeb, &with("SALT", "another"), "");
    net.pass(secs(60));
    assert_eq!(net.send("GET", "http://web:3000/api/public/projects", Some(&keys()), "").0, 401);
    net.forget("postgres", "/var/lib/postgresql/data/base.json");
    assert_eq!(net.send("GET", "http://web:3000/api/public/projects", Some(&keys()), "").0, 500);
}
