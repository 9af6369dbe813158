use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::Site;
use crate::machine::Looking;

/// Folders of the home folder that macOS guards: a program without somebody at the screen is kept out of them
/// (docs/mac-facts.md#tcc-folders).
const GUARDED: [&str; 4] = ["Documents", "Desktop", "Downloads", "Library/Mobile Documents"];

/// What to name instead.
pub(super) const HINT: &str = "name a folder outside Documents, Desktop, Downloads and iCloud Drive";

/// A guarded folder that a path leads into.
pub(super) struct Guarded {
    /// Which, below the home folder.
    pub(super) folder: &'static str,
    /// Where the path really leads.
    pub(super) real: Utf8PathBuf,
}

/// The guarded folder that `path` leads into, wherever a link hides it.
pub(super) fn folder(site: &Site, path: &Utf8Path) -> Result<Option<Guarded>> {
    let home = &site.identity.home;
    let real_home = site.look.resolve(home)?.unwrap_or_else(|| home.clone());
    let mut real = None;
    for above in path.ancestors() {
        real = site.look.resolve(above)?.zip(path.strip_prefix(above).ok());
        if real.is_some() {
            break;
        }
    }
    let real = real.map_or_else(|| path.to_owned(), |(above, missing)| above.join(missing));
    let folder = GUARDED.into_iter().find(|folder| real.starts_with(real_home.join(folder)));
    Ok(folder.map(|folder| Guarded { folder, real }))
}

/// Why `path` will not do for what a person's programs use.
pub(super) fn why(guarded: &Guarded, path: &Utf8Path) -> String {
    let leads = if guarded.real == path { String::new() } else { format!(" (it leads to {})", guarded.real) };
    format!("macOS keeps programs out of ~/{} that nobody has let in by hand{leads}", guarded.folder)
}
