use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use crate::sim::{
    Content, Mac,
    tool::ollama::{Server, library::Library, name::ModelName, said},
};

/// The store of a server.
pub(in crate::sim) struct Store {
    /// Its user.
    pub(in crate::sim) uid: u32,
    models: Utf8PathBuf,
    no_prune: bool,
    /// `HTTPS_PROXY`.
    proxy: Option<String>,
}

/// Parts of a model that was pulled.
pub(in crate::sim) struct Parts {
    /// Digests of what was there already, and is not verified again.
    pub(in crate::sim) old: Vec<String>,
    /// Digests of what came.
    pub(in crate::sim) new: Vec<String>,
    /// Where the parts are of the model that had this name before.
    pub(in crate::sim) former: Vec<Utf8PathBuf>,
}

impl Store {
    pub(in crate::sim) fn of(server: &Server) -> Self {
        let settings = &server.settings;
        Self {
            uid: server.uid,
            models: settings.models.clone(),
            no_prune: settings.no_prune,
            proxy: settings.proxy.clone(),
        }
    }

    /// Whether nothing is reached without a proxy, and the server asks none or another.
    pub(in crate::sim) fn is_cut_off(&self, mac: &Mac) -> bool {
        mac.state.proxy.is_some() && self.proxy != mac.state.proxy
    }

    /// Where a blob is.
    pub(in crate::sim) fn blob(&self, digest: &str) -> Utf8PathBuf {
        self.models.join("blobs").join(digest.replace(':', "-"))
    }

    /// Where a blob goes, in a folder that the server makes whenever it looks for one (docs/mac-facts.md#ollama-files).
    pub(in crate::sim) fn place(&self, mac: &mut Mac, digest: &str) -> Result<Utf8PathBuf, String> {
        let (blob, now) = (self.blob(digest), mac.state.now);
        let made = mac.disk.make_dirs(self.uid, blob.parent().unwrap_or(&self.models), 0o755, now);
        made.map_err(|error| {
            format!("mkdir {}: {}: Path elements must be traversable", self.models, said(&error))
        })?;
        Ok(blob)
    }

    /// Where the parts are of the model that has this name now.
    pub(in crate::sim) fn former(&self, mac: &mut Mac, name: &ModelName) -> Vec<Utf8PathBuf> {
        self.library(mac).blobs_of(name)
    }

    /// Verifies what came, writes the manifest and removes what only the former model needed; `say` hears the lines. Fails
    /// with the words of the server.
    pub(in crate::sim) fn finish(
        &self,
        mac: &mut Mac,
        name: &ModelName,
        manifest: &[u8],
        parts: &Parts,
        say: &mut dyn FnMut(String),
    ) -> Result<(), String> {
        parts.new.iter().try_for_each(|digest| self.verify(mac, digest))?;
        say(status("writing manifest"));
        self.write(mac, name, manifest)?;
        let kept: Vec<Utf8PathBuf> =
            parts.old.iter().chain(&parts.new).map(|digest| self.blob(digest)).collect();
        let unused: Vec<Utf8PathBuf> =
            parts.former.iter().filter(|blob| !kept.contains(blob)).cloned().collect();
        if !self.no_prune && !unused.is_empty() {
            say(status("removing unused layers"));
            let now = mac.state.now;
            if let Err(error) = self.library(mac).remove_unused(unused, now) {
                say(status(&format!("couldn't remove unused layers: {}", said(&error))));
            }
        }
        say(status("success"));
        Ok(())
    }

    /// Removes a blob that is not what its name says (docs/mac-facts.md#ollama-pull).
    fn verify(&self, mac: &mut Mac, digest: &str) -> Result<(), String> {
        let (blob, now) = (self.blob(digest), mac.state.now);
        let found = mac.disk.digest(self.uid, &blob);
        let found = found.map_err(|error| format!("open {blob}: {}", said(&error)))?;
        if *digest == format!("sha256:{found}") {
            return Ok(());
        }
        let _stays = mac.disk.remove(self.uid, &blob, now);
        let why = "digest mismatch, file must be downloaded again";
        Err(format!("{why}: want {digest}, got sha256:{found}"))
    }

    fn write(&self, mac: &mut Mac, name: &ModelName, manifest: &[u8]) -> Result<(), String> {
        let (path, now) = (self.models.join(name.manifest()), mac.state.now);
        let folder: &Utf8Path = path.parent().unwrap_or(&self.models);
        mac.disk
            .make_dirs(self.uid, folder, 0o755, now)
            .and_then(|()| mac.disk.write(self.uid, &path, Content::Bytes(manifest.to_owned()), 0o644, now))
            .map_err(|error| format!("open {path}: {}", said(&error)))
    }

    fn library<'m>(&'m self, mac: &'m mut Mac) -> Library<'m> {
        Library { disk: mac.disk.as_mut(), uid: self.uid, models: &self.models }
    }
}

/// What is going on.
pub(in crate::sim) fn status(text: &str) -> String {
    json!({ "status": text }).to_string()
}

/// How far a blob is; a count of zero is left out.
pub(in crate::sim) fn progress(digest: &str, total: u64, completed: u64) -> String {
    let short = digest.strip_prefix("sha256:").and_then(|hex| hex.get(..12)).unwrap_or(digest);
    let mut line = json!({ "status": format!("pulling {short}"), "digest": digest, "total": total });
    if completed > 0 {
        line["completed"] = Value::from(completed);
    }
    line.to_string()
}
