use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::{
    Call, OWNER, PREFIX,
    catalogue::{self, Formula},
    cellar,
    install::told,
    prefix,
};
use crate::sim::{Content, Fault, Mac, Running, running::Print};

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

/// `brew tap USER/REPOSITORY`: a clone of what is there on GitHub.
pub(super) fn tap(mac: &mut Mac, call: &Call) -> Running {
    let Some((user, repository)) = call.names.first().and_then(|name| name.split_once('/')) else {
        return Running::failed(1, "Error: Invalid tap name\n");
    };
    let name = format!("{user}/{repository}");
    let formulae: Vec<&Formula> = catalogue::all().filter(|formula| formula.tap == name).collect();
    if formulae.is_empty() || mac.state.faults.take(Fault::NetworkGone) {
        return Running::failed(
            1,
            format!(
                "==> Tapping {name}\nError: Failure while executing; `git clone \
                 https://github.com/{user}/homebrew-{repository}` exited with 128.\n"
            ),
        );
    }
    let folder = format!("Library/Taps/{user}/homebrew-{repository}");
    Running::default().then(Duration::from_secs(2), move |mac, output| {
        let now = mac.state.now;
        let head = Content::Bytes(b"ref: refs/heads/main\n".to_vec());
        let mut done = prefix::put(&mut *mac.disk, &format!("{folder}/.git/HEAD"), head, 0o644, now);
        for formula in &formulae {
            let text = Content::Bytes(format!("class {} < Formula\nend\n", formula.name).into_bytes());
            let file = format!("{folder}/Formula/{}.rb", formula.name);
            done = prefix::put(&mut *mac.disk, &file, text, 0o644, now);
            if done.is_err() {
                break;
            }
        }
        output.out(format!("==> Tapping {name}\nTapped {} formula.\n", formulae.len()));
        told(output, &name, done);
    })
}

/// `brew untap USER/REPOSITORY`; refused while something from it is installed.
pub(super) fn untap(mac: &mut Mac, call: &Call) -> Running {
    let Some(name) = call.names.first() else { return Running::failed(1, "Error: Invalid usage\n") };
    let (user, repository) = name.split_once('/').unwrap_or((name, ""));
    let above = Utf8Path::new(PREFIX).join("Library/Taps").join(user);
    let folder = above.join(format!("homebrew-{repository}"));
    if mac.disk.node(&folder).is_none() {
        return Running::failed(1, format!("Error: No available tap {name}.\n"));
    }
    let users = catalogue::all().filter(|formula| formula.tap == name);
    let there: Vec<&str> = users
        .map(|formula| formula.name)
        .filter(|name| !cellar::versions(&*mac.disk, name).is_empty())
        .collect();
    if !there.is_empty() {
        let there = there.join("\n");
        return Running::failed(
            1,
            format!(
                "Error: Refusing to untap {name} because it contains the following installed formulae:\n{there}\n"
            ),
        );
    }
    let name = name.clone();
    Running::default().then(Duration::from_millis(200), move |mac, output| {
        let now = mac.state.now;
        let mut done = cellar::remove_tree(&mut *mac.disk, &folder, now);
        if done.is_ok() && mac.disk.list(0, &above).is_ok_and(|rest| rest.is_empty()) {
            done = mac.disk.remove(OWNER, &above, now);
        }
        output.err(format!("Untapping {name}...\n"));
        told(output, &name, done);
    })
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

/// `brew trust [--tap | --formula] NAME` (docs/mac-facts.md#brew-trust).
pub(super) fn trust(mac: &mut Mac, call: &Call) -> Running {
    let Some(name) = call.names.first() else { return Running::failed(1, "Error: Invalid usage\n") };
    let (list, sort) =
        if call.has("--formula") { ("trustedformulae", "formula") } else { ("trustedtaps", "tap") };
    remember(mac, list, name);
    Running::printed(format!("Trusted {sort}: {name}\n"))
}

/// `brew untrust --tap NAME`: what of it was trusted by itself goes too.
pub(super) fn untrust(mac: &mut Mac, call: &Call) -> Running {
    let Some(name) = call.names.first() else { return Running::failed(1, "Error: Invalid usage\n") };
    let inside = format!("{name}/");
    forget(mac, |entry| entry == name || entry.starts_with(&inside));
    Running::printed(format!("Untrusted tap: {name}\n"))
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
    keep(mac, &told);
}

/// Forgets what was trusted; a list that is empty then goes.
pub(super) fn forget(mac: &mut Mac, goes: impl Fn(&str) -> bool) {
    let mut told = trusted(mac);
    let before = told.clone();
    let Some(lists) = told.as_object_mut() else { return };
    for names in lists.values_mut().filter_map(Value::as_array_mut) {
        names.retain(|name| !name.as_str().is_some_and(&goes));
    }
    lists.retain(|_, names| names.as_array().is_some_and(|names| !names.is_empty()));
    if told != before {
        keep(mac, &told);
    }
}

/// Writes what is trusted, beside a file by which one waits for another; nothing is kept of nothing.
fn keep(mac: &mut Mac, told: &Value) {
    let (path, now) = (store(mac), mac.state.now);
    let Some(folder) = path.parent() else { return };
    // What cannot be kept is not trusted, which shows.
    if mac.disk.node(folder).is_none() {
        let _ = mac.disk.make_dir(OWNER, folder, 0o700, now);
    }
    let _ = mac.disk.write(OWNER, &folder.join("trust.json.lock"), Content::Bytes(vec![]), 0o600, now);
    if told.as_object().is_some_and(|lists| !lists.is_empty()) {
        let _ = mac.disk.write(OWNER, &path, Content::Bytes(told.to_string().into_bytes()), 0o600, now);
    } else if mac.disk.node(&path).is_some() {
        let _ = mac.disk.remove(OWNER, &path, now);
    }
}

/// Refuses what comes from a tap that nobody trusts; its full name trusts that one formula.
pub(super) fn judge(mac: &mut Mac, formula: &Formula, asked: &str) -> Result<(), Running> {
    if formula.tap == CORE {
        return Ok(());
    }
    let (tap, full) = (formula.tap, format!("{}/{}", formula.tap, formula.name));
    let trust = trusted(mac);
    if asked == full {
        // Whoever names it whole trusts it, and what it is from is fetched.
        remember(mac, "trustedformulae", &full);
        return Ok(());
    }
    if has(&trust, "trustedtaps", tap) || has(&trust, "trustedformulae", &full) {
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
