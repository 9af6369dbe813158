//! Casks: what is unpacked in the Caskroom, and the apps that are moved out of it (docs/mac-facts.md#brew-casks).

use std::{io, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{Brew, OWNER, PREFIX, VERSION, cellar, prefix};
use crate::sim::{Content, Disk, Mac, tool::mv};

/// A cask that is imitated. Its size is of the right order, no more.
#[derive(Debug)]
pub(super) struct Cask {
    pub(super) token: &'static str,
    /// Names that it had before.
    pub(super) old_tokens: &'static [&'static str],
    pub(super) version: &'static str,
    /// The app that it moves to `/Applications`; a package without one.
    pub(super) app: Option<&'static str>,
    /// Whether the app updates itself.
    pub(super) auto_updates: bool,
    /// Whether it installs a package, as root.
    pub(super) package: bool,
    /// Formulae that put the same in place.
    pub(super) conflicts: &'static [&'static str],
    /// Bytes of its archive, and of its app.
    pub(super) size: u64,
}

const PLAIN: Cask = Cask {
    token: "",
    old_tokens: &[],
    version: "1.0",
    app: None,
    auto_updates: false,
    package: false,
    conflicts: &[],
    size: 0,
};

const CASKS: &[Cask] = &[
    Cask {
        token: "docker-desktop",
        old_tokens: &["docker"],
        version: "4.50.0",
        app: Some("Docker.app"),
        auto_updates: true,
        size: 560_000_000,
        ..PLAIN
    },
    Cask {
        token: "ollama-app",
        old_tokens: &["ollama"],
        version: "0.32.3",
        app: Some("Ollama.app"),
        auto_updates: true,
        conflicts: &["ollama"],
        size: 187_000_000,
        ..PLAIN
    },
    Cask {
        token: "orbstack",
        version: "2.0.5",
        app: Some("OrbStack.app"),
        auto_updates: true,
        size: 310_000_000,
        ..PLAIN
    },
    Cask { token: "rectangle", version: "0.88", app: Some("Rectangle.app"), size: 5_100_000, ..PLAIN },
    Cask {
        token: "stats",
        version: "2.11.54",
        app: Some("Stats.app"),
        auto_updates: true,
        size: 9_400_000,
        ..PLAIN
    },
    Cask { token: "tailscale-app", version: "1.90.6", package: true, size: 31_000_000, ..PLAIN },
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Cask> {
    CASKS.iter()
}

/// The cask of this name, also of a former one.
pub(super) fn find(name: &str) -> Option<&'static Cask> {
    CASKS.iter().find(|cask| cask.token == name || cask.old_tokens.contains(&name))
}

/// By what its releases are told in [`Brew::offers`]: a formula may have the same name.
pub(super) fn key(token: &str) -> String {
    format!("cask/{token}")
}

/// The newest release that this Homebrew knows of.
pub(super) fn offered(brew: &Brew, cask: &Cask) -> String {
    brew.known.get(&key(cask.token)).cloned().unwrap_or_else(|| cask.version.to_owned())
}

/// What it is made of, as pages and receipts have it.
pub(super) fn artifacts(cask: &Cask) -> Vec<Value> {
    let app = cask.app.map(|app| json!({"app": [app]}));
    let package = cask.package.then(|| [json!({"pkg": ["x.pkg"]}), json!({"uninstall": [{"pkgutil": "x"}]})]);
    app.into_iter().chain(package.into_iter().flatten()).chain([json!({"zap": [{"trash": "~/x"}]})]).collect()
}

fn room(token: &str) -> Utf8PathBuf {
    Utf8Path::new(PREFIX).join("Caskroom").join(token)
}

/// Under which of its names it is installed, and in which version: by its metadata.
pub(super) fn installed(disk: &dyn Disk, cask: &Cask) -> Option<(String, String)> {
    let names = cask.old_tokens.iter().chain([&cask.token]);
    names.copied().find_map(|name| {
        let metadata = room(name).join(".metadata");
        let version = disk
            .list(0, &metadata)
            .ok()?
            .into_iter()
            .find(|version| disk.list(0, &metadata.join(version)).is_ok_and(|times| !times.is_empty()))?;
        let real = disk.node(&room(name)).is_some_and(|node| node.target.is_none());
        real.then(|| (name.to_owned(), version))
    })
}

/// Where its app is.
pub(super) fn app(cask: &Cask) -> Option<Utf8PathBuf> {
    cask.app.map(|app| Utf8Path::new("/Applications").join(app))
}

/// The version of an app that is there.
pub(super) fn app_version(disk: &dyn Disk, app: &Utf8Path) -> Option<String> {
    let text = disk.read(0, &app.join("Contents/Info.plist")).ok()?;
    let told: plist::Dictionary = plist::from_bytes(&text.bytes(1 << 20)?).ok()?;
    told.get("CFBundleShortVersionString")?.as_string().map(str::to_owned)
}

/// Unpacks it, and writes down that it is there.
pub(super) fn stage(disk: &mut dyn Disk, cask: &Cask, version: &str, now: Timestamp) -> io::Result<()> {
    let Cask { token, .. } = cask;
    let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S.%3f").to_string();
    let file = format!("Caskroom/{token}/.metadata/{version}/{time}/Casks/{token}.json");
    if let Some(app) = cask.app {
        let staged = format!("Caskroom/{token}/{version}/{app}");
        put_app(disk, &staged, cask, version, now)?;
    }
    prefix::put(disk, &file, Content::Bytes(b"{}\n".to_vec()), 0o644, now)
}

fn put_app(disk: &mut dyn Disk, staged: &str, cask: &Cask, version: &str, now: Timestamp) -> io::Result<()> {
    let name = cask.app.unwrap_or_default().trim_end_matches(".app");
    let mut keys = plist::Dictionary::new();
    keys.insert("CFBundleShortVersionString".into(), version.into());
    let mut text = vec![];
    plist::Value::from(keys).to_writer_xml(&mut text).map_err(io::Error::other)?;
    prefix::put(disk, &format!("{staged}/Contents/Info.plist"), Content::Bytes(text), 0o644, now)?;
    let seed = version.bytes().fold(11, |sum: u64, byte| sum * 31 % 999_983 + u64::from(byte));
    if cask.token == "docker-desktop" {
        let installer = Content::Made { size: 21_000_000, seed };
        prefix::put(disk, &format!("{staged}/Contents/MacOS/install"), installer, 0o755, now)?;
    }
    let program = Content::Made { size: cask.size * 2, seed };
    prefix::put(disk, &format!("{staged}/Contents/MacOS/{name}"), program, 0o755, now)
}

/// Moves its app in place, and leaves a link.
pub(super) fn move_app(disk: &mut dyn Disk, cask: &Cask, version: &str, now: Timestamp) -> io::Result<()> {
    let Some(target) = app(cask) else { return Ok(()) };
    let staged = room(cask.token).join(version).join(cask.app.unwrap_or_default());
    mv::tree(disk, OWNER, &staged, &target, now)?;
    disk.link(OWNER, &staged, &target, now)
}

/// Leaves the app that is there where it is, and links to it.
pub(super) fn adopt(disk: &mut dyn Disk, cask: &Cask, version: &str, now: Timestamp) -> io::Result<()> {
    let Some(target) = app(cask) else { return Ok(()) };
    let staged = room(cask.token).join(version).join(cask.app.unwrap_or_default());
    cellar::remove_tree(disk, &staged, now)?;
    disk.link(OWNER, &staged, &target, now)
}

/// Writes what comes last: that it was installed whole.
pub(super) fn record(disk: &mut dyn Disk, cask: &Cask, version: &str, now: Timestamp) -> io::Result<()> {
    let artifacts: Vec<Value> =
        artifacts(cask).into_iter().filter(|artifact| artifact.get("zap").is_none()).collect();
    let told = json!({
        "homebrew_version": VERSION,
        "loaded_from_api": true,
        "uninstall_flight_blocks": false,
        "installed_on_request": true,
        "time": now.as_second(),
        "runtime_dependencies": {},
        "source": {"path": null, "tap": "homebrew/cask", "version": version},
        "arch": "arm64",
        "uninstall_artifacts": artifacts,
        "built_on": {"os": "Macintosh"},
    });
    let metadata = format!("Caskroom/{}/.metadata", cask.token);
    let config = Content::Bytes(b"{\"default\":{},\"env\":{},\"explicit\":{}}".to_vec());
    prefix::put(disk, &format!("{metadata}/config.json"), config, 0o644, now)?;
    let told = Content::Bytes(told.to_string().into_bytes());
    prefix::put(disk, &format!("{metadata}/INSTALL_RECEIPT.json"), told, 0o644, now)
}

/// Takes away what was unpacked of it, and all that is written down.
pub(super) fn purge(disk: &mut dyn Disk, token: &str, now: Timestamp) -> io::Result<()> {
    if disk.node(&room(token)).is_some() {
        cellar::remove_tree(disk, &room(token), now)?;
    }
    let dead = find(token).into_iter().flat_map(|cask| cask.old_tokens);
    for old in dead {
        if disk.node(&room(old)).is_some_and(|node| node.target.is_some()) {
            disk.remove(OWNER, &room(old), now)?;
        }
    }
    Ok(())
}

/// Takes its app away, whatever it has become.
pub(super) fn remove_app(disk: &mut dyn Disk, cask: &Cask, now: Timestamp) -> io::Result<()> {
    match app(cask) {
        Some(app) if disk.node(&app).is_some() => cellar::remove_tree(disk, &app, now),
        _ => Ok(()),
    }
}

/// Moves one that lies there under a former name to its name of now, which leaves a link.
pub(super) fn migrate(mac: &mut Mac, cask: &Cask) -> io::Result<()> {
    let Some((old, version)) = installed(&*mac.disk, cask).filter(|(name, _)| name != cask.token) else {
        return Ok(());
    };
    let now = mac.state.now;
    let disk = &mut *mac.disk;
    cellar::remove_tree(disk, &room(&old), now)?;
    let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S.%3f").to_string();
    let file = format!("Caskroom/{0}/.metadata/{version}/{time}/Casks/{0}.json", cask.token);
    prefix::put(disk, &file, Content::Bytes(b"{}\n".to_vec()), 0o644, now)?;
    if let (Some(app), Some(target)) = (cask.app, app(cask)) {
        let staged = format!("Caskroom/{}/{version}/{app}", cask.token);
        prefix::link(disk, &staged, target.as_str(), now)?;
    }
    record(disk, cask, &version, now)?;
    prefix::link(disk, &format!("Caskroom/{old}"), cask.token, now)
}

/// What fetching its archive takes on this Mac's line.
pub(super) fn takes(mac: &Mac, cask: &Cask) -> Duration {
    Duration::from_millis(cask.size * 8 * 1000 / mac.state.bandwidth.max(1))
}
