//! Loading, generating, unloading.

use serde_json::{Value, json};

use super::EIGHT;
use crate::sim::tool::{bench::Bench, ollama};

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.model("m", EIGHT);
    bench.serve(&[]);
    bench
}

#[test]
fn a_request_without_a_prompt_loads_and_keep_alive_zero_unloads() {
    let mut bench = bench();
    let before = bench.mac.state.now;
    let (status, reply) = bench.post("/api/generate", &json!({ "model": "m", "stream": false }));
    assert_eq!((status, &reply["done_reason"], &reply["response"]), (200, &json!("load"), &json!("")));
    assert!(bench.mac.state.now.duration_since(before).as_secs_f64() > 1.5, "gigabytes take their time");
    assert_eq!(bench.models("/api/ps")[0]["name"], json!("m:latest"));
    let (_, reply) = bench.post("/api/generate", &json!({ "model": "m", "keep_alive": 0, "stream": false }));
    assert_eq!(reply["done_reason"], json!("unload"));
    assert!(bench.models("/api/ps").is_empty());
}

#[test]
fn a_token_is_generated_counted_and_timed() {
    let mut bench = bench();
    let body =
        json!({ "model": "m", "prompt": "Say hello.", "stream": false, "options": { "num_predict": 1 } });
    let (status, reply) = bench.post("/api/generate", &body);
    assert_eq!(status, 200);
    assert_eq!((&reply["done"], &reply["done_reason"]), (&json!(true), &json!("length")));
    assert_eq!(reply["eval_count"], json!(1));
    let number = |key: &str| reply[key].as_u64().unwrap();
    assert!(number("load_duration") > 1_000_000_000);
    assert!(number("total_duration") >= number("load_duration") + number("eval_duration"));
    let warm = bench.post("/api/generate", &body).1;
    assert!(warm["load_duration"].as_u64().unwrap() < 100_000_000, "it stays loaded");
    assert_eq!(warm["response"], reply["response"]);
}

#[test]
fn a_stream_has_a_line_a_token_and_one_more() {
    let mut bench = bench();
    let body = json!({ "model": "m", "prompt": "Say hello.", "options": { "num_predict": 3 } }).to_string();
    let url = "http://127.0.0.1:11434/api/generate";
    let (reply, _) = ollama::request(&mut bench.mac, "POST", url, body.as_bytes());
    let text = String::from_utf8(reply.unwrap().body).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[..3].iter().all(|line| line["done"] == json!(false)));
    assert_eq!(lines[3]["eval_count"], json!(3));
}

#[test]
fn chat_answers_in_a_message_and_refuses_what_the_model_cannot() {
    let mut bench = bench();
    let messages = json!([{ "role": "user", "content": "hello" }]);
    let (status, reply) =
        bench.post("/api/chat", &json!({ "model": "m", "messages": messages, "stream": false }));
    assert_eq!((status, &reply["message"]["role"]), (200, &json!("assistant")));
    assert_eq!(reply["done_reason"], json!("stop"));
    assert!(reply["message"]["content"].as_str().is_some_and(|text| !text.is_empty()));
    let (_, reply) = bench.post("/api/chat", &json!({ "model": "m", "messages": [], "stream": false }));
    assert_eq!(reply["done_reason"], json!("load"));
    let (status, reply) =
        bench.post("/api/chat", &json!({ "model": "m", "messages": messages, "think": true }));
    assert_eq!((status, reply), (400, json!({ "error": "\"m:latest\" does not support thinking" })));
    let (status, _) = bench.post("/api/chat", &json!({ "model": "m", "messages": messages, "tools": [{}] }));
    assert_eq!(status, 400);
}

#[test]
fn wrong_requests_say_what_is_wrong() {
    let mut bench = bench();
    let missing = bench.post("/api/generate", &json!({ "model": "nope" }));
    assert_eq!(missing, (404, json!({ "error": "model 'nope' not found" })));
    assert_eq!(
        bench.post("/api/generate", &json!({ "model": "a b" })).1,
        json!({ "error": "invalid model name" })
    );
    let url = "http://127.0.0.1:11434/api/generate";
    let (reply, _) = ollama::request(&mut bench.mac, "POST", url, b"");
    assert_eq!(reply.unwrap().body, b"{\"error\":\"missing request body\"}");
    let (reply, _) = ollama::request(&mut bench.mac, "POST", url, b"{");
    assert_eq!(reply.unwrap().status, 400);
    let (status, reply) = bench.post("/api/generate", &json!({ "model": "m", "keep_alive": "300" }));
    assert_eq!((status, reply), (400, json!({ "error": "time: missing unit in duration \"300\"" })));
}

#[test]
fn a_request_with_its_own_keep_alive_is_heeded() {
    let mut bench = bench();
    bench.post("/api/generate", &json!({ "model": "m", "keep_alive": "10s" }));
    bench.pass(9.0);
    assert_eq!(bench.models("/api/ps").len(), 1);
    bench.pass(2.0);
    assert!(bench.models("/api/ps").is_empty());
    bench.post("/api/generate", &json!({ "model": "m", "keep_alive": -1 }));
    bench.pass(1_000_000.0);
    let expires = bench.models("/api/ps")[0]["expires_at"].as_str().unwrap().to_owned();
    assert!(expires.starts_with("2318"), "{expires}");
}
