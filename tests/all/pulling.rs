//! Models that are really pulled: by HTTP from a registry on this machine, by the server of a Mac in a folder.
#![expect(clippy::disallowed_methods, reason = "real processes are looked at from outside")]

use std::{
    fs,
    io::BufRead,
    process::Command as Process,
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use camino::Utf8PathBuf;
use forgectl::{
    machine::{Changing, Looking, Reply, Request, Tell, local::Local},
    sim::folder::{self, Opened},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    folder_mac::{FORGECTL, Folder},
    local_processes::second_process,
    processes::free_port,
    registry::{Faults, SIZE, Server},
};

const REGISTRY: &str = "https://registry.ollama.ai";
const MANIFEST: &str = "https://registry.ollama.ai/v2/library/small/manifests/latest";

/// A Mac in a folder with a server that runs, and a registry.
struct Lab {
    registry: Server,
    port: u16,
    // Ends its processes before the registry goes.
    mac: Folder,
}

impl Lab {
    fn new() -> Self {
        let (registry, port, mac) = (Server::new(), free_port(), Folder::new());
        let hosts = [(REGISTRY.to_owned(), format!("http://127.0.0.1:{}", registry.port))];
        folder::reach(&mac.path(), hosts.into()).unwrap();
        mac.load(port, "<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>1</integer>");
        let lab = Self { registry, port, mac };
        lab.answers();
        lab
    }

    fn answers(&self) {
        self.mac.until("an answer", || self.mac.version(self.port));
    }

    fn local(&self) -> Local {
        let path = self.mac.path();
        let outside = folder::outside(&path).unwrap();
        Local::under(&folder::root(&path).unwrap()).unwrap().reaching_only(outside)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/pull", self.port)
    }

    fn ask(&self, body: &str, tell: &dyn Tell) -> Result<Reply, String> {
        let request = Request { lines: true, ..Request::post(self.url(), body, Duration::from_mins(1)) };
        self.local().send(request, tell).unwrap()
    }

    /// The lines of a pull.
    fn pull(&self, name: &str) -> Vec<Value> {
        let ears = Ears::default();
        let reply = self.ask(&format!("{{\"model\":\"{name}\"}}"), &ears).unwrap();
        assert_eq!(reply.status, 200);
        ears.0.into_inner().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A path below the store.
    fn store(&self, path: &str) -> Utf8PathBuf {
        self.mac.path().join("root/Users/lab/.ollama/models").join(path)
    }

    fn blobs(&self) -> Vec<String> {
        let names = fs::read_dir(self.store("blobs")).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What is noted of the blob that is on its way.
    fn noted(&self) -> Option<u64> {
        let name = self.blobs().into_iter().find(|name| name.ends_with("-partial-0"))?;
        let note: Value = serde_json::from_slice(&fs::read(self.store("blobs").join(name)).ok()?).ok()?;
        note["Completed"].as_u64()
    }

    /// The length and the room of the file of the blob that is on its way.
    fn partial(&self) -> Option<u64> {
        let name = self.blobs().into_iter().find(|name| name.ends_with("-partial"))?;
        Some(fs::metadata(self.store("blobs").join(name)).ok()?.len())
    }
}

#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Tell for Ears {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

/// Tells once that the large blob is on its way.
struct OnItsWay(Mutex<Option<Sender<()>>>);

impl OnItsWay {
    fn new() -> (Self, Receiver<()>) {
        let (send, receive) = mpsc::channel();
        (Self(Mutex::new(Some(send))), receive)
    }
}

impl Tell for OnItsWay {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn line(&self, line: &str) {
        if has_come(line) {
            self.0.lock().unwrap().take();
        }
    }
}

/// Whether a line tells that some of the large blob has come.
fn has_come(line: &str) -> bool {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    line["total"] == SIZE && line["completed"].as_u64().is_some_and(|bytes| bytes > 100_000)
}

/// Statuses, without the lines of progress.
fn told(lines: &[Value]) -> Vec<&str> {
    let statuses = lines.iter().filter(|line| line.get("digest").is_none());
    statuses.map(|line| line.get("status").or(line.get("error")).unwrap().as_str().unwrap()).collect()
}

const WELL: [&str; 4] = ["pulling manifest", "verifying sha256 digest", "writing manifest", "success"];

#[test]
fn a_model_is_pulled_as_the_registry_has_it_and_not_twice() {
    let lab = Lab::new();
    let asked = lab.local().get(MANIFEST).unwrap().unwrap();
    assert_eq!((asked.status, &asked.body), (200, &lab.registry.manifest), "forgectl sees the same registry");
    let elsewhere = lab.local().get("https://elsewhere.example/").unwrap().unwrap_err();
    assert!(elsewhere.contains("no such host"), "{elsewhere}");
    lab.registry.arm(Faults { slow: true, ..Faults::default() });
    let lines = lab.pull("small");
    assert_eq!(told(&lines), WELL);
    let progress: Vec<_> = lines.iter().filter(|line| line["total"] == SIZE).collect();
    assert!(progress.len() > 3, "{lines:?}");
    assert_eq!(
        fs::read(lab.store("manifests/registry.ollama.ai/library/small/latest")).unwrap(),
        lab.registry.manifest
    );
    let (local, tags) = (lab.local(), format!("http://127.0.0.1:{}/api/tags", lab.port));
    let listed: Value = serde_json::from_slice(&local.get(&tags).unwrap().unwrap().body).unwrap();
    assert_eq!(listed["models"][0]["name"], "small:latest");
    assert_eq!(lab.blobs().len(), 5, "{:?}", lab.blobs());
    let before = lab.registry.heard().len();
    assert_eq!(told(&lab.pull("small")), WELL);
    assert_eq!(lab.registry.heard().len(), before + 1, "the manifest alone");
}

#[test]
fn what_a_registry_refuses_is_told_in_a_stream_that_began_well() {
    let lab = Lab::new();
    assert_eq!(told(&lab.pull("other")), ["pulling manifest", "pull model manifest: file does not exist"]);
    let far = lab.pull("hf.example/lab/model");
    assert!(told(&far)[1].ends_with("dial tcp: lookup hf.example: no such host"), "{far:?}");
    lab.registry.arm(Faults { manifests: vec![429, 503], ..Faults::default() });
    for status in ["429", "503"] {
        let lines = lab.pull("small");
        assert!(
            told(&lines)[1].starts_with(&format!("pull model manifest: {status}: {{\"errors\"")),
            "{lines:?}"
        );
    }
    lab.registry.arm(Faults { nowhere: true, ..Faults::default() });
    assert_eq!(told(&lab.pull("small"))[1], "http: no Location header in response");
    lab.registry.arm(Faults { others: 1, ..Faults::default() });
    let lines = lab.pull("small");
    assert!(told(&lines)[2].starts_with("digest mismatch, file must be downloaded again"), "{lines:?}");
    assert_eq!(lab.blobs().len(), 4, "the wrong one is gone");
    assert_eq!(told(&lab.pull("small")), WELL);
    let whole = lab.ask("{\"model\":\"other\",\"stream\":false}", &Ears::default()).unwrap();
    assert_eq!(
        (whole.status, whole.body.as_slice()),
        (500, &br#"{"error":"pull model manifest: file does not exist"}"#[..])
    );
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_was() {
    let lab = Lab::new();
    lab.registry.arm(Faults { cuts: vec![1_234_567], ..Faults::default() });
    assert_eq!(told(&lab.pull("small")), WELL);
    assert_eq!(lab.registry.begun_at(), [0, 1_234_567]);
}

#[test]
fn a_registry_by_its_own_address_is_asked_without_tls_where_that_is_wanted() {
    let lab = Lab::new();
    let name = format!("127.0.0.1:{}/library/small", lab.registry.port);
    let refused = lab.pull(&name);
    assert!(told(&refused)[1].contains("https://127.0.0.1"), "{refused:?}");
    let ears = Ears::default();
    lab.ask(&format!("{{\"model\":\"{name}\",\"insecure\":true}}"), &ears).unwrap();
    assert!(
        ears.0.lock().unwrap().last().unwrap().contains("success"),
        "{ears:?}",
        ears = ears.0.lock().unwrap()
    );
}

#[test]
fn whoever_goes_in_the_middle_ends_the_pull_and_the_next_takes_it_up() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let lab = Lab::new();
        lab.registry.arm(Faults { slow: true, ..Faults::default() });
        let part = format!("lines at once {} {{\"model\":\"small\"}}", lab.url());
        let (mut other, said) = second_process(&part, &[]);
        let mut lines = said.lines();
        assert!(lines.any(|line| has_come(&line.unwrap())), "the blob is on its way");
        kill(Pid::from_raw(i32::try_from(other.id()).unwrap()), signal).unwrap();
        let rest: Vec<_> = lines.map_while(Result::ok).collect();
        assert_eq!(other.wait().unwrap().success(), signal == Signal::SIGINT, "{rest:?}");
        assert_eq!(rest.iter().any(|line| line == "stopped"), signal == Signal::SIGINT);
        let noted = lab.mac.until("a note", || lab.noted().filter(|bytes| *bytes > 0));
        assert_eq!(lab.partial(), Some(SIZE as u64), "as long as the whole");
        lab.registry.arm(Faults::default());
        let lines = lab.pull("small");
        assert_eq!(told(&lines), WELL);
        let begun = lab.registry.begun_at();
        assert_eq!(begun, [0, usize::try_from(noted).unwrap()], "{signal}");
    }
}

#[test]
fn a_server_that_is_killed_in_the_middle_breaks_the_answer_off_and_pulls_again_when_it_is_back() {
    let lab = Lab::new();
    lab.registry.arm(Faults { slow: true, ..Faults::default() });
    let (ears, on_its_way) = OnItsWay::new();
    let broken = thread::scope(|scope| {
        let pulling = scope.spawn(|| lab.ask("{\"model\":\"small\"}", &ears));
        // The other end is let go of when it is on its way.
        on_its_way.recv().unwrap_err();
        let opened = Opened::open(&lab.mac.path()).unwrap();
        let pid = *opened
            .mac
            .state
            .processes
            .iter()
            .find(|(_, process)| process.argv.iter().any(|word| word == "serve"))
            .unwrap()
            .0;
        opened.close().unwrap();
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
        pulling.join().unwrap()
    });
    let why = broken.unwrap_err();
    assert!(why.contains("broke off"), "{why}");
    assert_eq!(lab.noted(), Some(0), "it could note nothing");
    lab.answers();
    lab.registry.arm(Faults::default());
    assert_eq!(told(&lab.pull("small")), WELL);
    assert_eq!(lab.registry.begun_at(), [0, 0]);
}

#[test]
fn two_who_pull_the_same_share_its_download() {
    let lab = Lab::new();
    lab.registry.arm(Faults { slow: true, ..Faults::default() });
    thread::scope(|scope| {
        let (ears, on_its_way) = OnItsWay::new();
        let lab = &lab;
        let one = scope.spawn(move || lab.ask("{\"model\":\"small\"}", &ears));
        on_its_way.recv().unwrap_err();
        assert_eq!(told(&lab.pull("small")), WELL);
        assert_eq!(one.join().unwrap().unwrap().body, br#"{"status":"success"}"#);
    });
    assert_eq!(lab.registry.begun_at(), [0]);
}

#[test]
fn a_mac_in_a_folder_is_told_where_other_machines_are_when_it_is_made() {
    let place = tempfile::TempDir::new().unwrap();
    let made = |place: &str, more: &[&str]| {
        let words = ["sim", "new", place, "--chip", "M4", "--memory", "16GB"];
        Process::new(FORGECTL).args(words).args(more).env_clear().output().unwrap()
    };
    let folder = Utf8PathBuf::try_from(place.path().join("mac")).unwrap();
    let here = "https://registry.ollama.ai=http://127.0.0.1:5055";
    let output = made(&format!("dir:{folder}"), &["--outside", here]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(folder::outside(&folder).unwrap().hosts[REGISTRY], "http://127.0.0.1:5055");
    let refused = made(place.path().join("mac.json").to_str().unwrap(), &["--outside", here]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("dir:PATH"), "{said}");
    folder::end_all(&folder).unwrap();
}
