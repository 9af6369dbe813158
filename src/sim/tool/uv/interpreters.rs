//! Interpreters that are there, and those that can be fetched (docs/mac-facts.md#uv-python-folder).

use std::{io, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::{Call, cache, fail, unreachable};
use crate::sim::{Content, Fault, Mac, Running, running::Print, tool::unix::reason};

/// The last release of each version that can be fetched, as uv 0.13.8 names them.
const OFFERED: [(&str, u32); 6] =
    [("3.9", 25), ("3.10", 22), ("3.11", 18), ("3.12", 16), ("3.13", 18), ("3.14", 10)];

/// Bytes of one, packed and on the disk; of the right order, no more.
const PACKED: u64 = 17_500_000;
const UNPACKED: u64 = 64_000_000;

const PARTS: u64 = 4;

/// An interpreter that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Interpreter {
    pub(super) version: String,
    /// The program, as an environment leads to it.
    pub(super) path: Utf8PathBuf,
    managed: bool,
}

pub(super) fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn fits(version: &str, wanted: &str) -> bool {
    version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

/// All that are there: those that it has fetched itself first.
pub(super) fn all(mac: &Mac, home: &Utf8Path) -> Vec<Interpreter> {
    let folder = home.join(".local/share/uv/python");
    let mut found = vec![];
    for name in mac.disk.list(0, &folder).unwrap_or_default() {
        let version = name.strip_prefix("cpython-").and_then(|name| name.strip_suffix("-macos-aarch64-none"));
        let Some(version) = version.filter(|version| version.matches('.').count() == 2) else { continue };
        let short = minor(version);
        // By a link that follows upgrades, where there is one.
        let link = folder.join(format!("cpython-{short}-macos-aarch64-none"));
        let led = mac.disk.resolve(&link).is_some_and(|real| real == folder.join(&name));
        let path = if led { link } else { folder.join(&name) }.join(format!("bin/python{short}"));
        found.push(Interpreter { version: version.to_owned(), path, managed: true });
    }
    for short in OFFERED.map(|(short, _)| short) {
        let path = Utf8PathBuf::from(format!("/opt/homebrew/bin/python{short}"));
        let real = mac.disk.resolve(&path);
        let version = real.as_deref().and_then(|real| real.ancestors().nth(2)?.file_name());
        if let Some(version) = version {
            found.push(Interpreter { version: version.to_owned(), path, managed: false });
        }
    }
    found.retain(|found| mac.disk.resolve(&found.path).is_some());
    found
}

pub(super) fn find(mac: &Mac, home: &Utf8Path, wanted: &str) -> Option<Interpreter> {
    all(mac, home).into_iter().find(|found| fits(&found.version, wanted))
}

/// The release that is fetched for `wanted`. Of older ones some were never built.
fn offered(wanted: &str) -> Option<String> {
    let short = minor(wanted);
    let (_, last) = OFFERED.into_iter().find(|(offered, _)| *offered == short)?;
    match wanted.split('.').nth(2) {
        None => Some(format!("{short}.{last}")),
        Some(patch) => {
            let patch: u32 = patch.parse().ok()?;
            let built =
                patch <= last && ![("3.11", 0), ("3.11", 2), ("3.12", 6)].contains(&(short.as_str(), patch));
            built.then(|| wanted.to_owned())
        }
    }
}

/// Lets an interpreter for `wanted` be there; whoever goes on finds out by looking. Fails with 2 when none can be had.
pub(super) fn ensure(mac: &mut Mac, mut running: Running, call: &Call, wanted: &str) -> Running {
    let home = call.home(mac);
    if find(mac, &home, wanted).is_some() {
        return running;
    }
    let none = format!("No interpreter found for Python {wanted} in managed installations or search path");
    let Some(version) = offered(wanted) else {
        fail(&mut running.output, 2, &none, &[]);
        return running;
    };
    if !call.downloads() {
        fail(&mut running.output, 2, &none, &[]);
        running.output.err(format!(
            "\nhint: A managed Python download is available for Python {wanted}, but Python downloads are set to 'never'\n"
        ));
        return running;
    }
    let (uid, part) =
        (call.caller.uid, Duration::from_millis(PACKED * 8 * 1000 / mac.state.bandwidth.max(1) / PARTS));
    let begun = home.clone();
    running = running.then(Duration::from_millis(200), move |mac, output| {
        let now = mac.state.now;
        let folder = begun.join(".local/share/uv/python");
        let disk = &mut *mac.disk;
        let made = cache::put(disk, uid, &folder.join(".gitignore"), cache::text("*"), 0o644, now)
            .and_then(|()| cache::put(disk, uid, &folder.join(".lock"), cache::text(""), 0o666, now))
            .and_then(|()| disk.make_dirs(uid, &folder.join(".temp"), 0o755, now));
        if let Err(error) = made {
            return fail(output, 2, &format!("failed to create directory `{folder}`"), &[&os(&error)]);
        }
        let url = "https://github.com/astral-sh/python-build-standalone/releases/download";
        unreachable(mac, output, url, "Failed to download");
    });
    for _ in 0..PARTS {
        running = running.then(part, |mac, output| {
            if output.ok() {
                mac.state.meter.downloaded += PACKED / PARTS;
            }
        });
    }
    running.then(Duration::from_millis(900), move |mac, output| {
        if output.ok()
            && let Err(error) = unpack(mac, uid, &home, &version)
        {
            fail(
                output,
                2,
                &format!("Failed to install cpython-{version}-macos-aarch64-none"),
                &[&os(&error)],
            );
        }
    })
}

/// What the kernel says, as it tells it.
pub(super) fn os(error: &io::Error) -> String {
    let number = match error.kind() {
        io::ErrorKind::StorageFull => 28,
        io::ErrorKind::PermissionDenied => 13,
        io::ErrorKind::NotFound => 2,
        _ => return reason(error),
    };
    format!("{} (os error {number})", reason(error))
}

fn unpack(mac: &mut Mac, uid: u32, home: &Utf8Path, version: &str) -> io::Result<()> {
    if mac.state.faults.take(Fault::DiskFull) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let now = mac.state.now;
    let short = minor(version);
    let folder = home.join(".local/share/uv/python");
    let name = format!("cpython-{version}-macos-aarch64-none");
    let seed = version.bytes().fold(5, |sum: u64, byte| sum * 31 + u64::from(byte));
    let disk = &mut *mac.disk;
    for (inside, size, mode) in [
        (format!("bin/python{short}"), 50_000, 0o755),
        (format!("lib/libpython{short}.dylib"), UNPACKED / 3, 0o755),
        (format!("lib/python{short}/os.py"), UNPACKED * 2 / 3, 0o644),
    ] {
        cache::put(disk, uid, &folder.join(&name).join(inside), Content::Made { size, seed }, mode, now)?;
    }
    let link = folder.join(format!("cpython-{short}-macos-aarch64-none"));
    if disk.node(&link).is_some() {
        disk.remove(uid, &link, now)?;
    }
    disk.link(uid, &link, Utf8Path::new(&name), now)
}

/// `uv python install VERSION`, which leads `~/.local/bin` to it too.
pub(super) fn install(mac: &mut Mac, call: &Call, wanted: &str) -> Running {
    let (uid, home, wanted) = (call.caller.uid, call.home(mac), wanted.to_owned());
    if find(mac, &home, &wanted).is_some_and(|found| found.managed) {
        return Running::failed(0, format!("Python {wanted} is already installed\n"));
    }
    ensure(mac, Running::default(), call, &wanted).then(Duration::ZERO, move |mac, output| {
        let Some(found) = find(mac, &home, &wanted).filter(|_| output.ok()) else { return };
        let (now, bin) = (mac.state.now, home.join(".local/bin"));
        let link = bin.join(format!("python{}", minor(&found.version)));
        let disk = &mut *mac.disk;
        let there = disk.node(&link).is_some();
        let led = disk
            .make_dirs(uid, &bin, 0o755, now)
            .and_then(|()| if there { disk.remove(uid, &link, now) } else { Ok(()) })
            .and_then(|()| disk.link(uid, &link, &found.path, now));
        match led {
            Ok(()) => output.err(format!("Installed Python {}\n", found.version)),
            Err(error) => fail(output, 2, &format!("Failed to install executable at {link}"), &[&os(&error)]),
        }
    })
}

/// `uv python find VERSION`.
pub(super) fn told(mac: &Mac, call: &Call, wanted: &str) -> Running {
    match find(mac, &call.home(mac), wanted) {
        Some(found) => Running::printed(format!("{}\n", found.path)),
        None => Running::failed(
            2,
            format!(
                "error: No interpreter found for Python {wanted} in managed installations or search path\n"
            ),
        ),
    }
}

/// `uv python list --only-installed --output-format json`.
pub(super) fn list(mac: &Mac, call: &Call) -> Running {
    let all = all(mac, &call.home(mac));
    let key = |version: &str| format!("cpython-{version}-macos-aarch64-none");
    if call.value("--output-format") == Some("json") {
        let told: Vec<serde_json::Value> = all
            .iter()
            .map(|found| {
                json!({
                    "key": key(&found.version),
                    "version": found.version,
                    "path": found.path,
                    "implementation": "cpython",
                    "arch": "aarch64",
                    "os": "macos",
                })
            })
            .collect();
        return Running::printed(serde_json::Value::from(told).to_string() + "\n");
    }
    let lines = all.iter().map(|found| format!("{}    {}\n", key(&found.version), found.path));
    Running::printed(lines.collect::<Vec<_>>().concat())
}

impl Interpreter {
    /// How it is told.
    pub(super) fn words(&self) -> String {
        if self.managed {
            format!("CPython {}", self.version)
        } else {
            format!("CPython {} interpreter at: {}", self.version, self.path)
        }
    }
}
