//! What the server answers (docs/mac-facts.md#ollama-api-version and the sections after it).

use std::time::Duration;

use serde_json::{Value, json};

use super::EIGHT;
use crate::sim::tool::{
    bench::{Bench, JOB, PLIST},
    ollama::{self, Weights},
};

fn text(bench: &mut Bench, method: &str, path: &str) -> (u16, String) {
    let (reply, _) = ollama::request(&mut bench.mac, method, &format!("http://127.0.0.1:11434{path}"), b"");
    let reply = reply.unwrap();
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn the_simple_paths() {
    let mut bench = Bench::serving(&[]);
    assert_eq!(text(&mut bench, "GET", "/"), (200, "Ollama is running".to_owned()));
    assert_eq!(text(&mut bench, "HEAD", "/"), (200, String::new()));
    assert_eq!(text(&mut bench, "GET", "/api/version"), (200, "{\"version\":\"0.32.3\"}".to_owned()));
    assert_eq!(text(&mut bench, "GET", "/api/tags"), (200, "{\"models\":[]}".to_owned()));
    assert_eq!(text(&mut bench, "GET", "/api/ps"), (200, "{\"models\":[]}".to_owned()));
    assert_eq!(
        text(&mut bench, "GET", "/v1/models"),
        (200, "{\"object\":\"list\",\"data\":null}".to_owned())
    );
    assert_eq!(text(&mut bench, "GET", "/metrics"), (404, "404 page not found".to_owned()));
    assert_eq!(text(&mut bench, "DELETE", "/api/tags"), (405, "405 method not allowed".to_owned()));
}

#[test]
fn it_answers_only_while_its_job_runs_and_a_moment_after_its_start() {
    let mut bench = Bench::serving(&[]);
    assert!(bench.get("/").1 < Duration::from_millis(10));
    bench.ctl(&format!("kickstart -k {JOB}"));
    let (reply, took) = bench.get("/");
    assert!(reply.is_ok() && took >= Duration::from_millis(150), "it listens before it serves: {took:?}");
    bench.ctl(&format!("bootout --wait {JOB}"));
    assert_eq!(bench.get("/").0, Err("Connection refused (os error 61)".to_owned()));
    bench.ctl(&format!("bootstrap gui/501 {PLIST}"));
    bench.pass(1.0);
    assert!(bench.get("/").0.is_ok());
}

#[test]
fn it_obeys_sigterm_with_exit_code_zero() {
    let mut bench = Bench::serving(&[]);
    bench.ctl(&format!("kill TERM {JOB}"));
    bench.pass(4.0);
    assert_eq!(bench.value("last exit code").as_deref(), Some("0"));
}

#[test]
fn a_listener_that_speaks_no_http_is_no_answer() {
    let mut bench = Bench::new();
    let program = crate::sim::Program::Listener { address: "*".to_owned(), port: 11434 };
    bench.mac.spawn_process(501, vec!["/usr/bin/nc".to_owned()], std::collections::BTreeMap::new(), program);
    assert!(bench.get("/").0.unwrap_err().contains("closed"));
    bench.serve(&[]);
    assert_eq!(bench.job().pid(), None, "the wildcard holds the port too");
}

#[test]
fn on_loopback_a_foreign_host_header_is_turned_away() {
    for (host, loopback, everywhere) in
        [("host.docker.internal:11434", 200, 200), ("my.lan", 403, 200), ("evil.example", 403, 200)]
    {
        for (bind, status) in [("127.0.0.1", loopback), ("0.0.0.0", everywhere)] {
            let mut bench = Bench::serving(&[("OLLAMA_HOST", bind)]);
            let now = bench.mac.state.now;
            let pid = bench.job().pid().unwrap();
            let crate::sim::Mac { state, disk, .. } = &mut bench.mac;
            let crate::sim::Program::Ollama(server) = &mut state.processes.get_mut(&pid).unwrap().program
            else {
                panic!("no server");
            };
            let request = ollama::HttpRequest {
                method: "GET",
                path: "/api/version",
                host,
                authorization: None,
                body: b"",
            };
            let (reply, _) = server.answer(disk.as_mut(), &request, now);
            assert_eq!(reply.status, status, "{host} at {bind}");
            assert_eq!(reply.body.is_empty(), status == 403);
        }
    }
}

#[test]
fn models_on_disk_are_listed_and_shown() {
    let mut bench = Bench::new();
    bench.model("llama3.1:8b", Weights { num_ctx: Some(8192), ..EIGHT });
    bench.model("hf.co/someone/other:Q4", EIGHT);
    bench.serve(&[]);
    let tags = bench.models("/api/tags");
    let names: Vec<&str> = tags.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hf.co/someone/other:Q4", "llama3.1:8b"]);
    let manifest = bench.read("/Users/lab/.ollama/models/manifests/registry.ollama.ai/library/llama3.1/8b");
    let digest = bench
        .mac
        .disk
        .digest(0, "/Users/lab/.ollama/models/manifests/registry.ollama.ai/library/llama3.1/8b".into())
        .unwrap();
    assert_eq!(tags[1]["digest"], json!(digest), "the digest of {manifest}");
    assert!(tags[1]["size"].as_u64().unwrap() > EIGHT.bytes);
    assert_eq!(tags[1]["details"]["context_length"], json!(131_072));
    let (status, shown) = bench.post("/api/show", &json!({ "model": "llama3.1:8b" }));
    assert_eq!(status, 200);
    assert_eq!(shown["model_info"]["llama.context_length"], json!(131_072));
    assert!(shown["parameters"].as_str().unwrap().ends_with("8192"));
    assert_eq!(
        bench.post("/api/show", &json!({ "model": "none" })),
        (404, json!({ "error": "model 'none:latest' not found" }))
    );
    assert_eq!(bench.post("/api/show", &json!({})), (400, json!({ "error": "model is required" })));
}

#[test]
fn a_deleted_model_leaves_what_another_shares() {
    let mut bench = Bench::new();
    bench.model("one", EIGHT);
    bench.serve(&[]);
    assert_eq!(bench.post("/api/copy", &json!({ "source": "one", "destination": "two:small" })).0, 200);
    let missing = bench.post("/api/copy", &json!({ "source": "zzz", "destination": "x" }));
    assert_eq!(missing, (404, json!({ "error": "model \"zzz\" not found" })));
    let blobs =
        |bench: &Bench| bench.mac.disk.list(0, "/Users/lab/.ollama/models/blobs".into()).unwrap().len();
    assert_eq!(blobs(&bench), 2);
    assert_eq!(bench.send("DELETE", "/api/delete", &json!({ "model": "one" })).0, 200);
    assert_eq!(blobs(&bench), 2);
    assert_eq!(bench.models("/api/tags").len(), 1);
    assert_eq!(bench.send("DELETE", "/api/delete", &json!({ "model": "two:small" })).0, 200);
    assert_eq!(blobs(&bench), 0);
    let again = bench.send("DELETE", "/api/delete", &json!({ "model": "one" }));
    assert_eq!(again, (404, json!({ "error": "model 'one' not found" })));
}

#[test]
fn a_pull_without_a_network_fails_in_a_stream_that_began_well() {
    let mut bench = Bench::serving(&[]);
    bench.mac.state.faults.arm_always(crate::sim::Fault::NetworkGone);
    let url = "http://127.0.0.1:11434/api/pull";
    let (reply, _) = ollama::request(&mut bench.mac, "POST", url, b"{\"model\":\"gemma4:e2b\"}");
    let reply = reply.unwrap();
    assert_eq!(reply.status, 200);
    let text = String::from_utf8(reply.body).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert!(last["error"].as_str().unwrap().starts_with(
        "pull model manifest: Get \"https://registry.ollama.ai/v2/library/gemma4/manifests/e2b\""
    ));
    assert_eq!(bench.post("/api/pull", &json!({ "model": "gemma4:e2b", "stream": false })).0, 500);
}
