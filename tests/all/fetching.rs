//! Files from other machines by the real adapter, and a whole toolbox on a Mac in a folder: a real server stands for the
//! outside, and what it has is pinned by the test.
#![expect(clippy::disallowed_methods, reason = "real servers and processes are looked at from outside")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    process::{Command as Process, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    machine::{
        Changing, Looking, Tell,
        local::{Local, Outside},
    },
    sim::{
        self, Content, Session, Spec, SudoMode,
        folder::{self, Opened},
    },
};
use tempfile::TempDir;

use crate::processes::free_port;

const FORGECTL: &str = env!("CARGO_BIN_EXE_forgectl");
const SCRIPT: &str = "#!/bin/bash\n# what a test pins in place of Homebrew's installer\n";
const OUTSIDE: &str = "https://outside.example/file";

/// A server that answers every request with this, and the first lines that it heard.
fn server(answer: String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 4096];
            let count = stream.read(&mut asked).unwrap_or(0);
            let text = String::from_utf8_lossy(&asked[..count]).into_owned();
            hearing.lock().unwrap().push(text.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, heard)
}

fn ok(body: &str, length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn digest(text: &str) -> String {
    Content::Bytes(text.as_bytes().to_vec()).digest()
}

/// A Mac in a folder, on which nothing is installed.
struct Bare(TempDir);

impl Bare {
    fn new() -> Self {
        let bare = Self(TempDir::new().unwrap());
        let spec = Spec {
            chip: "M4".into(),
            memory: 16 << 30,
            macos: "15.5".into(),
            disk_free: 460_000_000_000,
            sudo: SudoMode::Nopasswd,
            session: Session::Gui,
            ollama: false,
            user: "lab".into(),
        };
        folder::create(&bare.path(), &spec, 0, Utf8Path::new(FORGECTL)).unwrap();
        bare
    }

    fn path(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.0.path()).unwrap().join("mac")
    }

    /// Lets what forgectl fetches really be at `url`, with this digest.
    fn outside_at(&self, url: &str, sha256: &str) {
        let mut opened = Opened::open(&self.path()).unwrap();
        for file in opened.mac.state.internet.files.values_mut() {
            file.really_at = Some(url.to_owned());
            sha256.clone_into(&mut file.sha256);
        }
        opened.close().unwrap();
    }

    fn forgectl(&self, words: &[&str], stack: &Utf8Path) -> Process {
        let mut process = Process::new(FORGECTL);
        process.args(words).arg(stack).arg("--on").arg(format!("dir:{}", self.path()));
        process.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        process
    }

    /// A toolbox whose server has a port of its own.
    fn stack(&self) -> Utf8PathBuf {
        let path = Utf8Path::from_path(self.0.path()).unwrap().join("stack.yaml");
        let text = include_str!("../../stacks/toolbox.yaml");
        fs::write(
            &path,
            text.replace("ollama:\n  num_ctx", &format!("ollama:\n  port: {}\n  num_ctx", free_port())),
        )
        .unwrap();
        path
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        folder::end_all(&self.path()).unwrap();
    }
}

#[derive(Default)]
struct Bytes(Mutex<Vec<(u64, Option<u64>)>>);

impl Tell for Bytes {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push((done, total));
    }

    fn line(&self, _: &str) {}
}

#[test]
fn a_file_is_put_in_place_only_when_it_is_what_was_wanted() {
    let path = Utf8Path::new("/Users/lab/.local/state/forgectl/fetched/file");
    let wanted = digest("hello");
    for (answer, said) in [
        (ok("hello", 5), None),
        (
            ok("other", 5),
            Some("its SHA-256 is d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, and not"),
        ),
        (ok("hello", 50), Some("it broke off after 5 bytes")),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_owned(), Some("the server answered 404")),
        (
            "HTTP/1.1 302 Off\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned(),
            Some("302"),
        ),
    ] {
        let mac = Bare::new();
        let (port, heard) = server(answer);
        let files = [(OUTSIDE.to_owned(), (format!("http://127.0.0.1:{port}/x"), wanted.clone()))].into();
        let outside = Outside { files, ..Outside::default() };
        let local = Local::under(&folder::root(&mac.path()).unwrap()).unwrap().reaching_only(outside);
        let bytes = Bytes::default();
        let fetched = local.fetch(OUTSIDE, "the pin of the real one", path, &bytes);
        assert_eq!(*heard.lock().unwrap(), ["GET /x HTTP/1.1"]);
        let left = local.list(path.parent().unwrap()).unwrap().unwrap_or_default();
        match said {
            None => {
                fetched.unwrap();
                assert_eq!(local.read(path).unwrap().as_deref(), Some(&b"hello"[..]));
                assert_eq!(local.stat(path).unwrap().unwrap().mode, 0o600);
                assert_eq!(bytes.0.lock().unwrap().last(), Some(&(5, Some(5))));
                assert_eq!(left, ["file"]);
                let other = local.fetch("https://elsewhere.example/", &wanted, path, &bytes).unwrap_err();
                assert!(format!("{other:#}").contains("this Mac reaches no such host"), "{other:#}");
            }
            Some(said) => {
                let why = format!("{:#}", fetched.unwrap_err());
                assert!(why.contains(said) && why.contains(OUTSIDE), "{why}");
                assert_eq!(left, [] as [&str; 0], "nothing is left of it");
            }
        }
    }
}

/// The way out leads through the proxy that the environment names.
#[test]
fn what_is_fetched_goes_through_the_proxy() {
    let mac = Bare::new();
    mac.outside_at("https://raw.example/install.sh", &digest(SCRIPT));
    let (port, heard) = server("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".to_owned());
    let mut process = mac.forgectl(&["apply", "--yes"], &mac.stack());
    let output = process.env("HTTPS_PROXY", format!("http://127.0.0.1:{port}")).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Homebrew's installer could not be fetched"), "{said}");
    assert_eq!(*heard.lock().unwrap(), ["CONNECT raw.example:443 HTTP/1.1"]);
}

#[test]
fn a_toolbox_is_brought_and_taken_away_by_real_processes() {
    let mac = Bare::new();
    let (port, _) = server(ok(SCRIPT, SCRIPT.len()));
    mac.outside_at(&format!("http://127.0.0.1:{port}/install.sh"), &digest(SCRIPT));
    let before = folder::copy(&mac.path()).unwrap();
    let stack = mac.stack();
    let well = |words: &[&str]| {
        let output = mac.forgectl(words, &stack).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    well(&["apply", "--yes"]);
    assert!(well(&["plan", "--detailed-exitcode"]).contains("Plan: 0 add, 0 change, 0 remove"));
    well(&["status", "--use"]);
    let kept = folder::root(&mac.path()).unwrap().join("Users/lab/.local/state/forgectl/locks/toolbox.lock");
    let written = || (fs::read_to_string(&kept).unwrap(), fs::metadata(&kept).unwrap().modified().unwrap());
    let first = written();
    assert!(first.0.contains("  brew-formula/jq:\n    version: \"1.8.1\"\n"), "{}", first.0);
    assert!(well(&["apply", "--yes"]).contains("Nothing to do"));
    assert_eq!(written(), first, "the lock too is left alone");
    assert!(well(&["lock", "--stack"]).starts_with("brew-formula/jq      1.8.1\n"));
    well(&["destroy", "--yes", "--all-data"]);
    assert!(!kept.exists() && !stack.with_extension("lock").exists());
    let found = sim::differences(&before, &folder::copy(&mac.path()).unwrap(), false);
    assert!(found.is_empty(), "{found:#?}");
}
