//! A Mac on a bench, for tests of launchd and what it runs.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{launchctl, ollama};
use crate::{
    machine::{
        Output, Reply,
        tool::launchctl::{JobView, Printed, view},
    },
    sim::{Caller, Content, Mac, Running, Session, Spec, SudoMode, USER},
};

pub(super) const LABEL: &str = "dev.test.job";
pub(super) const JOB: &str = "gui/501/dev.test.job";
pub(super) const PLIST: &str = "/Users/lab/Library/LaunchAgents/dev.test.job.plist";
pub(super) const PROGRAM: &str = "/opt/homebrew/bin/worker";

pub(super) struct Bench {
    pub(super) mac: Mac,
}

impl Bench {
    /// An M4 with 16 GB, macOS 15.5, somebody at the screen, Homebrew's ollama, and an idle program.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Spec)) -> Self {
        let mut spec = Spec {
            chip: "M4".to_owned(),
            memory: 16 << 30,
            macos: "15.5".to_owned(),
            disk_free: 400_000_000_000,
            sudo: SudoMode::Nopasswd,
            session: Session::Gui,
            ollama: true,
            user: "lab".to_owned(),
        };
        change(&mut spec);
        let mut bench = Self { mac: Mac::new(&spec, 7) };
        bench.file(USER, PROGRAM, "worker 1", 0o755);
        bench
    }

    /// Writes a file, its folders with it.
    pub(super) fn file(&mut self, uid: u32, path: &str, text: &str, mode: u32) {
        let (path, now) = (Utf8Path::new(path), self.mac.state.now);
        self.mac.disk.make_dirs(uid, path.parent().unwrap(), 0o755, now).unwrap();
        self.mac.disk.write(uid, path, Content::Bytes(text.as_bytes().to_vec()), mode, now).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> String {
        match self.mac.disk.read(0, Utf8Path::new(path)) {
            Ok(Content::Bytes(bytes)) => String::from_utf8(bytes).unwrap(),
            other => panic!("{path}: {other:?}"),
        }
    }

    /// Writes the property list of a job that runs the idle program, with more keys.
    pub(super) fn plist(&mut self, keys: &str) {
        self.file(USER, PLIST, &plist(LABEL, &[PROGRAM, "--flag"], keys), 0o644);
    }

    /// Loads such a job.
    pub(super) fn loaded(keys: &str) -> Self {
        let mut bench = Self::new();
        bench.plist(keys);
        let output = bench.ctl(&format!("bootstrap gui/501 {PLIST}"));
        assert!(output.ok(), "{}", output.said());
        bench
    }

    /// Loads such a job and lets it start.
    pub(super) fn running(keys: &str) -> Self {
        let mut bench = Self::loaded(&format!("<key>RunAtLoad</key><true/>{keys}"));
        bench.pass(1.0);
        assert!(bench.job().pid().is_some());
        bench
    }

    /// Loads Homebrew's server under the test's label with this environment, and lets it start.
    pub(super) fn serving(environment: &[(&str, &str)]) -> Self {
        let mut bench = Self::new();
        bench.serve(environment);
        bench
    }

    pub(super) fn serve(&mut self, environment: &[(&str, &str)]) {
        let pairs: Vec<String> = environment
            .iter()
            .map(|(name, value)| format!("<key>{name}</key><string>{value}</string>"))
            .collect();
        let keys = format!(
            "<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>\
             <key>StandardErrorPath</key><string>/Users/lab/Library/Logs/server.log</string>\
             <key>EnvironmentVariables</key><dict>{}</dict>",
            pairs.concat()
        );
        let program = "/opt/homebrew/opt/ollama/bin/ollama";
        self.file(USER, PLIST, &plist(LABEL, &[program, "serve"], &keys), 0o644);
        assert!(self.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
        self.pass(2.0);
    }

    pub(super) fn log(&self) -> String {
        self.read("/Users/lab/Library/Logs/server.log")
    }

    /// Runs `launchctl` as the user to its end.
    pub(super) fn ctl(&mut self, words: &str) -> Output {
        self.call(Caller::user(false), words)
    }

    /// The same as root.
    pub(super) fn root(&mut self, words: &str) -> Output {
        self.call(Caller::user(false).root(), words)
    }

    fn call(&mut self, caller: Caller, words: &str) -> Output {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let running = launchctl::run(&mut self.mac, caller, &words);
        self.finish(running)
    }

    fn finish(&mut self, running: Running) -> Output {
        let mut output = running.output;
        for (after, stage) in running.stages {
            self.mac.advance(after);
            stage(&mut self.mac, &mut output);
        }
        output
    }

    /// Lets seconds pass.
    pub(super) fn pass(&mut self, seconds: f64) {
        self.mac.advance(Duration::from_secs_f64(seconds));
    }

    /// What `launchctl print` shows of the job, read as forgectl reads it.
    pub(super) fn view(&mut self) -> JobView {
        view(&self.ctl(&format!("print {JOB}"))).unwrap()
    }

    pub(super) fn job(&mut self) -> Printed {
        match self.view() {
            JobView::Loaded(printed) => *printed,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn value(&mut self, key: &str) -> Option<String> {
        self.job().get(key).map(str::to_owned)
    }

    pub(super) fn get(&mut self, path: &str) -> (Result<Reply, String>, Duration) {
        ollama::request(&mut self.mac, "GET", &format!("http://127.0.0.1:11434{path}"), b"")
    }

    /// Posts JSON, lets the time of the answer pass, and says its status and body.
    pub(super) fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, body)
    }

    pub(super) fn send(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://127.0.0.1:11434{path}");
        let (reply, took) = ollama::request(&mut self.mac, method, &url, body.to_string().as_bytes());
        self.mac.advance(took);
        let reply = reply.unwrap();
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    /// The list that a path answers.
    pub(super) fn models(&mut self, path: &str) -> Vec<Value> {
        let body = self.get(path).0.unwrap().body;
        let list: Value = serde_json::from_slice(&body).unwrap();
        list["models"].as_array().unwrap().clone()
    }

    /// Puts a model into the user's store.
    pub(super) fn model(&mut self, name: &str, weights: ollama::Weights) {
        let (models, now) = (Utf8PathBuf::from("/Users/lab/.ollama/models"), self.mac.state.now);
        ollama::store_model(self.mac.disk.as_mut(), USER, &models, name, weights, now).unwrap();
    }
}

/// A property list.
pub(super) fn plist(label: &str, arguments: &[&str], keys: &str) -> String {
    let arguments = arguments.join("</string><string>");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
         <key>Label</key><string>{label}</string>\
         <key>ProgramArguments</key><array><string>{arguments}</string></array>{keys}</dict></plist>"
    )
}
