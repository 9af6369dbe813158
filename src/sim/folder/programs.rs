use camino::{Utf8Path, Utf8PathBuf};

use crate::sim::tool::{self, ollama};

/// The programs of a Mac in a folder: scripts that hand over to this forgectl.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    /// forgectl itself.
    pub(super) forgectl: Utf8PathBuf,
    /// The folder of the Mac.
    pub(super) folder: Utf8PathBuf,
}

impl Programs {
    /// The script at a path without links, when a program that is imitated belongs there.
    pub(super) fn script(&self, path: &Utf8Path) -> Option<String> {
        let imitated = tool::programs().any(|program| path == program)
            || path == tool::brew::PROGRAM
            || tool::uv::is_at(path)
            || tool::uv::python::is_at(path)
            || tool::colima::is_at(path)
            || path == tool::apps::INSTALLER
            || ollama::Binary::at(path).is_some();
        imitated.then(|| {
            let [forgectl, folder, path] = [&self.forgectl, &self.folder, path].map(quoted);
            format!("#!/bin/sh\nexec {forgectl} sim exec dir:{folder} -- {path} \"$@\"\n")
        })
    }
}

/// As one word for a shell.
fn quoted(word: impl AsRef<Utf8Path>) -> String {
    format!("'{}'", word.as_ref().as_str().replace('\'', r"'\''"))
}
