use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Parts, Store,
    download::Download,
    in_time, progress, status,
    trouble::{self, Blow},
};
use crate::sim::{
    Content, Fault, Mac, internet,
    tool::ollama::{name::ModelName, said},
};

/// What a registry takes to answer.
const FAR: Duration = Duration::from_millis(150);

/// How long a server tries to reach a machine that does not answer.
const DIAL: Duration = Duration::from_secs(30);

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
                let patience = if store.is_cut_off(mac) { DIAL } else { FAR };
                self.stage = Stage::Manifest(in_time(mac, patience));
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
                let blob = store.place(mac, &digest).map_err(Failed)?;
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
                let digests = self.parts.iter().map(|(digest, _)| digest.clone());
                let (old, new) = digests.partition(|digest| self.there.contains(digest));
                let parts = Parts { old, new, former: std::mem::take(&mut self.former) };
                store
                    .finish(mac, &self.name, &self.manifest, &parts, &mut |line| lines.push(line))
                    .map_err(Failed)?;
                return Ok(Some(Waits::Ended(200)));
            }
        }
        Ok(None)
    }

    fn fetch_manifest(&mut self, mac: &mut Mac, store: &Store) -> Result<(), Failed> {
        let host = self.name.host().to_owned();
        let failed = |why: String| Failed(format!("pull model manifest: {why}"));
        if store.is_cut_off(mac) {
            let why = format!("Get \"{}\": dial tcp 192.0.2.7:443: i/o timeout", self.name.url());
            return Err(failed(why));
        }
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
        self.former = store.former(mac, &self.name);
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
