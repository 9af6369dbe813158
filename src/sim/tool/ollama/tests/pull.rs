//! Pulling a model (docs/mac-facts.md#ollama-pull and the sections after it).

use std::time::Duration;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::EIGHT;
use crate::sim::{
    Content, Fault, USER,
    tool::{
        bench::Bench,
        ollama::{self, Weights},
    },
};

const STORE: &str = "/Users/lab/.ollama/models";

/// 15 s on the Mac's line, three parts.
const SMALL: Weights = Weights { bytes: 300_000_000, train_context: 8192, num_ctx: None };

fn serving() -> Bench {
    let mut bench = Bench::serving(&[]);
    bench.mac.state.internet.registry.publish("small", SMALL);
    bench
}

/// The lines of a pull.
fn pull(bench: &mut Bench, name: &str) -> Vec<Value> {
    let url = "http://127.0.0.1:11434/api/pull";
    let body = json!({ "model": name }).to_string();
    let (reply, _) = ollama::request(&mut bench.mac, "POST", url, body.as_bytes());
    let reply = reply.unwrap();
    assert_eq!(reply.status, 200);
    String::from_utf8(reply.body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Statuses, without the lines of progress.
fn told(lines: &[Value]) -> Vec<String> {
    let statuses = lines.iter().filter(|line| line.get("digest").is_none());
    statuses
        .map(|line| line.get("status").or(line.get("error")).unwrap().as_str().unwrap().to_owned())
        .collect()
}

fn completed(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .filter(|line| line.get("digest").is_some())
        .map(|line| line["completed"].as_u64().unwrap_or(0))
        .collect()
}

const WELL: [&str; 4] = ["pulling manifest", "verifying sha256 digest", "writing manifest", "success"];

fn blobs(bench: &Bench) -> Vec<String> {
    bench.mac.disk.list(0, Utf8Path::new(&format!("{STORE}/blobs"))).unwrap()
}

fn left(bench: &Bench) -> Vec<String> {
    blobs(bench).into_iter().filter(|name| name.contains("-partial")).collect()
}

fn error(lines: &[Value]) -> &str {
    lines.last().unwrap()["error"].as_str().unwrap_or("none")
}

#[test]
fn a_pull_takes_the_time_of_its_bytes_and_leaves_what_the_registry_has() {
    let mut bench = serving();
    let begun = bench.mac.state.now;
    let lines = pull(&mut bench, "small");
    assert_eq!(told(&lines), WELL);
    let took = bench.mac.state.now.duration_since(begun).as_secs_f64();
    assert!((12.0..14.0).contains(&took), "300 MB at 200 Mbit/s, and a moment to verify: {took}");
    let progress = completed(&lines);
    assert!(progress.len() > 5 && progress.is_sorted(), "{progress:?}");
    let shares: Vec<&Value> = lines.iter().filter(|line| line.get("digest").is_some()).collect();
    assert!(
        shares.iter().all(|line| line["total"] == 300_000_000),
        "small blobs are not worth a line: {shares:?}"
    );
    assert!(progress[0] < 1_000_000, "{progress:?}");
    assert_eq!(left(&bench), [""; 0]);
    let manifest = bench.read(&format!("{STORE}/manifests/registry.ollama.ai/library/small/latest"));
    assert_eq!(Some(manifest.into_bytes()), bench.mac.state.internet.registry.manifest("small"));
    assert_eq!(bench.models("/api/tags")[0]["name"], "small:latest");
    assert_eq!(bench.post("/api/generate", &json!({ "model": "small" })).0, 200, "it can be used");
    let again = pull(&mut bench, "small");
    assert_eq!(told(&again), WELL);
    assert_eq!(again.len(), WELL.len() + 5, "a line for each blob that is there");
    assert_eq!(again[1]["completed"], again[1]["total"]);
    assert_eq!(bench.mac.state.meter.downloaded / 1_000_000, 300);
}

#[test]
fn what_is_not_there_or_no_name_is_told_as_ollama_tells_it() {
    let mut bench = serving();
    assert_eq!(error(&pull(&mut bench, "gemma4:e9b")), "pull model manifest: file does not exist");
    assert_eq!(
        error(&pull(&mut bench, "hf.co/lab/model:Q4")),
        "pull model manifest: Get \"https://hf.co/v2/lab/model/manifests/Q4\": dial tcp: lookup hf.co: no such host"
    );
    let (status, said) = bench.post("/api/pull", &json!({ "model": "gemma4:e9b", "stream": false }));
    assert_eq!((status, &said["error"]), (500, &json!("pull model manifest: file does not exist")));
    assert_eq!(
        bench.post("/api/pull", &json!({ "model": "small", "stream": false })),
        (200, json!({ "status": "success" }))
    );
    assert_eq!(bench.post("/api/pull", &json!({ "model": "no such name" })).0, 400);
    assert_eq!(bench.post("/api/pull", &json!({})).0, 400);
    assert_eq!(bench.send("GET", "/api/pull", &json!({})).0, 405);
    for (fault, said) in [
        (Fault::RegistryBusy, "pull model manifest: 429: {\"errors\":[{\"code\":\"TOOMANYREQUESTS\""),
        (Fault::RegistryDown, "pull model manifest: 503: "),
        (Fault::NetworkGone, "lookup registry.ollama.ai: no such host"),
    ] {
        bench.mac.state.faults.arm(fault, 1);
        let lines = pull(&mut bench, "gemma4:e2b");
        assert!(error(&lines).contains(said), "{lines:?}");
    }
}

#[test]
fn a_cut_is_mended_by_ollama_itself_until_its_tries_are_over_and_the_next_pull_goes_on() {
    let mut bench = serving();
    bench.mac.state.faults.arm(Fault::PullCut, 2);
    assert_eq!(told(&pull(&mut bench, "small")), WELL);
    assert_eq!(bench.mac.state.meter.downloaded / 1_000_000, 300, "no byte twice");

    bench.mac.state.internet.registry.move_tag("small");
    bench.mac.state.faults.arm(Fault::PullCut, 6);
    let lines = pull(&mut bench, "small");
    assert_eq!(error(&lines), "max retries exceeded: unexpected EOF");
    assert_eq!(left(&bench).len(), 4, "the file and its three parts: {:?}", left(&bench));
    let reached = *completed(&lines).last().unwrap();
    let lines = pull(&mut bench, "small");
    assert!(reached > 200_000_000 && completed(&lines)[0] >= reached, "where it was");
    assert_eq!(
        told(&lines),
        [
            "pulling manifest",
            "verifying sha256 digest",
            "writing manifest",
            "removing unused layers",
            "success"
        ]
    );
    assert_eq!(bench.mac.state.meter.downloaded / 1_000_000, 600);
    assert_eq!(blobs(&bench).len(), 5, "the former build is gone");
}

#[test]
fn a_partial_file_is_as_long_as_the_whole_and_takes_the_room_of_what_has_come() {
    let mut bench = serving();
    let before = bench.mac.disk.space().free;
    bench.mac.state.faults.arm(Fault::PullNetworkGone, 1);
    let begun = bench.mac.state.now;
    let lines = pull(&mut bench, "small");
    assert!(error(&lines).starts_with("max retries exceeded: Get"), "{lines:?}");
    assert!(
        bench.mac.state.now.duration_since(begun).as_secs() > 90,
        "half a minute of silence and six tries"
    );
    let partial = left(&bench)[0].clone();
    let node = bench.mac.disk.node(Utf8Path::new(&format!("{STORE}/blobs/{partial}"))).unwrap();
    assert_eq!(node.stat().size, 300_000_000);
    let held = before - bench.mac.disk.space().free;
    assert!((100_000_000..101_000_000).contains(&held), "{held}");
    let note = bench.read(&format!("{STORE}/blobs/{partial}-0"));
    assert_eq!(note, "{\"N\":0,\"Offset\":0,\"Size\":100000000,\"Completed\":33333334}\n");
}

#[test]
fn a_server_that_is_killed_falls_back_to_what_was_noted_and_its_answer_breaks_off() {
    let mut bench = serving();
    bench.mac.state.faults.arm(Fault::PullServerKilled, 1);
    let body = json!({ "model": "small" }).to_string();
    let (reply, _) =
        ollama::request(&mut bench.mac, "POST", "http://127.0.0.1:11434/api/pull", body.as_bytes());
    assert_eq!(reply, Err("the connection was closed before a whole answer had come".to_owned()));
    bench.pass(12.0);
    let notes = left(&bench);
    assert_eq!(notes.len(), 4);
    assert!(
        bench.read(&format!("{STORE}/blobs/{}", notes[1])).contains("\"Completed\":0"),
        "no part was complete"
    );
    let lines = pull(&mut bench, "small");
    assert_eq!(told(&lines), WELL);
    assert!(completed(&lines)[0] < 1_000_000, "from the beginning");
    assert_eq!(bench.mac.state.meter.downloaded / 1_000_000, 400, "a third came twice");
}

#[test]
fn another_content_is_found_by_its_digest_and_removed() {
    let mut bench = serving();
    bench.mac.state.faults.arm(Fault::PullOther, 1);
    let lines = pull(&mut bench, "small");
    assert!(
        error(&lines).starts_with("digest mismatch, file must be downloaded again: want sha256:"),
        "{lines:?}"
    );
    assert_eq!(bench.models("/api/tags"), [Value::Null; 0]);
    assert_eq!(blobs(&bench).len(), 4, "what was right stays");
    assert_eq!(told(&pull(&mut bench, "small")), WELL);
}

#[test]
fn a_full_disk_ends_a_pull_at_once() {
    let mut bench = serving();
    bench.mac.disk.memory_mut().unwrap().set_free(200_000_000);
    let lines = pull(&mut bench, "small");
    assert!(error(&lines).ends_with("-partial: no space left on device"), "{lines:?}");
    assert!(bench.mac.disk.space().free < 60_000_000, "what has come stays");
    bench.mac.disk.memory_mut().unwrap().set_free(400_000_000_000);
    assert_eq!(told(&pull(&mut bench, "small")), WELL);
}

#[test]
fn a_silence_of_half_a_minute_is_mended_by_asking_again() {
    let mut bench = serving();
    bench.mac.state.faults.arm(Fault::PullStalls, 1);
    let begun = bench.mac.state.now;
    let lines = pull(&mut bench, "small");
    assert_eq!(told(&lines), WELL);
    assert!(bench.mac.state.now.duration_since(begun).as_secs() > 40);
    let progress = completed(&lines);
    assert!(
        progress.windows(2).any(|pair| pair[0] == pair[1] && pair[0] > 0),
        "meanwhile it says the same: {progress:?}"
    );
}

#[test]
fn two_pulls_of_a_model_share_its_download_and_two_models_share_the_line() {
    let mut bench = serving();
    bench.mac.state.internet.registry.publish("other", SMALL);
    let alone = {
        let mut bench = serving();
        let begun = bench.mac.state.now;
        pull(&mut bench, "small");
        bench.mac.state.now.duration_since(begun)
    };
    let begun = bench.mac.state.now;
    together(&mut bench, &["small", "small"]);
    assert!(bench.mac.state.now.duration_since(begun).as_secs() <= alone.as_secs() + 1, "one download");
    assert_eq!(bench.mac.state.meter.downloaded / 1_000_000, 300);
    bench.send("DELETE", "/api/delete", &json!({ "model": "small" }));
    let begun = bench.mac.state.now;
    together(&mut bench, &["small", "other"]);
    let took = bench.mac.state.now.duration_since(begun).as_secs_f64();
    assert!((23.5..26.0).contains(&took), "half the line each: {took}");
    assert_eq!(bench.models("/api/tags").len(), 2);
}

/// Pulls at the same time, to the end of all.
fn together(bench: &mut Bench, names: &[&str]) {
    let url = "http://127.0.0.1:11434/api/pull";
    let mut open: Vec<_> = names
        .iter()
        .map(|name| {
            match ollama::begin(
                &mut bench.mac,
                "POST",
                url,
                None,
                json!({ "model": name }).to_string().as_bytes(),
            ) {
                ollama::Begun::Pulling(open) => open,
                ollama::Begun::Answered(reply, _) => panic!("{reply:?}"),
            }
        })
        .collect();
    while !open.is_empty() {
        open.retain_mut(|one| ollama::pull::step(&mut bench.mac, one).next.is_open());
        bench.mac.advance(Duration::from_millis(100));
    }
}

#[test]
fn a_start_removes_what_no_model_names_and_what_is_left_of_pulls_after_an_hour() {
    for (environment, stays) in [(&[][..], false), (&[("OLLAMA_NOPRUNE", "1")][..], true)] {
        let mut bench = Bench::serving(environment);
        bench.mac.state.internet.registry.publish("small", SMALL);
        bench.model("kept", EIGHT);
        let (now, orphan) = (bench.mac.state.now, format!("{STORE}/blobs/sha256-{}", "0".repeat(64)));
        bench
            .mac
            .disk
            .write(USER, Utf8Path::new(&orphan), Content::Bytes(b"x".to_vec()), 0o644, now)
            .unwrap();
        bench.mac.state.faults.arm(Fault::PullCut, 6);
        pull(&mut bench, "small");
        let all = blobs(&bench).len();
        bench.ctl("kickstart -k gui/501/dev.test.job");
        bench.pass(5.0);
        assert_eq!(blobs(&bench).len(), all, "young ones stay");
        bench.pass(3700.0);
        bench.ctl("kickstart -k gui/501/dev.test.job");
        bench.pass(5.0);
        assert_eq!(blobs(&bench).len(), if stays { all } else { 2 }, "{:?}", blobs(&bench));
        assert_eq!(bench.models("/api/tags").len(), 1);
    }
}

#[test]
fn a_manifest_that_cannot_be_read_stops_the_removal() {
    let mut bench = Bench::serving(&[]);
    bench.file(USER, &format!("{STORE}/manifests/registry.ollama.ai/library/odd/latest"), "{", 0o644);
    bench.file(USER, &format!("{STORE}/blobs/sha256-{}", "0".repeat(64)), "x", 0o644);
    bench.pass(3700.0);
    bench.ctl("kickstart -k gui/501/dev.test.job");
    bench.pass(5.0);
    assert_eq!(blobs(&bench).len(), 1);
    assert!(bench.log().contains("level=WARN") && bench.log().contains("corrupt manifests"));
}
