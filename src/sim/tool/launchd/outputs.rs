use camino::Utf8Path;

use super::DomainTarget;
use crate::sim::Mac;

/// Opens a job's output for appending, as the job's user. Missing folders above it are made: root's for a daemon, so
/// that a daemon with another user then cannot make the file (docs/mac-facts.md#launchd-plist-keys).
pub(super) fn open(mac: &mut Mac, domain: DomainTarget, uid: u32, path: &Utf8Path) -> bool {
    let now = mac.state.now;
    let above = path.parent().unwrap_or(path);
    mac.disk.make_dirs(domain.uid(), above, 0o755, now).is_ok()
        && mac.disk.append(uid, path, b"", now).is_ok()
}

/// Appends lines to a job's standard error; without a file they go nowhere.
pub(in crate::sim::tool) fn say(mac: &mut Mac, uid: u32, path: Option<&Utf8Path>, lines: &[String]) {
    let Some(path) = path.filter(|_| !lines.is_empty()) else { return };
    let mut text = lines.join("\n");
    text.push('\n');
    let now = mac.state.now;
    // A full disk or a file taken away loses the line, as it does for a real server.
    let _lost = mac.disk.append(uid, path, text.as_bytes(), now);
}
