use camino::Utf8Path;
use jiff::{SignedDuration, Timestamp};

use super::library::Library;
use crate::sim::Disk;

/// What is younger is left: another server may be about to need it.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// What a server does at its start: blobs that no model names go, and what is left of pulls, once they are an hour old. A
/// manifest that cannot be read stops that; the warning says so (docs/mac-facts.md#ollama-prune).
pub(super) fn prune(disk: &mut dyn Disk, uid: u32, models: &Utf8Path, now: Timestamp) -> Option<String> {
    let mut library = Library { disk, uid, models };
    if !library.is_whole() {
        return Some(
            "msg=\"corrupt manifests detected, skipping prune operation. Re-pull or delete to clear\""
                .to_owned(),
        );
    }
    let blobs = models.join("blobs");
    let names = library.disk.list(uid, &blobs).unwrap_or_default();
    let old: Vec<_> = names
        .iter()
        .map(|name| blobs.join(name))
        .filter(|path| library.disk.node(path).is_some_and(|node| now.duration_since(node.modified) > GRACE))
        .collect();
    // What cannot be removed stays.
    let _left = library.remove_unused(old, now);
    None
}
