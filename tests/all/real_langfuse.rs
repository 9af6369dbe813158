//! `templates/traced_inference.py` with the real packages `langfuse` and `openai`, which lie in the folder that `FORGE_LANGFUSE` names,
//! against servers that speak their wires (docs/service-facts.md#langfuse-sdk-wire). Without that folder nothing of this is tested,
//! and that is an error where `FORGE_STRICT` is set.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a real program is run from outside, against servers of the test"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use camino::Utf8Path;
use forgectl::{machine::Looking, value::basic_authorization};
use tempfile::TempDir;

use crate::{secrets_kept::applied, support::sim};

const PYTHON: &str = "/usr/bin/python3";

/// The folder with the packages; `None` when there is none, which is said.
fn packages() -> Option<String> {
    let found =
        env::var("FORGE_LANGFUSE").ok().filter(|folder| Utf8Path::new(folder).join("langfuse").is_dir());
    if found.is_none() {
        let why = "FORGE_LANGFUSE names no folder with the Python package `langfuse`";
        assert!(env::var_os("FORGE_STRICT").is_none(), "no traced call was made: {why}");
        eprintln!("NOT TESTED: no traced call was made: {why}");
    }
    found
}

/// What a server was asked.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A server that plays both: the wire that Ollama shares with others, and the one of Langfuse for its Python package.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `keys` are those that Langfuse knows, as its clients send them.
    fn start(keys: &str) -> Self {
        let keys: Arc<str> = keys.into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (heard, keys) = (Arc::clone(&heard), Arc::clone(&keys));
                thread::spawn(move || answer(&connection, &keys, &heard));
            }
        });
        Self { url, asked }
    }

    fn asked(&self, line: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.line.starts_with(line)).cloned().collect()
    }
}

fn answer(mut connection: &TcpStream, keys: &str, heard: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(connection);
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let Some((line, headers)) = lines.split_first() else { return };
    let headers: BTreeMap<String, String> = headers
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let known = headers.get("authorization").is_some_and(|by| by == keys);
    let (status, reply) = reply(line, known);
    heard.lock().unwrap().push(Asked { line: line.clone(), headers, body });
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
    let _ = write!(connection, "{head}content-length: {}\r\n\r\n{reply}", reply.len());
}

fn reply(line: &str, known: bool) -> (&'static str, &'static str) {
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        ["GET", "/v1/models", _] => (
            "200 OK",
            r#"{"object":"list","data":[{"id":"tiny:latest","object":"model","created":1,"owned_by":"library"}]}"#,
        ),
        ["POST", "/v1/chat/completions", _] => (
            "200 OK",
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"tiny:latest","choices":[{"index":0,
                "message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],
                "usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
        ),
        ["GET" | "POST", path, _] if path.starts_with("/api/public/") && !known => (
            "401 Unauthorized",
            r#"{"message":"Invalid credentials. Confirm that you've configured the correct host."}"#,
        ),
        ["GET", "/api/public/projects", _] => (
            "200 OK",
            r#"{"data":[{"id":"lab","name":"Lab","organization":{"id":"forge","name":"Forge"},"metadata":{}}]}"#,
        ),
        ["POST", "/api/public/otel/v1/traces", _] => ("200 OK", "{}"),
        _ => ("404 Not Found", r#"{"message":"Not Found"}"#),
    }
}

/// The files of a lab as forgectl writes them for a stack with Langfuse.
struct Lab {
    packages: String,
    folder: TempDir,
    public: String,
    /// As Basic authorization has both keys.
    keys: String,
}

impl Lab {
    fn new(packages: String) -> Self {
        let folder = TempDir::new().unwrap();
        let (mac, _) = applied();
        let sim = sim(mac);
        let mut said = BTreeMap::new();
        for name in ["traced_inference.py", ".env"] {
            let text = sim.read_text(&Utf8Path::new("/Users/lab/forge/lab").join(name)).unwrap().unwrap();
            fs::write(folder.path().join(name), &text).unwrap();
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            said.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let public = said["LANGFUSE_PUBLIC_KEY"].clone();
        let keys = basic_authorization(&public, &said["LANGFUSE_SECRET_KEY"]);
        Self { packages, folder, public, keys }
    }

    /// Runs the example against `server`, which stands for both services, and with these variables.
    fn call(&self, server: &Server, words: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(PYTHON);
        command.arg(self.folder.path().join("traced_inference.py")).args(words).env_clear();
        command
            .env("PATH", "/usr/bin:/bin")
            .env("PYTHONPATH", &self.packages)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("LANGFUSE_BASE_URL", &server.url).env("OPENAI_BASE_URL", format!("{}/v1", server.url));
        command.envs(variables.iter().copied()).current_dir("/").stdin(Stdio::null()).output().unwrap()
    }
}

/// The fields of a message of protobuf that have bytes: their numbers and these.
fn fields(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (first, rest) = message.split_first().unwrap();
            *message = rest;
            value |= u64::from(first & 0x7f) << shift;
            shift += 7;
            if first & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = vec![];
    while !message.is_empty() {
        let key = varint(&mut message);
        let bytes = match key & 7 {
            0 => {
                varint(&mut message);
                continue;
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(varint(&mut message)).unwrap(),
            other => panic!("no wire type of protobuf: {other}"),
        };
        let (bytes, rest) = message.split_at(bytes);
        message = rest;
        found.push((key >> 3, bytes));
    }
    found
}

fn inner(message: &[u8], number: u64) -> Vec<&[u8]> {
    fields(message).into_iter().filter(|(field, _)| *field == number).map(|(_, bytes)| bytes).collect()
}

fn text(message: &[u8], number: u64) -> String {
    String::from_utf8(inner(message, number).first().copied().unwrap_or_default().to_vec()).unwrap()
}

/// The spans of an OTLP request by name, with their attributes that are texts.
fn spans(request: &[u8]) -> BTreeMap<String, BTreeMap<String, String>> {
    let scopes = inner(request, 1).into_iter().flat_map(|resource| inner(resource, 2));
    let spans = scopes.flat_map(|scope| inner(scope, 2));
    let attributes = |span| {
        let all = inner(span, 9).into_iter();
        all.map(|pair| (text(pair, 1), inner(pair, 2).first().map_or(String::new(), |value| text(value, 1))))
            .collect()
    };
    spans.map(|span| (text(span, 5), attributes(span))).collect()
}

fn unzipped(body: &[u8]) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(body).unwrap();
    let output = gzip.wait_with_output().unwrap();
    assert!(output.status.success(), "it is not compressed with gzip");
    output.stdout
}

#[test]
fn a_traced_call_arrives_under_the_name_that_it_was_given() {
    let Some(packages) = packages() else { return };
    let lab = Lab::new(packages);
    let server = Server::start(&lab.keys);
    let output = lab.call(&server, &["my-first-trace", "Why?"], &[]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    assert_eq!(output.stdout, b"Hello.\n");
    assert!(
        err.starts_with("tiny:latest: 2 tokens. Trace: ") && err.contains("/project/lab/traces/"),
        "{err}"
    );

    let chat = server.asked("POST /v1/chat/completions ");
    assert_eq!(chat.len(), 1);
    let body: serde_json::Value = serde_json::from_slice(&chat[0].body).unwrap();
    assert_eq!(
        (body["model"].as_str(), body["messages"][0]["content"].as_str()),
        (Some("tiny:latest"), Some("Why?"))
    );

    let sent = server.asked("POST /api/public/otel/v1/traces ");
    assert!(!sent.is_empty(), "no span was sent");
    let mut all = BTreeMap::new();
    for asked in &sent {
        let header = |name: &str| asked.headers.get(name).map(String::as_str);
        assert_eq!(header("content-type"), Some("application/x-protobuf"));
        assert_eq!(header("content-encoding"), Some("gzip"));
        assert_eq!(header("authorization"), Some(lab.keys.as_str()));
        assert_eq!(header("x-langfuse-ingestion-version"), Some("4"));
        assert_eq!(header("x-langfuse-public-key"), Some(lab.public.as_str()));
        assert!(header("x-langfuse-sdk-version").is_some_and(|version| version.starts_with("5.")));
        all.extend(spans(&unzipped(&asked.body)));
    }
    let span = |name: &str| all.get(name).unwrap_or_else(|| panic!("no span {name}: {all:?}"));
    let says = |name: &str, attribute: &str| span(name).get(attribute).cloned().unwrap_or_default();
    assert_eq!(says("my-first-trace", "langfuse.observation.input"), "Why?");
    assert_eq!(says("my-first-trace", "langfuse.observation.output"), "Hello.");
    assert_eq!(says("chat", "langfuse.observation.type"), "generation");
    assert_eq!(says("chat", "langfuse.observation.model.name"), "tiny:latest");
    assert!(says("chat", "langfuse.observation.usage_details").contains("\"completion_tokens\": 2"));
    for name in ["my-first-trace", "chat"] {
        assert_eq!(says(name, "langfuse.trace.name"), "my-first-trace");
    }
}

#[test]
fn what_is_not_there_is_told_in_a_line() {
    let Some(packages) = packages() else { return };
    let lab = Lab::new(packages);
    let server = Server::start(&lab.keys);
    // A port that was free a moment ago, and is again.
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let gone = format!("{nobody}/v1");
    for (variable, value, told) in [
        ("LANGFUSE_SECRET_KEY", "sk-lf-other", "Langfuse"),
        ("LANGFUSE_BASE_URL", nobody.as_str(), "Langfuse"),
        ("OPENAI_BASE_URL", gone.as_str(), "did not answer"),
    ] {
        let output = lab.call(&server, &["a-name"], &[(variable, value)]);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{variable}: {err}");
        assert!(err.contains(told) && !err.contains("Traceback"), "{variable}: {err}");
        assert!(!err.contains("sk-lf-"), "{variable}: {err}");
    }
    assert!(
        server.asked("POST /v1/chat/completions ").is_empty(),
        "nothing is asked where it cannot be told"
    );
}
