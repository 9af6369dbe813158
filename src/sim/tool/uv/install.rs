use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use camino::Utf8Path;

use super::{
    Call, cache,
    compile::lines,
    fail,
    interpreters::os,
    pinned,
    registry::{Registry, Release, find},
    site::{Installed, Site},
    unreachable,
    venv::killed,
};
use crate::{
    machine::Output,
    sim::{Fault, Mac, Running, running::Print},
    value::Requirement,
};

/// What an installation is to come to.
struct Order {
    site: Site,
    /// What is asked for, a line each.
    asked: Vec<String>,
    hashes: bool,
    deps: bool,
    again: Vec<String>,
    sync: bool,
}

/// `uv pip install -p PYTHON [--require-hashes] [-r FILE | NAME…]`, and `sync`, which takes away what is not asked for.
pub(super) fn install(mac: &mut Mac, call: &Call, named: &[&str], sync: bool) -> Running {
    let site = match Site::open(mac, call) {
        Ok(site) => site,
        Err(failed) => return failed,
    };
    let uid = call.caller.uid;
    let files: Vec<&str> = if sync { named.to_vec() } else { call.values("-r").collect() };
    let mut asked: Vec<String> =
        if sync { vec![] } else { named.iter().map(|&name| name.to_owned()).collect() };
    for file in files {
        match lines(mac, uid, file.into()) {
            Some(lines) => asked.extend(lines),
            None => return Running::failed(2, format!("error: File not found: {file}\n")),
        }
    }
    let order = Order {
        site,
        asked,
        hashes: call.has("--require-hashes"),
        deps: !sync && !call.has("--no-deps"),
        again: call.values("--reinstall-package").map(str::to_owned).collect(),
        sync,
    };
    let home = call.home(mac);
    let mut running = Running::default();
    order.site.using(&mut running.output);
    let installed = order.site.installed(&*mac.disk);
    if Site::torn(&installed, &mut running.output) {
        return running;
    }
    let Some(releases) = order.releases(mac, &installed, &mut running.output) else { return running };
    let (coming, going) = order.changes(&installed, &releases);
    if coming.is_empty() && going.is_empty() {
        running.output.err(format!("Checked {} packages in 0.60ms\n", releases.len()));
        return running;
    }
    running.output.err(format!("Resolved {} packages in 100ms\n", releases.len()));
    let started = home.clone();
    running = running.then(Duration::from_millis(120), move |mac, output| {
        let now = mac.state.now;
        let begun = cache::begin(&mut *mac.disk, uid, &started, now)
            .and_then(|()| cache::note_credentials(&mut *mac.disk, uid, &started, now));
        if let Err(error) = begun {
            fail(output, 2, "Failed to initialize cache", &[&os(&error)]);
        }
    });
    for release in &coming {
        if !cache::has(&*mac.disk, &home, release) {
            running = download(running, mac, uid, &home, release);
        }
    }
    let count = coming.len();
    for (nth, release) in coming.into_iter().enumerate() {
        let (site, former) = (order.site.clone(), installed.get(&release.project.name).cloned());
        let takes = Duration::from_millis(3 + release.project.unpacked / 400_000);
        running = running.then(takes, move |mac, output| {
            if output.ok() {
                let half = nth >= count / 2 && mac.state.faults.take(Fault::UvKilled);
                put(mac, uid, &site, &release, former.as_ref(), half, output);
            }
        });
    }
    for name in going {
        let (site, former) = (order.site.clone(), installed.get(&name).cloned());
        running = running.then(Duration::from_millis(2), move |mac, output| {
            let now = mac.state.now;
            if let Some(package) = former.filter(|_| output.ok()) {
                match site.take(&mut *mac.disk, uid, &package, output, now) {
                    Ok(()) => output.err(format!(" - {name}=={}\n", package.version)),
                    Err(error) => fail(output, 2, &format!("Failed to uninstall {name}"), &[&os(&error)]),
                }
            }
        });
    }
    running
}

impl Order {
    /// The releases that are asked for, with what they need unless that was asked for too.
    fn releases(
        &self,
        mac: &mut Mac,
        installed: &BTreeMap<String, Installed>,
        output: &mut Output,
    ) -> Option<BTreeMap<String, Release>> {
        let mut wanted: Vec<Requirement> = vec![];
        for line in &self.asked {
            let text = line.split(" --hash").next().unwrap_or(line);
            match text.parse() {
                Ok(requirement) => wanted.push(requirement),
                Err(why) => {
                    fail(output, 2, &format!("Failed to parse: `{text}`"), &[&why]);
                    return None;
                }
            }
        }
        let there = |one: &Requirement| {
            installed.get(&one.name).is_some_and(|package| one.versions.allows(&package.version))
        };
        let satisfied = wanted.iter().all(there) && self.again.is_empty() && !self.sync;
        // What is there already needs no registry.
        if !satisfied && unreachable(mac, output, "https://pypi.org/simple/", "Failed to fetch:") {
            return None;
        }
        let preferred: BTreeMap<String, String> =
            installed.iter().map(|(name, package)| (name.clone(), package.version.clone())).collect();
        let registry = &mac.state.registry;
        let resolved = if satisfied {
            return Some(kept(&wanted, &preferred));
        } else if self.deps && !self.hashes {
            registry.resolve(&wanted, &preferred, &self.site.version)
        } else {
            alone(registry, &wanted)
        };
        match resolved {
            Ok(releases) if self.hashes => self.checked(releases, output),
            Ok(releases) => Some(releases),
            Err(why) => {
                fail(output, 1, "No solution found when resolving dependencies", &[&why]);
                None
            }
        }
    }

    /// Every wheel has to be one whose hash is asked for.
    fn checked(
        &self,
        releases: BTreeMap<String, Release>,
        output: &mut Output,
    ) -> Option<BTreeMap<String, Release>> {
        for line in &self.asked {
            let Some((name, _)) = pinned(std::slice::from_ref(line)).into_iter().next() else {
                let what = line.split_whitespace().next().unwrap_or_default();
                fail(
                    output,
                    2,
                    &format!(
                        "In `--require-hashes` mode, all requirements must have their versions pinned with `==`, but found: {what}"
                    ),
                    &[],
                );
                return None;
            };
            let Some(release) = releases.get(&name) else { continue };
            let sum = release.sha256();
            if !line.contains(&format!("sha256:{sum}")) {
                let cause = format!(
                    "Hash mismatch for `{release}`\n\n         Expected:\n           {}\n\n         Computed:\n           sha256:{sum}",
                    line.split("--hash=").nth(1).unwrap_or("nothing").trim()
                );
                fail(output, 1, &format!("Failed to download `{release}`"), &[&cause]);
                return None;
            }
        }
        Some(releases)
    }

    /// What is installed, and what is taken away.
    fn changes(
        &self,
        installed: &BTreeMap<String, Installed>,
        releases: &BTreeMap<String, Release>,
    ) -> (Vec<Release>, BTreeSet<String>) {
        let right = |release: &&Release| {
            let name = &release.project.name;
            let same = installed.get(name).is_some_and(|package| package.version == release.version);
            !same || self.again.contains(name)
        };
        let coming = releases.values().filter(right).cloned().collect();
        let going = installed.keys().filter(|name| self.sync && !releases.contains_key(*name));
        (coming, going.cloned().collect())
    }
}

/// Those of `wanted` as they are there.
fn kept(wanted: &[Requirement], there: &BTreeMap<String, String>) -> BTreeMap<String, Release> {
    let as_there = |one: &Requirement| {
        let project = find(&one.name)?;
        let version = there.get(&one.name)?.clone();
        Some((one.name.clone(), Release { project, version }))
    };
    wanted.iter().filter_map(as_there).collect()
}

/// Each of `wanted` by itself.
fn alone(registry: &Registry, wanted: &[Requirement]) -> Result<BTreeMap<String, Release>, String> {
    let mut releases = BTreeMap::new();
    for one in wanted {
        let found = find(&one.name).map(|project| registry.releases(project)).unwrap_or_default();
        let release = found.into_iter().rfind(|release| one.versions.allows(&release.version)).ok_or_else(|| {
            format!(
                "Because there is no version of {one} and you require {one}, we can conclude that your requirements are \
                 unsatisfiable."
            )
        })?;
        releases.insert(one.name.clone(), release);
    }
    Ok(releases)
}

/// In parts of at most 8 MB, so that others can act in between.
fn download(mut running: Running, mac: &Mac, uid: u32, home: &Utf8Path, release: &Release) -> Running {
    let parts = release.wheel() / 8_000_000 + 1;
    let part = release.wheel() / parts;
    let takes = Duration::from_micros(part * 8_000 / (mac.state.bandwidth / 1000).max(1));
    for nth in 1..=parts {
        let (home, release) = (home.to_owned(), release.clone());
        running = running.then(takes + Duration::from_millis(5), move |mac, output| {
            if !output.ok() {
                return;
            }
            mac.state.meter.downloaded += part;
            let url = "https://files.pythonhosted.org/packages";
            if nth == parts && !unreachable(mac, output, url, &format!("Failed to download `{release}` from"))
            {
                let now = mac.state.now;
                if let Err(error) = cache::keep(&mut *mac.disk, uid, &home, &release, now) {
                    fail(output, 2, &format!("Failed to download `{release}`"), &[&os(&error)]);
                }
            }
        });
    }
    running
}

fn put(
    mac: &mut Mac,
    uid: u32,
    site: &Site,
    release: &Release,
    former: Option<&Installed>,
    half: bool,
    output: &mut Output,
) {
    let now = mac.state.now;
    let full = mac.state.faults.take(Fault::DiskFull);
    let disk = &mut *mac.disk;
    let lock = site.path.join(".lock");
    let mut done = Ok(());
    if disk.node(&lock).is_none() {
        done = cache::put(disk, uid, &lock, cache::text(""), 0o666, now);
    }
    if let Some(former) = former {
        done = done.and_then(|()| site.take(disk, uid, former, output, now));
    }
    done = done.and_then(|()| site.put(disk, uid, release, half || full, now));
    match done {
        Ok(()) if half => killed(output),
        Ok(()) if !full => {
            if let Some(former) = former {
                output.err(format!(" - {}=={}\n", release.project.name, former.version));
            }
            output.err(format!(" + {release}\n"));
        }
        done => {
            let error = done.err().unwrap_or_else(|| std::io::ErrorKind::StorageFull.into());
            let cause = format!("Failed to copy to `{}`", site.path);
            fail(output, 2, &format!("Failed to install: {release}"), &[&cause, &os(&error)]);
        }
    }
}
