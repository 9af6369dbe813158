//! A stack with a model on a Mac in a folder: forgectl itself with its real adapter, a server that really pulls, and a registry on
//! this machine.
#![expect(clippy::disallowed_methods, reason = "real processes are looked at from outside")]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command as Process, Output, Stdio},
};

use forgectl::sim::folder;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    folder_mac::{FORGECTL, Folder},
    processes::free_port,
    registry::{Faults, SIZE, Server},
};

const MODEL: &str = "ollama-model/small:latest";

struct Lab {
    registry: Server,
    // Ends its processes before the registry goes.
    mac: Folder,
}

impl Lab {
    fn new() -> Self {
        let (registry, mac) = (Server::new(), Folder::new());
        let there = format!("http://127.0.0.1:{}", registry.port);
        folder::reach(&mac.path(), [("https://registry.ollama.ai".to_owned(), there)].into()).unwrap();
        let lab = Self { registry, mac };
        lab.write("small");
        lab
    }

    /// A stack with this model.
    fn write(&self, model: &str) {
        let text = format!(
            "forge: 1\nstack: lab\nnode: {{memory: 8GB}}\nollama: {{port: {}, num_ctx: 4096}}\nmodels: [{{ollama: {model}}}]\n",
            free_port()
        );
        fs::write(self.mac.place.path().join("stack.yaml"), text).unwrap();
    }

    fn begin(&self, line: &str) -> Child {
        let target = format!("dir:{}", self.mac.path());
        Process::new(FORGECTL)
            .args(line.split(' '))
            .args(["--on", &target, "--output", "json"])
            .current_dir(self.mac.place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, line: &str) -> Output {
        self.begin(line).wait_with_output().unwrap()
    }

    /// The events of a run that ends with `code`.
    #[track_caller]
    fn events(&self, line: &str, code: i32) -> Vec<Value> {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn document(&self, line: &str, code: i32) -> Value {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn blobs(&self) -> usize {
        let store = self.mac.path().join("root/Users/lab/.ollama/models/blobs");
        fs::read_dir(store).map_or(0, Iterator::count)
    }
}

#[test]
fn a_model_is_sized_pulled_proved_locked_and_given_back() {
    let lab = Lab::new();
    lab.registry.arm(Faults { slow: true, cuts: vec![1_234_567], ..Faults::default() });
    let plan = lab.document("plan stack.yaml", 0);
    let all = plan["counts"]["download_bytes"].as_u64().unwrap();
    assert!((SIZE as u64..SIZE as u64 + 20_000).contains(&all), "{all}");
    assert!(
        lab.registry.heard().iter().all(|asked| asked.contains("manifests")),
        "a plan fetches nothing else"
    );

    let events = lab.events("apply stack.yaml --yes", 0);
    let bytes: Vec<u64> = events
        .iter()
        .filter(|event| event["event"] == "bytes" && event["id"] == MODEL)
        .map(|event| event["done"].as_u64().unwrap())
        .collect();
    assert!(bytes.is_sorted(), "{bytes:?}");
    assert!(bytes.last().is_some_and(|last| *last >= SIZE as u64), "{bytes:?}");
    let proved = events.iter().find(|event| event["event"] == "proved" && event["id"] == MODEL).unwrap();
    assert!(proved["evidence"].to_string().contains("`small:latest` gave a token with a context of 4096"));
    let said: Vec<&str> = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(lab.registry.begun_at(), [0, 1_234_567], "{said:?}");

    let before = lab.registry.heard().len();
    let again = lab.events("apply stack.yaml --yes", 0);
    assert_eq!(again.last().unwrap()["summary"]["changed"], Value::Array(vec![]));
    assert_eq!(lab.document("status stack.yaml", 0)["ok"], true);
    assert_eq!(lab.registry.heard().len(), before, "nobody far away is asked for what is here");
    let locked = lab.document("lock --stack stack.yaml", 0).to_string();
    assert!(locked.contains(MODEL) && locked.contains("digest"), "{locked}");
    lab.events("destroy stack.yaml --all-data --yes", 0);
    assert_eq!(lab.blobs(), 0);
}

#[test]
fn what_a_registry_refuses_or_damages_is_asked_for_again() {
    let lab = Lab::new();
    lab.registry.arm(Faults { manifests: vec![503], others: 1, ..Faults::default() });
    let events = lab.events("apply stack.yaml --yes", 0);
    let plan = &events.iter().find(|event| event["event"] == "planned").unwrap()["plan"];
    let item = plan["items"].as_array().unwrap().iter().find(|item| item["id"] == MODEL).unwrap();
    assert_eq!(item["quote"]["download"], Value::Null);
    assert!(plan["warnings"].to_string().contains("answered 503"), "{}", plan["warnings"]);
    let said: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert!(said.contains("the pull broke off: digest mismatch"), "{said}");

    lab.write("smal");
    let refused = lab.events("apply stack.yaml --yes", 1);
    let problem = &refused.last().unwrap()["problems"][0];
    assert_eq!(problem["what"], "no such model: `smal:latest`");
    assert!(problem["place"].as_str().unwrap().starts_with("stack.yaml:5:"), "{problem}");
}

#[test]
fn ctrl_c_and_a_kill_end_the_pull_and_the_next_apply_goes_on() {
    for (signal, code) in [(Signal::SIGINT, Some(130)), (Signal::SIGKILL, None)] {
        let lab = Lab::new();
        // The server waits a second, and then two, before it asks again.
        lab.registry.arm(Faults { slow: true, cuts: vec![600_000, 900_000], ..Faults::default() });
        let mut child = lab.begin("apply stack.yaml --yes");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if event["event"] == "bytes" && event["id"] == MODEL && event["done"].as_u64() > Some(100_000) {
                kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
                break;
            }
        }
        assert_eq!(child.wait().unwrap().code(), code);
        lab.registry.arm(Faults::default());
        let events = lab.events("apply stack.yaml --yes", 0);
        assert!(events.iter().any(|event| event["event"] == "step-done" && event["id"] == MODEL), "{signal}");
        let begun = lab.registry.begun_at();
        let anew = begun.iter().filter(|at| **at == 0).count();
        assert!(anew == 1 && begun.len() > 1, "{signal}: {begun:?}");
        lab.events("destroy stack.yaml --all-data --yes", 0);
        assert_eq!(lab.blobs(), 0);
    }
}
