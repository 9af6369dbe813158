//! Which environment the server obeys (docs/mac-facts.md#ollama-known-environment and the sections around it).

use serde_json::json;

use super::EIGHT;
use crate::sim::{
    Caller, USER,
    tool::{
        bench::{Bench, JOB, LABEL, plist},
        launchctl,
        ollama::Weights,
    },
};

/// The context length that a model is loaded with.
fn context(
    memory_gigabytes: u64,
    environment: &[(&str, &str)],
    weights: Weights,
    options: &serde_json::Value,
) -> u64 {
    let mut bench = Bench::with(|spec| spec.memory = memory_gigabytes << 30);
    bench.model("m", weights);
    bench.serve(environment);
    let (status, _) = bench.post("/api/generate", &json!({ "model": "m", "options": options }));
    assert_eq!(status, 200);
    bench.models("/api/ps")[0]["context_length"].as_u64().unwrap()
}

#[test]
fn the_context_comes_from_the_request_else_the_model_else_the_variable_else_the_memory() {
    let baked = Weights { num_ctx: Some(4000), ..EIGHT };
    let set = [("OLLAMA_CONTEXT_LENGTH", "16000")];
    let none = json!({});
    assert_eq!(context(16, &[], EIGHT, &none), 4096);
    assert_eq!(context(16, &set, EIGHT, &none), 16_000);
    assert_eq!(context(16, &set, baked, &none), 4000);
    assert_eq!(context(16, &set, baked, &json!({ "num_ctx": 2000 })), 2000);
    assert_eq!(context(16, &set, EIGHT, &json!({ "num_ctx": 2000 })), 2000);
}

#[test]
fn ollama_num_ctx_is_ignored_in_silence() {
    assert_eq!(context(16, &[("OLLAMA_NUM_CTX", "1024")], EIGHT, &json!({})), 4096);
    assert!(!Bench::serving(&[("OLLAMA_NUM_CTX", "1024")]).log().contains("NUM_CTX"));
}

#[test]
fn more_memory_means_a_longer_automatic_context_never_beyond_the_training() {
    let long = Weights { train_context: 1_000_000, bytes: 2_000_000_000, num_ctx: None };
    assert_eq!(context(32, &[], long, &json!({})), 4096);
    assert_eq!(context(36, &[], long, &json!({})), 32_768);
    assert_eq!(context(64, &[], long, &json!({})), 262_144);
    assert_eq!(context(64, &[], EIGHT, &json!({})), 131_072);
    assert_eq!(context(16, &[], EIGHT, &json!({ "num_ctx": 1 })), 4);
    let short = Weights { train_context: 8192, ..EIGHT };
    assert_eq!(context(16, &[("OLLAMA_CONTEXT_LENGTH", "99999")], short, &json!({})), 8192);
}

#[test]
fn a_context_that_is_no_number_is_warned_of_and_ignored() {
    let environment = [("OLLAMA_CONTEXT_LENGTH", "32k")];
    assert_eq!(context(16, &environment, EIGHT, &json!({})), 4096);
    let log = Bench::serving(&environment).log();
    let warning = log.lines().find(|line| line.contains("level=WARN")).unwrap();
    assert!(warning.ends_with(
        "msg=\"invalid environment variable, using default\" key=OLLAMA_CONTEXT_LENGTH value=32k default=0"
    ));
}

#[test]
fn spaces_and_quotes_around_a_value_do_not_count() {
    assert_eq!(context(16, &[("OLLAMA_CONTEXT_LENGTH", " \"8192\" ")], EIGHT, &json!({})), 8192);
}

#[test]
fn keep_alive_is_a_duration_or_seconds() {
    for (value, seconds) in [
        ("", Some(300)),
        ("30m", Some(1800)),
        ("90", Some(90)),
        ("1h30m", Some(5400)),
        ("soon", Some(300)),
        ("-1", None),
        ("-5m", None),
    ] {
        let mut bench = Bench::new();
        bench.model("m", EIGHT);
        bench.serve(&[("OLLAMA_KEEP_ALIVE", value)]);
        bench.post("/api/generate", &json!({ "model": "m" }));
        bench.pass(seconds.map_or(90_000.0, |seconds| f64::from(seconds) - 1.0));
        assert_eq!(bench.models("/api/ps").len(), 1, "`{value}`");
        bench.pass(2.0);
        assert_eq!(bench.models("/api/ps").len(), usize::from(seconds.is_none()), "`{value}`");
    }
    let mut bench = Bench::new();
    bench.model("m", EIGHT);
    bench.serve(&[("OLLAMA_KEEP_ALIVE", "0")]);
    bench.post("/api/generate", &json!({ "model": "m" }));
    assert!(bench.models("/api/ps").is_empty());
}

#[test]
fn the_log_shows_the_environment_in_force() {
    let log = Bench::serving(&[
        ("OLLAMA_CONTEXT_LENGTH", "32768"),
        ("OLLAMA_KEEP_ALIVE", "30m"),
        ("OLLAMA_HOST", "0.0.0.0"),
        ("OLLAMA_FLASH_ATTENTION", "1"),
    ])
    .log();
    let line = log.lines().find(|line| line.contains("msg=\"server config\" env=\"map[")).unwrap();
    for pair in [
        "OLLAMA_CONTEXT_LENGTH:32768",
        "OLLAMA_KEEP_ALIVE:30m0s",
        "OLLAMA_HOST:http://0.0.0.0:11434",
        "OLLAMA_FLASH_ATTENTION:true",
        "OLLAMA_MODELS:/Users/lab/.ollama/models",
        "OLLAMA_NUM_PARALLEL:1",
    ] {
        assert!(line.contains(pair), "{pair} in {line}");
    }
    assert!(log.contains("msg=\"Listening on [::]:11434 (version 0.32.3)\""));
    assert!(log.contains("msg=\"vram-based default context\" total_vram=\"10.7 GiB\" default_num_ctx=4096"));
}

#[test]
fn it_makes_its_key_and_its_store_once() {
    let mut bench = Bench::serving(&[]);
    for (path, mode) in [
        ("/Users/lab/.ollama/id_ed25519", 0o600),
        ("/Users/lab/.ollama/id_ed25519.pub", 0o644),
        ("/Users/lab/.ollama/models/blobs", 0o755),
        ("/Users/lab/.ollama/models/manifests", 0o755),
    ] {
        let node = bench.mac.disk.node(path.into()).unwrap();
        assert_eq!((node.uid, node.mode), (USER, mode), "{path}");
    }
    let key = bench.read("/Users/lab/.ollama/id_ed25519");
    assert!(bench.log().contains("Generating new private key"));
    bench.ctl(&format!("kickstart -k {JOB}"));
    assert_eq!(bench.read("/Users/lab/.ollama/id_ed25519"), key);
    assert_eq!(bench.log().matches("Generating new private key").count(), 1);
}

#[test]
fn models_may_lie_elsewhere_where_the_user_may_write() {
    let bench = Bench::serving(&[("OLLAMA_MODELS", "/Users/lab/store")]);
    assert!(bench.mac.disk.node("/Users/lab/store/blobs".into()).is_some());
    assert!(bench.mac.disk.node("/Users/lab/.ollama/models".into()).is_none());
    let mut bench = Bench::serving(&[("OLLAMA_MODELS", "/Volumes/External/models")]);
    assert_eq!(bench.job().pid(), None);
    assert_eq!(bench.value("last exit code").as_deref(), Some("1"));
    assert!(bench.log().contains("Error: mkdir /Volumes/External/models/blobs: permission denied"));
}

#[test]
fn models_among_a_users_documents_are_kept_from_a_server_of_launchds() {
    let mut bench = Bench::serving(&[("OLLAMA_MODELS", "/Users/lab/Documents/models")]);
    assert_eq!(bench.job().pid(), None);
    assert_eq!(bench.value("last exit code").as_deref(), Some("1"));
    assert!(bench.log().contains("Error: mkdir /Users/lab/Documents/models/blobs: operation not permitted"));
    assert!(bench.mac.disk.node("/Users/lab/Documents/models".into()).is_none());
}

#[test]
fn a_daemon_without_a_home_panics() {
    let path = "/Library/LaunchDaemons/dev.test.job.plist";
    for (home, code) in [("", "2"), ("<key>HOME</key><string>/Users/lab</string>", "(never exited)")] {
        let mut bench = Bench::new();
        let keys = format!(
            "<key>RunAtLoad</key><true/><key>UserName</key><string>lab</string>\
             <key>EnvironmentVariables</key><dict>{home}</dict>\
             <key>StandardErrorPath</key><string>/Users/lab/Library/Logs/server.log</string>"
        );
        let text = plist(LABEL, &["/opt/homebrew/opt/ollama/bin/ollama", "serve"], &keys);
        bench.file(0, path, &text, 0o644);
        assert!(bench.root(&format!("bootstrap system {path}")).ok());
        bench.pass(1.0);
        let words = ["print".to_owned(), "system/dev.test.job".to_owned()];
        let printed = launchctl::run(&mut bench.mac, Caller::user(false), &words).output.stdout;
        assert!(printed.contains(&format!("\tlast exit code = {code}\n")), "{printed}");
        assert_eq!(bench.log().contains("panic: $HOME is not defined"), home.is_empty());
        assert_eq!(bench.mac.sockets(11434).len(), usize::from(!home.is_empty()));
    }
}

#[test]
fn only_serve_is_a_server() {
    let mut bench = Bench::new();
    let text = plist(LABEL, &["/opt/homebrew/opt/ollama/bin/ollama", "list"], "<key>RunAtLoad</key><true/>");
    bench.file(USER, crate::sim::tool::bench::PLIST, &text, 0o644);
    bench.ctl(&format!("bootstrap gui/501 {}", crate::sim::tool::bench::PLIST));
    bench.pass(1.0);
    assert!(bench.mac.sockets(11434).is_empty());
}

#[test]
fn a_port_and_an_address_are_taken_from_ollama_host() {
    let bench = Bench::serving(&[("OLLAMA_HOST", "127.0.0.1:11501")]);
    assert_eq!(bench.mac.sockets(11501)[0].address, "127.0.0.1");
    let bench = Bench::serving(&[("OLLAMA_HOST", "http://0.0.0.0")]);
    assert!(bench.mac.sockets(11434).is_empty());
    assert_eq!(bench.mac.sockets(80)[0].address, "*");
    let mut bench = Bench::serving(&[("OLLAMA_HOST", "studio.lan")]);
    assert_eq!(bench.value("last exit code").as_deref(), Some("1"));
    assert!(bench.log().contains("Error: listen tcp: lookup studio.lan: no such host"));
}
