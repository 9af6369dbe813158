use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{
    Content, Fault, Mac, USER, tool,
    tool::ollama::registry::{self, Registry},
};
use crate::machine::Reply;

/// Homebrew's installer as forgectl pins it (docs/mac-facts.md#homebrew-installer). Its size has no meaning but for the time that
/// it takes to fetch.
const INSTALLER: (&str, u64, &str) = (
    "https://raw.githubusercontent.com/Homebrew/install/ca0130bd52235f2fcb2bf23cfdda004bc5d250c1/install.sh",
    34_000,
    "8ff338091a5e10bb5fc040b38316648110f42feff057ecf9feaab51fd0a13ef9",
);

/// What the Internet has for a simulated Mac: no byte of it, but what it is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Internet {
    /// Files by URL.
    pub files: BTreeMap<String, Served>,
    /// What a GET request is answered with, by URL.
    #[serde(default)]
    pub pages: BTreeMap<String, Page>,
    /// Where a Mac in a folder really finds servers: origins such as `https://registry.ollama.ai`, and those of what stands
    /// for them on this machine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, String>,
    /// The real container engine that stands for those of a Mac in a folder, by its socket on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Utf8PathBuf>,
    /// What Ollama's registry has.
    #[serde(default)]
    pub registry: Registry,
    /// What registries of container images have otherwise than usual.
    #[serde(default)]
    pub images: tool::docker::Registries,
}

/// An answer of a server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// What follows.
    pub body: String,
}

/// A file on a server.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// What it does when it is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// Where a Mac in a folder really finds it: a server on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub really_at: Option<String>,
}

/// A script that is imitated, known by its digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Script {
    /// Homebrew's installer.
    HomebrewInstall,
}

impl Default for Internet {
    /// What forgectl itself fetches.
    fn default() -> Self {
        let (url, size, sha256) = INSTALLER;
        let script = Some(Script::HomebrewInstall);
        let file = Served { size, sha256: sha256.to_owned(), script, really_at: None };
        Self {
            files: BTreeMap::from([(url.to_owned(), file)]),
            pages: BTreeMap::new(),
            engine: None,
            hosts: BTreeMap::new(),
            registry: Registry::default(),
            images: tool::docker::Registries::default(),
        }
    }
}

impl Internet {
    /// The script with this digest.
    pub fn script(&self, sha256: &str) -> Option<Script> {
        self.files.values().find(|file| file.sha256 == sha256)?.script
    }

    fn knows_host(&self, url: &str) -> bool {
        let known = self.files.keys().chain(self.pages.keys()).filter_map(|known| host(known));
        known.chain([registry::HOST]).any(|known| host(url) == Some(known))
    }
}

/// Whether there is a server under the host of `url`.
pub(super) fn knows_host(mac: &Mac, url: &str) -> bool {
    mac.state.internet.knows_host(url)
}

fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split('/').next()
}

/// How a download went: bytes that arrived, and what came of it.
pub(super) struct Fetched {
    pub(super) bytes: u64,
    pub(super) total: Option<u64>,
    /// The SHA-256 of the whole; else why there is none.
    pub(super) whole: Result<String, String>,
}

/// Fetches what is at `url`.
pub(super) fn fetch(mac: &mut Mac, url: &str) -> Fetched {
    let nothing = |why: String| Fetched { bytes: 0, total: None, whole: Err(why) };
    if mac.state.faults.take(Fault::NetworkGone) || !mac.state.internet.knows_host(url) {
        return nothing(format!("no such host: {}", host(url).unwrap_or(url)));
    }
    let file = mac.state.internet.files.get(url).cloned();
    let Some(file) = file.filter(|_| !mac.state.faults.take(Fault::FetchNotFound)) else {
        return nothing("the server answered 404".to_owned());
    };
    let total = Some(file.size);
    if mac.state.faults.take(Fault::FetchCut) {
        let bytes = file.size / 3;
        return Fetched {
            bytes,
            total,
            whole: Err(format!("it broke off after {bytes} of {} bytes", file.size)),
        };
    }
    let other = mac.state.faults.take(Fault::FetchOther);
    let sha256 = if other { Content::Bytes(vec![]).digest() } else { file.sha256 };
    Fetched { bytes: file.size, total, whole: Ok(sha256) }
}

/// Answers a GET request to a server far away.
pub(super) fn get(mac: &mut Mac, url: &str) -> Result<Reply, String> {
    let page = mac.state.internet.pages.get(url).cloned().or_else(|| tool::brew_page(mac, url));
    let known = page.is_some() || mac.state.internet.knows_host(url);
    if mac.state.faults.take(Fault::NetworkGone) || !known {
        return Err(format!("no such host: {}", host(url).unwrap_or(url)));
    }
    if let Some(page) = page {
        return Ok(Reply { status: page.status, body: page.body.into_bytes() });
    }
    let path = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(registry::HOST));
    Ok(match path.filter(|path| path.starts_with('/')) {
        Some(path) => refusal(mac).unwrap_or_else(|| mac.state.internet.registry.get(path)),
        None => Reply { status: 404, body: b"not found".to_vec() },
    })
}

/// What Ollama's registry answers while something is wrong with it.
pub(super) fn refusal(mac: &mut Mac) -> Option<Reply> {
    let faults = &mut mac.state.faults;
    if faults.take(Fault::RegistryBusy) {
        return Some(registry::fault(429, "TOOMANYREQUESTS", "too many requests"));
    }
    faults.take(Fault::RegistryDown).then(|| registry::fault(503, "UNAVAILABLE", "service unavailable"))
}

/// Puts what was fetched in place, as a file of forgectl's own.
pub(super) fn store(mac: &mut Mac, path: &Utf8Path, size: u64, sha256: &str) -> std::io::Result<()> {
    let content = Content::Declared { size, sha256: sha256.to_owned() };
    let now = mac.state.now;
    mac.disk.write(USER, path, content, 0o600, now)
}
