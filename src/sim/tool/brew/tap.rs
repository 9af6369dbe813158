use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::{Call, OWNER, PREFIX, catalogue::Formula, prefix};
use crate::sim::{Content, Mac, Running};

const CORE: &str = "homebrew/core";

/// `brew tap`: what is tapped.
pub(super) fn list(mac: &Mac) -> Running {
    let folder = Utf8Path::new(PREFIX).join("Library/Taps");
    let mut told = String::new();
    for user in mac.disk.list(0, &folder).unwrap_or_default() {
        for repository in mac.disk.list(0, &folder.join(&user)).unwrap_or_default() {
            told += &[&user, "/", repository.trim_start_matches("homebrew-"), "\n"].concat();
        }
    }
    Running::printed(told)
}

/// `brew tap USER/REPOSITORY`.
pub(super) fn tap(mac: &mut Mac, call: &Call) -> Running {
    let Some((user, repository)) = call.names.first().and_then(|name| name.split_once('/')) else {
        return Running::failed(1, "Error: Invalid tap name\n");
    };
    let head = format!("Library/Taps/{user}/homebrew-{repository}/.git/HEAD");
    let now = mac.state.now;
    match prefix::put(&mut *mac.disk, &head, Content::Bytes(b"ref: refs/heads/main\n".to_vec()), 0o644, now) {
        Ok(()) => Running::printed(format!("==> Tapping {user}/{repository}\nTapped 1 formula.\n")),
        Err(error) => Running::failed(1, format!("Error: {error}\n")),
    }
}

fn store(mac: &Mac) -> Utf8PathBuf {
    mac.home().join(".homebrew/trust.json")
}

fn trusted(mac: &Mac) -> Value {
    let content = mac.disk.read(OWNER, &store(mac)).ok();
    let bytes = content.as_ref().and_then(|content| content.bytes(1 << 20));
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(|| json!({}))
}

fn has(trust: &Value, list: &str, name: &str) -> bool {
    trust[list].as_array().is_some_and(|names| names.iter().any(|known| known == name))
}

/// `brew trust [--formula] NAME` (docs/mac-facts.md#brew-trust).
pub(super) fn trust(mac: &mut Mac, call: &Call) -> Running {
    let Some(name) = call.names.first() else { return Running::failed(1, "Error: Invalid usage\n") };
    let list = if call.has("--formula") { "trustedformulae" } else { "trustedtaps" };
    remember(mac, list, name);
    Running::printed(format!("Trusted {name}.\n"))
}

fn remember(mac: &mut Mac, list: &str, name: &str) {
    let mut told = trusted(mac);
    if has(&told, list, name) {
        return;
    }
    match told[list].as_array_mut() {
        Some(names) => names.push(name.into()),
        None => told[list] = json!([name]),
    }
    let (path, now) = (store(mac), mac.state.now);
    if let Some(folder) = path.parent().filter(|folder| mac.disk.node(folder).is_none()) {
        let _ = mac.disk.make_dir(OWNER, folder, 0o755, now);
    }
    let _ = mac.disk.write(OWNER, &path, Content::Bytes(told.to_string().into_bytes()), 0o644, now);
}

/// Refuses what comes from a tap that nobody trusts; its full name trusts that one formula.
pub(super) fn judge(mac: &mut Mac, formula: &Formula, asked: &str) -> Result<(), Running> {
    if formula.tap == CORE {
        return Ok(());
    }
    let (tap, full) = (formula.tap, format!("{}/{}", formula.tap, formula.name));
    let trust = trusted(mac);
    if has(&trust, "trustedtaps", tap) || has(&trust, "trustedformulae", &full) {
        return Ok(());
    }
    if asked == full {
        remember(mac, "trustedformulae", &full);
        return Ok(());
    }
    let (user, repository) = tap.split_once('/').unwrap_or((tap, ""));
    let folder = format!("{PREFIX}/Library/Taps/{user}/homebrew-{repository}");
    Err(Running::failed(
        1,
        match mac.disk.node(Utf8Path::new(&folder)) {
            None => format!("Error: No available formula with the name \"{asked}\".\n"),
            Some(_) => format!(
                "Error: Refusing to load formula {full} from untrusted tap {tap}.\nRun `brew trust --formula {full}` or \
                 `brew trust {tap}` to trust it.\n"
            ),
        },
    ))
}
