//! Paths of the Mac in what an engine is told: it sees the real ones.

use camino::Utf8PathBuf;

use crate::machine::local::Files;

/// How paths of the Mac and real ones belong together.
pub(super) struct Paths(Option<Utf8PathBuf>);

impl Paths {
    /// Those of the Mac of `files`.
    pub(super) fn of(files: &Files) -> Self {
        Self(files.owners().map(|_| files.folder().to_owned()))
    }

    /// Where a path of the Mac really is.
    pub(super) fn real(&self, path: &Utf8PathBuf) -> String {
        match &self.0 {
            Some(root) => format!("{root}{path}"),
            None => path.to_string(),
        }
    }

    /// Which path of the Mac a real one is; one outside stays as it is.
    pub(super) fn on_mac(&self, real: &str) -> Utf8PathBuf {
        let inside = self.0.as_ref().and_then(|root| real.strip_prefix(root.as_str()));
        inside.filter(|path| path.starts_with('/')).unwrap_or(real).into()
    }
}
