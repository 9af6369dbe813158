//! Pulling models for real: by HTTP from what stands for a registry on this machine, byte by byte, with the files and the habits
//! of the real server (docs/mac-facts.md#ollama-pull and the sections after it).

mod blob;
mod registry;
mod told;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::watch, task::spawn_local, time::sleep};

use self::{blob::Blob, registry::Registry};
use super::kept::{self, Opened};
use crate::{
    machine::local::Files,
    sim::{
        Mac, Program,
        tool::ollama::{
            HttpRequest,
            pull::{Order, Parts, Store, progress, status},
        },
    },
};

pub(super) use told::{Body, Said, either, lines};

/// How often it is said how far a blob is.
const TICK: Duration = Duration::from_millis(60);

/// What a server that is a real process pulls.
pub(super) struct Pulling {
    folder: Utf8PathBuf,
    pid: u32,
    /// By digest: two pulls of the same blob share one download.
    downloads: RefCell<BTreeMap<String, Rc<watch::Sender<Come>>>>,
}

/// How much of a blob has come.
#[derive(Clone, Debug, Default)]
struct Come {
    completed: u64,
    total: u64,
    /// How it ended, once it has.
    end: Option<Result<(), String>>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Layer,
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    digest: String,
}

impl Pulling {
    pub(super) fn new(folder: &Utf8Path, pid: u32) -> Self {
        Self { folder: folder.to_owned(), pid, downloads: RefCell::default() }
    }

    /// What a request to pull asks for, or why it is refused; `None` for any other request.
    pub(super) fn order(
        &self,
        request: &HttpRequest<'_>,
    ) -> Result<Option<Result<Order, crate::machine::Reply>>> {
        if !request.path.starts_with("/api/pull") {
            return Ok(None);
        }
        let opened = Opened::open(&self.folder)?;
        let order = match opened.mac.state.processes.get(&self.pid).map(|process| &process.program) {
            Some(Program::Ollama(server)) => server.pull_order(request),
            _ => None,
        };
        opened.close()?;
        Ok(order)
    }

    /// Pulls a model; `say` hears the lines. Whoever drops this ends it. Answers with the status of an answer that is told as a
    /// whole.
    pub(super) async fn pull(self: Rc<Self>, order: Order, say: Said) -> u16 {
        match self.try_pull(&order, &say).await {
            Ok(()) => 200,
            Err(why) => {
                say.line(json!({ "error": why }).to_string());
                500
            }
        }
    }

    async fn try_pull(self: &Rc<Self>, order: &Order, say: &Said) -> Result<(), String> {
        say.line(status("pulling manifest"));
        let (hosts, former) =
            self.with(|mac, store| (mac.state.internet.hosts.clone(), store.former(mac, &order.name)))?;
        let registry = Rc::new(Registry::new(hosts, order)?);
        let failed = |why| format!("pull model manifest: {why}");
        let bytes = registry.manifest().await.map_err(failed)?;
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        let mut parts = Parts { old: vec![], new: vec![], former };
        for Layer { digest } in manifest.layers.into_iter().chain([manifest.config]) {
            let there = if parts.new.contains(&digest) { None } else { self.there(&digest)? };
            if let Some(size) = there {
                say.line(progress(&digest, size, size));
                parts.old.push(digest);
            } else {
                self.download(&registry, &digest, say).await?;
                parts.new.push(digest);
            }
        }
        say.line(status("verifying sha256 digest"));
        self.with(|mac, store| store.finish(mac, &order.name, &bytes, &parts, &mut |line| say.line(line)))?
    }

    /// The size of a blob that is there.
    fn there(&self, digest: &str) -> Result<Option<u64>, String> {
        let path = self.with(|mac, store| store.place(mac, digest))??;
        let stat = self.files()?.stat(&path).map_err(|error| error.to_string())?;
        Ok(stat.map(|stat| stat.size))
    }

    /// Waits for a blob, with all others who do.
    async fn download(
        self: &Rc<Self>,
        registry: &Rc<Registry>,
        digest: &str,
        say: &Said,
    ) -> Result<(), String> {
        let known = self.downloads.borrow().get(digest).cloned();
        let mut come = match known {
            Some(shared) => shared.subscribe(),
            None => self.begin(registry, digest)?,
        };
        loop {
            let ended = async { come.wait_for(|come| come.end.is_some()).await.map(|come| come.end.clone()) };
            match either(ended, sleep(TICK)).await {
                Some(Ok(Some(end))) => return end,
                Some(_) => return Err("context canceled".to_owned()),
                None => {
                    let Come { completed, total, .. } = come.borrow().clone();
                    if total > 0 {
                        say.line(progress(digest, total, completed));
                    }
                }
            }
        }
    }

    /// Begins a download, which ends when nobody waits for it any more.
    fn begin(
        self: &Rc<Self>,
        registry: &Rc<Registry>,
        digest: &str,
    ) -> Result<watch::Receiver<Come>, String> {
        let (path, uid) = self.with(|_, store| (store.blob(digest), store.uid))?;
        let mut blob = Blob::new(self.files()?.by(uid), registry.clone(), digest, path);
        let (sender, receiver) = watch::channel(Come::default());
        let sender = Rc::new(sender);
        self.downloads.borrow_mut().insert(digest.to_owned(), sender.clone());
        let (this, digest) = (self.clone(), digest.to_owned());
        spawn_local(async move {
            let end = either(blob.fetch(&sender), sender.closed()).await;
            if end.is_none() {
                blob.note_all();
            }
            this.downloads.borrow_mut().remove(&digest);
            sender.send_modify(|come| come.end = end);
        });
        Ok(receiver)
    }

    fn files(&self) -> Result<Files, String> {
        Ok(kept::find(&self.folder).map_err(|error| error.to_string())?.files())
    }

    /// Works with the Mac and the server's store.
    fn with<R>(&self, act: impl FnOnce(&mut Mac, &Store) -> R) -> Result<R, String> {
        let work = || {
            let mut opened = Opened::open(&self.folder)?;
            let server = opened.mac.state.processes.get(&self.pid).map(|process| &process.program);
            let Some(Program::Ollama(server)) = server else {
                anyhow::bail!("no longer a process of this Mac")
            };
            let store = Store::of(server);
            let found = act(&mut opened.mac, &store);
            opened.close()?;
            Ok(found)
        };
        work().map_err(|error| error.to_string())
    }
}
