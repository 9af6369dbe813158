use std::{collections::BTreeMap, io};

use camino::Utf8Path;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Launch, Loaded, Settings, fit::Memory, loaded::gibibytes, prune, pull::Pulls, said, store};
use crate::sim::{Content, Disk, clock::after, guarded::keeps_out};

/// A running Ollama server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// As `/api/version` says.
    pub version: String,
    /// Its user.
    pub uid: u32,
    /// What it took from its environment.
    pub settings: Settings,
    /// Bytes of the Mac's memory.
    pub memory: u64,
    /// From when on it answers; before that a request waits (docs/mac-facts.md#ollama-start-time).
    pub ready: Timestamp,
    /// Models in memory.
    pub loaded: Vec<Loaded>,
    /// Pulls that somebody waits for.
    #[serde(skip)]
    pub(super) pulls: Pulls,
    /// Where it listens, `*` for all interfaces.
    pub(super) address: String,
}

/// An exit code, and what was said on standard error.
type Failure = (i32, String);

impl Server {
    /// Starts one: makes its key, listens unless `busy` says that somebody else does, then makes its store. Answers with
    /// the lines of its log, or with its exit code and last words.
    pub fn start(
        disk: &mut dyn Disk,
        launch: &Launch<'_>,
        busy: &dyn Fn(&str, u16) -> bool,
        now: Timestamp,
    ) -> Result<(Self, Vec<String>), Failure> {
        let Some((settings, warnings)) = Settings::read(launch.environment) else {
            return Err((2, "panic: $HOME is not defined\n\ngoroutine 1 [running]:".to_owned()));
        };
        let log = |level: &str, rest: String| {
            format!("time={} level={level} source=routes.go {rest}", now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
        };
        let mut lines = key(disk, launch.uid, &settings.home, now)
            .map_err(|error| (1, format!("Error: could not create its key: {error}")))?;
        let failed = |said: String| (1, format!("Error: {said}"));
        let address = settings.bind.address(launch.uid, launch.addresses).map_err(failed)?;
        if busy(&address, settings.bind.port) {
            let written = settings.bind.written();
            return Err(failed(format!("listen tcp {written}: bind: address already in use")));
        }
        lines.extend(warnings.into_iter().map(|warning| log("WARN", warning)));
        lines.push(log(
            "INFO",
            format!("msg=\"server config\" env=\"{}\"", settings.shown(launch.environment)),
        ));
        for folder in ["blobs", "manifests"] {
            let folder = settings.models.join(folder);
            if launch.by_launchd && keeps_out(disk, &folder) {
                return Err(failed(format!("mkdir {folder}: operation not permitted")));
            }
            disk.make_dirs(launch.uid, &folder, 0o755, now)
                .map_err(|error| failed(format!("mkdir {folder}: {}", said(&error))))?;
        }
        if !settings.no_prune {
            lines.extend(
                prune::prune(disk, launch.uid, &settings.models, now).map(|warning| log("WARN", warning)),
            );
        }
        let memory = Memory::of(launch.memory, &settings);
        let heard =
            if address == "*" { format!("[::]:{}", settings.bind.port) } else { settings.bind.written() };
        lines.push(log("INFO", format!("msg=\"Listening on {heard} (version {})\"", launch.version)));
        lines.push(log(
            "INFO",
            format!(
                "msg=\"vram-based default context\" total_vram=\"{}\" default_num_ctx={}",
                gibibytes(memory.gpu),
                memory.tier()
            ),
        ));
        let server = Self {
            version: launch.version.to_owned(),
            uid: launch.uid,
            memory: launch.memory,
            ready: after(now, std::time::Duration::from_millis(150)),
            loaded: vec![],
            pulls: Pulls::default(),
            address,
            settings,
        };
        Ok((server, lines))
    }

    /// Where it listens: an address, `*` for all interfaces, and a port.
    pub fn listens(&self) -> (String, u16) {
        (self.address.clone(), self.settings.bind.port)
    }

    /// Whether only this Mac reaches it.
    pub(super) fn on_loopback(&self) -> bool {
        self.address.starts_with("127.") || self.address == "[::1]"
    }
}

/// The server's identity, made once (docs/mac-facts.md#ollama-files); says what it prints about it.
fn key(disk: &mut dyn Disk, uid: u32, home: &Utf8Path, now: Timestamp) -> io::Result<Vec<String>> {
    let folder = home.join(".ollama");
    let private = folder.join("id_ed25519");
    if disk.resolve(&private).is_some() {
        return Ok(vec![]);
    }
    disk.make_dirs(uid, &folder, 0o755, now)?;
    let letters = store::sha256(format!("identity of {uid}").as_bytes());
    let public = format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}", letters.get(..43).unwrap_or_default());
    let secret =
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}\n-----END OPENSSH PRIVATE KEY-----\n");
    disk.write(uid, &private, Content::Bytes(secret.into_bytes()), 0o600, now)?;
    let content = Content::Bytes(format!("{public}\n").into_bytes());
    disk.write(uid, &folder.join("id_ed25519.pub"), content, 0o644, now)?;
    Ok(vec![
        format!("Couldn't find '{private}'. Generating new private key."),
        "Your new public key is: ".to_owned(),
        String::new(),
        public,
        String::new(),
    ])
}

/// An environment as a server's caller holds it.
pub(super) type Environment = BTreeMap<String, String>;
