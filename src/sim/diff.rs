use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::{Content, Disk, Mac, Node};
use crate::machine::Kind;

/// One thing in which two Macs differ.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// Which thing: a path and perhaps a property of it, a job, a setting.
    pub what: String,
    /// What the first Mac has.
    pub left: String,
    /// What the second one has.
    pub right: String,
}

/// What is left out of a comparison, and why. `~` is the user's home, `/**` at the end all that is in a folder, `*` any end of a
/// name, `: PROPERTY` at the end one property of such paths, or of any.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (": modified", "times say when, not what"),
    ("/opt/homebrew/Cellar/**: installed at", "times say when, not what"),
    (
        "/opt/homebrew/var/homebrew/locks/**",
        "empty files by which one `brew` waits for another; it leaves them",
    ),
    ("/opt/homebrew/var/homebrew/locks", "the folder of these"),
    ("/opt/homebrew/Library/Taps", "the folder of taps, which Homebrew leaves when it is empty"),
    ("~/.homebrew", "the folder of what Homebrew trusts, which it leaves"),
    ("~/.homebrew/trust.json.lock", "an empty file by which one `brew` waits for another"),
    ("/opt/homebrew/Caskroom/**: installed at", "times say when, not what"),
    ("~/.local/state/forgectl/**", "forgectl's own state: journal, receipts, lock, run logs"),
    ("~/.local/state/forgectl", "forgectl's own state"),
    ("~/.local/state", "the folder above forgectl's own state"),
    ("~/.local", "the folder above forgectl's own state"),
    ("~/Library/Logs/forgectl/*: content", "what a service wrote into its log holds times and process ids"),
    ("~/.cache", "the folder above uv's cache"),
    ("~/.cache/uv", "uv's cache, which it shares among all environments and rebuilds"),
    ("~/.cache/uv/**", "uv's cache, which it shares among all environments and rebuilds"),
    ("~/.colima/_lima/colima-forge/ha.pid: content", "a process id"),
    ("~/Library/Caches/**", "caches are rebuilt by whoever needs them"),
    ("/Library/Caches/**", "caches are rebuilt by whoever needs them"),
    ("/Library/Updates/**", "macOS keeps what it fetched as long as it likes"),
    ("/Library/Receipts/InstallHistory.plist", "macOS records every install"),
    (
        "/private/var/db/receipts/com.apple.pkg.CLTools_*",
        "installer receipts survive the removal of what they tell of",
    ),
    (
        "/private/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress",
        "Apple's mark of an installation under way, which goes when that is done",
    ),
    ("/private/var/db/softwareupdate/**", "macOS records what it was offered"),
    (
        "/private/var/db/com.apple.backgroundtaskmanagement/**",
        "macOS records every background item it has seen",
    ),
    (
        "/private/var/db/com.apple.xpc.launchd/**",
        "launchd's own record of overrides; these are compared themselves",
    ),
];

/// What stands for a thing that a Mac does not have.
pub const ABSENT: &str = "(absent)";

/// All in which two Macs differ, sorted; unless `all` is asked for, without what [`LEFT_OUT`] says. Process ids and what was counted
/// are never compared.
pub fn differences(left: &Mac, right: &Mac, all: bool) -> Vec<Difference> {
    let homes = [left.home(), right.home()];
    let mut found = files(left, right, |path, property| all || !is_left_out(path, property, &homes));
    let [told_left, told_right] = [left, right].map(told);
    let names = told_left.keys().chain(told_right.keys().filter(|name| !told_left.contains_key(*name)));
    for name in names {
        let [left, right] =
            [&told_left, &told_right].map(|told| told.get(name).map_or(ABSENT, String::as_str).to_owned());
        if left != right {
            found.push(Difference { what: name.clone(), left, right });
        }
    }
    found.sort_by(|a, b| a.what.cmp(&b.what));
    found
}

/// What is to be compared beside files: a name for each thing, and what it is.
fn told(mac: &Mac) -> BTreeMap<String, String> {
    let state = &mac.state;
    let mut told = state.launchd.describe();
    let kept = state.engines.iter().filter(|(socket, _)| !super::tool::colima::is_lost(mac, socket));
    told.extend(super::tool::docker::describe(kept));
    for (source, settings) in &state.power {
        for (key, value) in settings {
            told.insert(format!("power {} {key}", source.name()), value.clone());
        }
    }
    if let Some(disabled) = state.sleep_disabled {
        told.insert("power SleepDisabled".to_owned(), u8::from(disabled).to_string());
    }
    told.insert("FileVault".to_owned(), if state.filevault { "on" } else { "off" }.to_owned());
    let mut processes: BTreeMap<String, u32> = BTreeMap::new();
    for process in state.processes.values() {
        let name = format!("process {} of {}", process.argv.join(" "), mac.user_name(process.uid));
        *processes.entry(name).or_default() += 1;
    }
    told.extend(processes.into_iter().map(|(name, count)| (name, count.to_string())));
    if !state.dialogs.is_empty() {
        told.insert("dialogs".to_owned(), state.dialogs.join("; "));
    }
    let spec = &state.spec;
    told.insert(
        "the Mac itself".to_owned(),
        format!("{}, {} bytes, macOS {}, user {}", spec.chip, spec.memory, spec.macos, spec.user),
    );
    told
}

/// The files in which two Macs differ, of which `counts` says by path and property whether they count.
fn files(left: &Mac, right: &Mac, counts: impl Fn(&Utf8Path, Option<&str>) -> bool) -> Vec<Difference> {
    let [of_left, of_right] = [left, right].map(|mac| tree(&*mac.disk));
    let paths = of_left.keys().chain(of_right.keys().filter(|path| !of_left.contains_key(*path)));
    let mut found = vec![];
    for path in paths {
        let (Some(one), Some(other)) = (of_left.get(path), of_right.get(path)) else {
            if counts(path, None) {
                let of = |tree: &BTreeMap<Utf8PathBuf, Node>| tree.get(path).map_or(ABSENT, kind).to_owned();
                found.push(Difference { what: path.to_string(), left: of(&of_left), right: of(&of_right) });
            }
            continue;
        };
        for ((name, left), (_, right)) in properties(path, one).into_iter().zip(properties(path, other)) {
            if left != right && counts(path, Some(name)) {
                found.push(Difference { what: format!("{path}: {name}"), left, right });
            }
        }
    }
    found
}

/// Everything on a disk.
fn tree(disk: &dyn Disk) -> BTreeMap<Utf8PathBuf, Node> {
    let mut all = BTreeMap::new();
    let mut todo = vec![Utf8PathBuf::from("/")];
    while let Some(path) = todo.pop() {
        let Some(mut node) = disk.node(&path) else { continue };
        if node.kind == Kind::Folder {
            todo.extend(disk.list(0, &path).unwrap_or_default().into_iter().map(|name| path.join(name)));
        }
        if node.kind == Kind::File && node.content.is_none() {
            node.content = disk.read(0, &path).ok();
        }
        all.insert(without_moment(path), node);
    }
    all
}

/// Homebrew keeps what it knows of a cask in a folder that is named after the moment: `20260105090012.345`.
fn without_moment(path: Utf8PathBuf) -> Utf8PathBuf {
    if !path.starts_with("/opt/homebrew/Caskroom") {
        return path;
    }
    let is_moment = |name: &str| {
        name.split_once('.').is_some_and(|(time, part)| {
            time.len() == 14 && [time, part].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    path.iter().map(|name| if is_moment(name) { "MOMENT" } else { name }).collect()
}

fn kind(node: &Node) -> &'static str {
    match node.kind {
        Kind::File => "file",
        Kind::Folder => "folder",
        Kind::Link => "link",
        Kind::Other => "device",
    }
}

fn properties(path: &Utf8Path, node: &Node) -> [(&'static str, String); 9] {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let (content, installed) = match &node.content {
        None => (ABSENT.to_owned(), ABSENT.to_owned()),
        Some(content) if path.file_name() == Some("INSTALL_RECEIPT.json") => {
            let (rest, time) = without_time(content);
            (format!("{} bytes, {}", rest.size(), rest.fingerprint()), time)
        }
        // Large made content is told apart by what it follows from.
        Some(content) => (format!("{} bytes, {}", content.size(), content.fingerprint()), ABSENT.to_owned()),
    };
    [
        ("kind", kind(node).to_owned()),
        ("owner", format!("{}:{}", node.uid, node.gid)),
        ("mode", format!("{:04o}", node.mode)),
        ("content", content),
        ("installed at", installed),
        ("target", node.target.as_ref().map_or(ABSENT, |target| target.as_str()).to_owned()),
        ("xattrs", format!("{:?}", node.xattrs)),
        ("protected", format!("immutable {}, access control list {}", yes(node.immutable), yes(node.acl))),
        ("modified", node.modified.to_string()),
    ]
}

/// A receipt of Homebrew's without the time that it tells, and that time.
fn without_time(content: &Content) -> (Content, String) {
    let bytes = content.bytes(1 << 20).unwrap_or_default();
    let Ok(mut receipt) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return (content.clone(), ABSENT.to_owned());
    };
    let time = receipt.as_object_mut().and_then(|receipt| receipt.shift_remove("time"));
    (
        Content::Bytes(receipt.to_string().into_bytes()),
        time.map_or(ABSENT.to_owned(), |time| time.to_string()),
    )
}

fn is_left_out(path: &Utf8Path, property: Option<&str>, homes: &[Utf8PathBuf; 2]) -> bool {
    LEFT_OUT.iter().any(|(pattern, _)| {
        let (pattern, of) =
            pattern.split_once(": ").map_or((*pattern, None), |(path, name)| (path, Some(name)));
        if of.is_some() && of != property {
            return false;
        }
        if pattern.is_empty() {
            return true;
        }
        let absolute = |home: &Utf8PathBuf| match pattern.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => Utf8PathBuf::from(pattern),
        };
        homes.iter().map(absolute).any(|pattern| matches(&pattern, path))
    })
}

fn matches(pattern: &Utf8Path, path: &Utf8Path) -> bool {
    if pattern.file_name() == Some("**") {
        return pattern.parent().is_some_and(|folder| path != folder && path.starts_with(folder));
    }
    match pattern.as_str().strip_suffix('*') {
        Some(start) => path.as_str().starts_with(start),
        None => path == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Content, testing};

    fn differing(tamper: impl FnOnce(&mut Mac), all: bool) -> Vec<String> {
        let left = testing::mac();
        let mut right = testing::mac();
        tamper(&mut right);
        differences(&left, &right, all).into_iter().map(|difference| difference.what).collect()
    }

    #[test]
    fn two_fresh_macs_are_the_same() {
        assert_eq!(differing(|_| {}, true), [] as [&str; 0]);
    }

    #[test]
    fn owner_mode_content_link_and_setting_are_told() {
        let tamper = |mac: &mut Mac| {
            let now = mac.state.now;
            let disk = mac.disk.memory_mut().unwrap();
            disk.node_mut("/opt").unwrap().mode = 0o777;
            disk.node_mut("/usr/bin/git").unwrap().content = Some(Content::Made { size: 1, seed: 2 });
            disk.node_mut("/tmp").unwrap().target = Some("/elsewhere".into());
            disk.node_mut("/cores").unwrap().uid = 501;
            disk.node_mut("/Users").unwrap().xattrs.insert("a".into(), "b".into());
            disk.put("/new", Node::folder(0o755, 0, 0, now));
            for setting in mac.state.power.get_mut(&crate::value::PowerSource::Ac).unwrap() {
                if setting.0 == "sleep" {
                    setting.1 = "0".to_owned();
                }
            }
        };
        assert_eq!(
            differing(tamper, false),
            [
                "/Users: xattrs",
                "/cores: owner",
                "/new",
                "/opt: mode",
                "/tmp: target",
                "/usr/bin/git: content",
                "power ac sleep"
            ]
        );
    }

    #[test]
    fn the_closed_list_is_left_out_unless_all_is_asked_for() {
        let tamper = |mac: &mut Mac| {
            let now = mac.state.now;
            let home = mac.home();
            let disk = mac.disk.memory_mut().unwrap();
            for path in [".local", ".local/state", ".local/state/forgectl", ".local/share"] {
                disk.put(home.join(path), Node::folder(0o700, 501, 20, now));
            }
            disk.put(
                home.join(".local/state/forgectl/journal.jsonl"),
                Node::file(Content::Bytes(vec![]), 0o600, 501, 20, now),
            );
            disk.put(
                "/private/var/db/receipts/com.apple.pkg.CLTools_Executables.plist",
                Node::file(Content::Bytes(vec![]), 0o644, 0, 0, now),
            );
            disk.node_mut("/opt").unwrap().modified = now;
        };
        assert_eq!(differing(tamper, false), ["/Users/lab/.local/share"]);
        assert_eq!(differing(tamper, true).len(), 7);
    }
}
