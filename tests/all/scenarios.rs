//! The Macs and manifests on which every promise is shown.
#![expect(clippy::disallowed_methods, reason = "the manifests are read as files")]

use std::{fs, path::Path, time::Duration};

use forgectl::{
    manifest::Stack,
    sim::{
        Caller, Content, Difference, Mac, Session, Spec, SudoMode, USER, differences,
        tool::{
            launchctl,
            launchd::with_brew_ollama,
            ollama::{Weights, store_model},
        },
    },
};

use crate::support::{SPINE, app, copy, engine_runs, own_spec, spine, spine_with, stack};

/// One manifest, and the Mac that it is applied to.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) stack: Stack,
    mac: Box<Mac>,
}

impl Scenario {
    fn new(name: &str, stack: Stack, change: impl FnOnce(&mut Spec)) -> Self {
        let mut spec = own_spec(&stack);
        change(&mut spec);
        Self { name: name.to_owned(), stack, mac: Box::new(Mac::new(&spec, 0)) }
    }

    fn with(mut self, tamper: impl FnOnce(&mut Mac)) -> Self {
        tamper(&mut self.mac);
        self
    }

    /// Its Mac before anything was applied.
    pub(crate) fn fresh(&self) -> Mac {
        copy(&self.mac)
    }

    /// Fails unless two Macs are the same.
    #[track_caller]
    pub(crate) fn same(&self, what: &str, left: &Mac, right: &Mac) {
        let mut found = differences(left, right, false);
        found.retain(tells);
        assert!(found.is_empty(), "{}, {what}:\n{found:#?}", self.name);
    }
}

/// Whether a difference tells two Macs apart: what another's server wrote into a log of its own while it ran is its own affair, and the
/// spans that Langfuse is proved with stay in its stores, another one each time.
pub(crate) fn tells(found: &Difference) -> bool {
    let store = ["clickhouse-data at", "minio-data at"].iter().any(|store| found.what.contains(store));
    let labels = |side: &str| side.split(", holds ").next().map(str::to_owned);
    let spans = store && labels(&found.left) == labels(&found.right);
    found.what != "/opt/homebrew/var/log/ollama.log: content" && !spans
}

/// Every manifest in `stacks/` on its own node, and the spine on Macs of other kinds.
pub(crate) fn all() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let manifest = |path: &Path| stack(&fs::read_to_string(path).unwrap());
    let mut all: Vec<Scenario> =
        files.iter().map(|path| Scenario::new(&path.display().to_string(), manifest(path), |_| {})).collect();
    let boot = || spine_with("start: login", "start: boot");
    all.push(Scenario::new("Colima in a machine of its own", colima(), |_| {}));
    all.extend(vec![
        Scenario::new("start: boot over SSH, sudo asks", boot(), |spec| {
            spec.session = Session::Ssh;
            spec.sudo = SudoMode::Asks;
        }),
        Scenario::new("a laptop", spine(), |spec| spec.chip = "M5".into()),
        Scenario::new("a home folder with a space and an umlaut", spine(), |spec| {
            spec.user = "Zoë Lab".into();
        }),
        Scenario::new("macOS 26", spine(), |spec| spec.macos = "26.1".into()),
        Scenario::new("Homebrew runs Ollama", spine(), |_| {}).with(|mac| {
            with_brew_ollama(mac, "homebrew.mxcl.ollama").unwrap();
            mac.advance(Duration::from_secs(30));
        }),
        Scenario::new("a toolbox where Homebrew has an older Ollama", newer_ollama(), |spec| {
            spec.ollama = true;
        })
        .with(|mac| drop(mac.state.brew.offers.insert("ollama".into(), "0.40.1".into()))),
        Scenario::new("a store with a model, and what a pull left", models(), |_| {}).with(in_use),
        Scenario::new("a leftover override", spine(), |_| {}).with(|mac| {
            let words = ["disable", "gui/501/dev.forge.ollama"].map(str::to_owned);
            assert!(launchctl::run(mac, Caller::user(true), &words).output.ok());
        }),
    ]);
    all.push(Scenario::new("containers on an engine that runs", app("running"), |_| {}).with(engine_runs));
    all.push(Scenario::new("containers in a machine of Colima's", app("colima"), |_| {}));
    all
}

/// The spine with two models, of which one can be done without.
fn models() -> Stack {
    stack(&format!(
        "{SPINE}models: [{{ollama: \"gemma3:1b\"}}, {{ollama: \"gemma4:e2b\", optional: true}}]\n"
    ))
}

/// Somebody has used Ollama here: its key, a model of their own, and a part of another.
fn in_use(mac: &mut Mac) {
    let (home, now) = (mac.home().join(".ollama"), mac.state.now);
    let weights = Weights { bytes: 5_000_000, train_context: 2048, num_ctx: None };
    store_model(mac.disk.as_mut(), USER, &home.join("models"), "own:1", weights, now).unwrap();
    for name in ["id_ed25519", "id_ed25519.pub", "models/blobs/sha256-ab-partial"] {
        let content = Content::Bytes(b"theirs".into());
        mac.disk.write(USER, &home.join(name), content, 0o600, now).unwrap();
    }
}

/// An engine and nothing on it.
fn colima() -> Stack {
    stack("forge: 1\nstack: engine\nnode: {memory: 16GB}\ncontainers: {engine: colima, disk: 40GB}\n")
}

/// The toolbox with a version of Ollama that has to be upgraded to.
fn newer_ollama() -> Stack {
    let text = include_str!("../../stacks/toolbox.yaml");
    assert!(text.contains(">=0.30"));
    stack(&text.replace(">=0.30", ">=0.40"))
}
