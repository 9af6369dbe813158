use std::{collections::BTreeMap, ffi::OsStr};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::value::Problem;

/// Whether this program runs on macOS, and so can have this Mac as its target.
pub fn is_mac() -> bool {
    cfg!(target_os = "macos")
}

/// The file that this program was started from, absolute.
pub fn own_executable() -> Result<Utf8PathBuf> {
    let path = std::env::current_exe()
        .map_err(|error| Problem::mac("forgectl cannot find its own file").why(error.to_string()))?;
    Ok(Utf8PathBuf::from_path_buf(path).map_err(|path| {
        Problem::mac(format!("the path of forgectl is not UTF-8: `{}`", path.display()))
            .hint("move the program to a folder with a plain name")
    })?)
}

/// Whether a folder is at `path`.
pub fn is_folder(path: &Utf8Path) -> bool {
    path.is_dir()
}

/// Whether anything is at `path`.
pub fn is_there(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// All variables whose names and values are UTF-8.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Whether the variable `name` is set to nothing.
pub fn is_empty(name: &OsStr) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

/// A variable that is set, not empty, and UTF-8.
pub(super) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
