use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Store,
    download::Download,
    in_time,
    trouble::{self, Blow},
};
use crate::sim::{
    Content, Fault, Mac, internet,
    tool::ollama::{library::Library, name::ModelName, said},
};

/// What a registry takes to answer.
const FAR: Duration = Duration::from_millis(150);

/// Bytes that are hashed in a microsecond.
const HASHED: u64 = 2000;

/// A pull, by what comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pull {
    name: ModelName,
    stage: Stage,
    /// The manifest that is pulled, and its parts by digest, in the order in which they are fetched.
    manifest: Vec<u8>,
    parts: Vec<(String, Content)>,
    /// What was there already, and is not verified again.
    there: BTreeSet<String>,
    /// Parts of the model that had this name before.
    former: Vec<Utf8PathBuf>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Stage {
    Begin(Timestamp),
    Manifest(Timestamp),
    Part(usize),
    Download(usize),
    Verify(Timestamp),
}

/// What a pull waits for.
pub(super) enum Waits {
    Until(Timestamp),
    /// Of the blob with this digest; whether it has only begun to.
    ForDownload {
        digest: String,
        begins: bool,
    },
    /// Nothing; the status of an answer that is told as a whole.
    Ended(u16),
}

/// Why a pull fails.
struct Failed(String);

impl Pull {
    pub(super) fn new(name: ModelName, ready: Timestamp) -> Self {
        Self {
            name,
            stage: Stage::Begin(ready),
            manifest: vec![],
            parts: vec![],
            there: BTreeSet::new(),
            former: vec![],
        }
    }

    /// What happens to forgectl now that its download is where it is.
    pub(super) fn blow(&self, downloads: &mut BTreeMap<String, Download>) -> Option<Blow> {
        downloads.get_mut(self.waiting_for()?)?.blow.take()
    }

    /// The digest of the blob that it waits for.
    fn waiting_for(&self) -> Option<&str> {
        match self.stage {
            Stage::Download(nth) => self.parts.get(nth).map(|(digest, _)| digest.as_str()),
            _ => None,
        }
    }

    /// Goes on as far as it can without time passing.
    pub(super) fn go_on(
        &mut self,
        mac: &mut Mac,
        downloads: &mut BTreeMap<String, Download>,
        store: &Store,
        lines: &mut Vec<String>,
    ) -> Waits {
        loop {
            match self.advance(mac, downloads, store, lines) {
                Ok(Some(waits)) => return waits,
                Ok(None) => {}
                Err(Failed(why)) => {
                    lines.push(json!({ "error": why }).to_string());
                    return Waits::Ended(500);
                }
            }
        }
    }

    /// One stage; `None` when the next begins at once.
    fn advance(
        &mut self,
        mac: &mut Mac,
        downloads: &mut BTreeMap<String, Download>,
        store: &Store,
        lines: &mut Vec<String>,
    ) -> Result<Option<Waits>, Failed> {
        let now = mac.state.now;
        match self.stage {
            Stage::Begin(at) | Stage::Manifest(at) | Stage::Verify(at) if at > now => {
                return Ok(Some(Waits::Until(at)));
            }
            Stage::Begin(_) => {
                lines.push(status("pulling manifest"));
                self.stage = Stage::Manifest(in_time(mac, FAR));
            }
            Stage::Manifest(_) => {
                self.fetch_manifest(mac, store)?;
                self.stage = Stage::Part(0);
            }
            Stage::Part(nth) => {
                let Some((digest, content)) = self.parts.get(nth).cloned() else {
                    lines.push(status("verifying sha256 digest"));
                    let new = self.parts.iter().filter(|(digest, _)| !self.there.contains(digest));
                    let bytes: u64 = new.map(|(_, content)| content.size()).sum();
                    self.stage = Stage::Verify(in_time(mac, Duration::from_micros(bytes / HASHED + 1)));
                    return Ok(None);
                };
                let blob = store.blob(&digest);
                if let Some(node) = mac.disk.node(&blob) {
                    let size = node.content.map_or(0, |content| content.size());
                    lines.push(progress(&digest, size, size));
                    self.there.insert(digest);
                    self.stage = Stage::Part(nth + 1);
                    return Ok(None);
                }
                if !downloads.contains_key(&digest) {
                    let host = self.name.host();
                    let mut begun = Download::begin(mac.disk.as_mut(), store.uid, host, (blob, content), now)
                        .map_err(|error| Failed(format!("open {}: {}", store.blob(&digest), said(&error))))?;
                    trouble::arm(mac, &mut begun);
                    downloads.insert(digest.clone(), begun);
                }
                if let Some(download) = downloads.get_mut(&digest) {
                    download.users += 1;
                }
                self.stage = Stage::Download(nth);
                return Ok(Some(Waits::ForDownload { digest, begins: true }));
            }
            Stage::Download(nth) => {
                let Some((digest, _)) = self.parts.get(nth).cloned() else { return Ok(None) };
                let Some(download) = downloads.get_mut(&digest) else {
                    return Err(Failed("context canceled".to_owned()));
                };
                let Some(end) = download.end.clone() else {
                    lines.push(progress(&digest, download.total(), download.completed()));
                    return Ok(Some(Waits::ForDownload { digest, begins: false }));
                };
                download.users -= 1;
                if download.users == 0 {
                    downloads.remove(&digest);
                }
                self.stage = Stage::Part(nth + 1);
                end.map_err(Failed)?;
            }
            Stage::Verify(_) => {
                self.verify(mac, store)?;
                lines.push(status("writing manifest"));
                self.write(mac, store, lines)?;
                lines.push(status("success"));
                return Ok(Some(Waits::Ended(200)));
            }
        }
        Ok(None)
    }

    fn fetch_manifest(&mut self, mac: &mut Mac, store: &Store) -> Result<(), Failed> {
        let host = self.name.host().to_owned();
        let failed = |why: String| Failed(format!("pull model manifest: {why}"));
        let nobody = format!("Get \"{}\": dial tcp: lookup {host}: no such host", self.name.url());
        let unknown = !internet::knows_host(mac, &self.name.url());
        if mac.state.faults.take(Fault::NetworkGone) || unknown {
            return Err(failed(nobody));
        }
        if let Some(refused) = internet::refusal(mac) {
            let body = String::from_utf8_lossy(&refused.body).into_owned();
            return Err(failed(format!("{}: {body}", refused.status)));
        }
        let image = mac.state.internet.registry.find(&self.name);
        let image = image.ok_or_else(|| failed("file does not exist".to_owned()))?;
        self.manifest = image.manifest();
        self.parts = image.blobs().map(|blob| (blob.digest.clone(), blob.content.clone())).collect();
        self.former = library(mac, store).blobs_of(&self.name);
        Ok(())
    }

    /// Removes a blob that is not what its name says (docs/mac-facts.md#ollama-pull).
    fn verify(&self, mac: &mut Mac, store: &Store) -> Result<(), Failed> {
        let now = mac.state.now;
        for (digest, _) in self.parts.iter().filter(|(digest, _)| !self.there.contains(digest)) {
            let blob = store.blob(digest);
            let found = mac.disk.digest(store.uid, &blob);
            let found = found.map_err(|error| Failed(format!("open {blob}: {}", said(&error))))?;
            if *digest != format!("sha256:{found}") {
                let _stays = mac.disk.remove(store.uid, &blob, now);
                let why = "digest mismatch, file must be downloaded again";
                return Err(Failed(format!("{why}: want {digest}, got sha256:{found}")));
            }
        }
        Ok(())
    }

    fn write(&self, mac: &mut Mac, store: &Store, lines: &mut Vec<String>) -> Result<(), Failed> {
        let now = mac.state.now;
        let path = store.models.join(self.name.manifest());
        let folder = path.parent().unwrap_or(&store.models);
        let content = Content::Bytes(self.manifest.clone());
        mac.disk
            .make_dirs(store.uid, folder, 0o755, now)
            .and_then(|()| mac.disk.write(store.uid, &path, content, 0o644, now))
            .map_err(|error| Failed(format!("open {path}: {}", said(&error))))?;
        let new: Vec<Utf8PathBuf> = self.parts.iter().map(|(digest, _)| store.blob(digest)).collect();
        let unused: Vec<Utf8PathBuf> =
            self.former.iter().filter(|blob| !new.contains(blob)).cloned().collect();
        if !store.no_prune && !unused.is_empty() {
            lines.push(status("removing unused layers"));
            if let Err(error) = library(mac, store).remove_unused(unused, now) {
                lines.push(status(&format!("couldn't remove unused layers: {}", said(&error))));
            }
        }
        Ok(())
    }

    /// Ends it because nobody waits for it any more.
    pub(super) fn leave(self, mac: &mut Mac, downloads: &mut BTreeMap<String, Download>, now: Timestamp) {
        let Some(digest) = self.waiting_for() else { return };
        let Some(download) = downloads.get_mut(digest) else { return };
        download.users -= 1;
        if download.users == 0 {
            // Where that cannot be written, the next one begins with what is noted.
            let _noted = download.note_all(mac.disk.as_mut(), now);
            downloads.remove(digest);
        }
    }
}

impl Store {
    fn blob(&self, digest: &str) -> Utf8PathBuf {
        self.models.join("blobs").join(digest.replace(':', "-"))
    }
}

fn library<'m>(mac: &'m mut Mac, store: &'m Store) -> Library<'m> {
    Library { disk: mac.disk.as_mut(), uid: store.uid, models: &store.models }
}

fn status(text: &str) -> String {
    json!({ "status": text }).to_string()
}

/// How far a blob is; a count of zero is left out.
fn progress(digest: &str, total: u64, completed: u64) -> String {
    let short = digest.strip_prefix("sha256:").and_then(|hex| hex.get(..12)).unwrap_or(digest);
    let mut line = json!({ "status": format!("pulling {short}"), "digest": digest, "total": total });
    if completed > 0 {
        line["completed"] = Value::from(completed);
    }
    line.to_string()
}
