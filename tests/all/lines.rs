//! What the real adapter promises of answers that come in lines, of servers far away, and of proxies.
#![expect(clippy::disallowed_methods, reason = "real servers are looked at from outside")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use forgectl::machine::{Changing, Quiet, Reply, Request, Tell, local::Local};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::local_processes::{second_process, second_process_says};

const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A server whose every connection is handled by `act`, once its request was read; and the address of it.
fn server(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/pull", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            act(stream);
        }
    });
    url
}

fn chunk(stream: &mut TcpStream, text: &str) {
    let _ = write!(stream, "{:x}\r\n{text}\r\n", text.len());
}

fn end(stream: &mut TcpStream) {
    let _ = write!(stream, "0\r\n\r\n");
}

fn ask(url: &str, limit: Duration, tell: &dyn Tell) -> Result<Reply, String> {
    let local = Local::this_mac().unwrap();
    local.send(Request { lines: true, ..Request::post(url, "{}", limit) }, tell).unwrap()
}

/// Passes each line on.
struct Ears(Mutex<mpsc::Sender<String>>);

impl Ears {
    fn new() -> (Self, mpsc::Receiver<String>) {
        let (send, receive) = mpsc::channel();
        (Self(Mutex::new(send)), receive)
    }
}

impl Tell for Ears {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        let _ = self.0.lock().unwrap().send(line.to_owned());
    }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn each_line_is_told_before_the_next_is_there() {
    let (ears, heard) = Ears::new();
    let heard = Mutex::new(heard);
    let url = server(move |mut stream| {
        let heard = heard.lock().unwrap();
        let _ = stream.write_all(HEAD.as_bytes());
        chunk(&mut stream, "{\"status\":\"one\"}\n{\"sta");
        assert_eq!(heard.recv_timeout(LONG).as_deref(), Ok("{\"status\":\"one\"}"));
        chunk(&mut stream, "tus\":\"two\"}\r\n\n");
        assert_eq!(heard.recv_timeout(LONG).as_deref(), Ok("{\"status\":\"two\"}"));
        chunk(&mut stream, "{\"status\":\"success\"}");
        end(&mut stream);
    });
    let reply = ask(&url, LONG, &ears).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"{\"status\":\"success\"}"[..]));
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    for last in ["{\"status\":\"success\"}\n", "{\"status\":\"succ"] {
        let url = server(move |mut stream| {
            let _ = stream.write_all(HEAD.as_bytes());
            chunk(&mut stream, last);
        });
        let why = ask(&url, LONG, &Quiet).unwrap_err();
        assert!(why.contains("broke off after"), "{why}");
    }
    let nobody = ask("http://127.0.0.1:1/", LONG, &Quiet).unwrap_err();
    assert!(nobody.to_lowercase().contains("connection refused"), "{nobody}");
}

#[test]
fn an_error_of_a_server_is_an_answer() {
    let url = server(|mut stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 404 No\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"error\":\"none\"}",
        );
    });
    let reply = ask(&url, LONG, &Quiet).unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (404, &b"{\"error\":\"none\""[..]));
}

#[test]
fn silence_and_the_same_words_again_and_again_come_to_an_end_and_so_does_the_connection() {
    for says_the_same in [false, true] {
        let (send, closed) = mpsc::channel();
        let url = server(move |mut stream| {
            let _ = stream.write_all(HEAD.as_bytes());
            chunk(&mut stream, "{\"status\":\"pulling\"}\n");
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            loop {
                if says_the_same {
                    chunk(&mut stream, "{\"status\":\"pulling\"}\n");
                }
                if matches!(stream.read(&mut [0]), Ok(0)) {
                    let _ = send.send(());
                    return;
                }
            }
        });
        let why = ask(&url, Duration::from_secs(1), &Quiet).unwrap_err();
        assert_eq!(why, "nothing new within 1 s");
        closed.recv_timeout(LONG).expect("the connection was closed");
    }
}

#[test]
fn a_line_without_end_is_not_kept() {
    let url = server(|mut stream| {
        let _ = stream.write_all(HEAD.as_bytes());
        let piece = "x".repeat(100_000);
        for _ in 0..20 {
            chunk(&mut stream, &piece);
        }
    });
    let why = ask(&url, LONG, &Quiet).unwrap_err();
    assert_eq!(why, "a line of more than 1048576 bytes");
}

#[test]
fn the_first_signal_ends_the_wait_for_a_silent_server_and_its_connection() {
    for answers in [false, true] {
        let (send, heard) = mpsc::channel();
        let url = server(move |mut stream| {
            let _ = send.send("asked");
            if answers {
                let _ = stream.write_all(HEAD.as_bytes());
                chunk(&mut stream, "{\"status\":\"ready\"}\n");
            }
            if matches!(stream.read(&mut [0]), Ok(0)) {
                let _ = send.send("closed");
            }
        });
        let at_once = if answers { "" } else { "at once " };
        let (mut other, said) = second_process(&format!("lines {at_once}{url}"), &[]);
        assert_eq!(heard.recv_timeout(LONG), Ok("asked"));
        let begun = Instant::now();
        kill(Pid::from_raw(i32::try_from(other.id()).unwrap()), Signal::SIGINT).unwrap();
        assert!(other.wait().unwrap().success());
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        drop(said);
        assert_eq!(heard.recv_timeout(LONG), Ok("closed"), "the connection");
    }
}

/// A proxy that refuses, the first lines that it heard, and its address.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let (send, heard) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:secret@{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap_or(0);
            let text = String::from_utf8_lossy(&asked[..count]).into_owned();
            let _ = send.send(text.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (url, heard)
}

#[test]
fn a_server_far_away_is_asked_by_way_of_the_proxy_that_the_environment_names() {
    const FAR: &str = "far https://registry.invalid/v2/library/gemma4/manifests/e2b";
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let (url, heard) = proxy();
        let (mut other, _output, said) = second_process_says(FAR, &[(name, url.as_str())]);
        assert!(other.wait().unwrap().success());
        assert_eq!(
            heard.recv_timeout(LONG).as_deref(),
            Ok("CONNECT registry.invalid:443 HTTP/1.1"),
            "{name}"
        );
        assert!(!said.contains("secret"), "{said}");
    }
    let (url, heard) = proxy();
    let (mut other, _output, _) =
        second_process_says(FAR, &[("HTTPS_PROXY", url.as_str()), ("NO_PROXY", "registry.invalid")]);
    assert!(other.wait().unwrap().success());
    assert!(heard.try_recv().is_err(), "this host is reached without it");
    let (mut other, _output, said) =
        second_process_says(FAR, &[("HTTPS_PROXY", "http://me:secret@127.0.0.1:1")]);
    assert!(other.wait().unwrap().success());
    assert!(said.contains("HTTPS_PROXY names `http://127.0.0.1:1`") && !said.contains("secret"), "{said}");
}

#[test]
fn what_a_command_fetches_itself_goes_through_the_same_proxies() {
    let set = [
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:2"),
        ("HTTP_PROXY", "http://127.0.0.1:3"),
        ("NO_PROXY", "one.example"),
        ("all_proxy", "http://127.0.0.1:4"),
        ("https_proxy", "http://127.0.0.1:5"),
        ("http_proxy", "http://127.0.0.1:6"),
        ("no_proxy", "other.example"),
    ];
    let (mut other, _output, said) = second_process_says("environment", &set);
    assert!(other.wait().unwrap().success());
    for (name, value) in set {
        assert!(said.lines().any(|line| line.ends_with(&format!("{name}={value}"))), "{name}: {said}");
    }
}
