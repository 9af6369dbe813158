use camino::{Utf8Path, Utf8PathBuf};

use super::Disk;

/// Whether the system keeps what launchd started out of `path`, after all links: folders of a user's own documents
/// (docs/mac-facts.md#tcc-folders). What is not there yet lies where the folder above it does.
pub(super) fn keeps_out(disk: &dyn Disk, path: &Utf8Path) -> bool {
    let real = path.ancestors().find_map(|above| {
        let missing = path.strip_prefix(above).ok()?;
        Some(disk.resolve(above)?.join(missing))
    });
    is_guarded(&real.unwrap_or_else(|| Utf8PathBuf::from(path)))
}

fn is_guarded(path: &Utf8Path) -> bool {
    let mut parts = path.as_str().split('/').skip(1);
    parts.next() == Some("Users")
        && parts.next().is_some_and(|user| user != "Shared")
        && matches!(
            (parts.next(), parts.next()),
            (Some("Documents" | "Desktop" | "Downloads"), _) | (Some("Library"), Some("Mobile Documents"))
        )
}

#[cfg(test)]
mod tests {
    use super::keeps_out;
    use crate::sim::{USER, testing::mac};

    #[test]
    fn a_link_hides_no_folder() {
        let mut mac = mac();
        let now = mac.state.now;
        for (link, target) in [("/Users/lab/a", "Documents"), ("/Users/lab/b", "Library")] {
            mac.disk.link(USER, link.into(), target.into(), now).unwrap();
        }
        for path in
            ["/Users/lab/Desktop", "/Users/lab/a", "/Users/lab/a/new/file", "/Users/lab/b/Mobile Documents/x"]
        {
            assert!(keeps_out(mac.disk.as_ref(), path.into()), "{path}");
        }
        for path in
            ["/Users/lab/b/Logs", "/Users/lab/.ollama/Documents", "/Users/Shared/Documents", "/tmp/Documents"]
        {
            assert!(!keeps_out(mac.disk.as_ref(), path.into()), "{path}");
        }
    }
}
