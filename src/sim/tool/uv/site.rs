//! The packages of an environment, as they lie on the disk (docs/mac-facts.md#python-environment).

use std::{collections::BTreeMap, io, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde_json::json;

use super::{Call, cache, fail, registry::Release};
use crate::{
    machine::Output,
    sim::{Content, Disk, Mac, Running, running::Print},
    value::{Requirement, package_name},
};

/// An environment that is worked on.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) path: Utf8PathBuf,
    pub(super) version: String,
    folder: Utf8PathBuf,
}

/// A package that is told of in an environment.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    pub(super) version: String,
    /// What tells of it.
    told: Utf8PathBuf,
    /// What it needs; `None` when that cannot be read.
    needs: Option<Vec<Requirement>>,
}

impl Site {
    /// The environment of `-p`; fails with 2 when its Python is not there.
    pub(super) fn open(mac: &Mac, call: &Call) -> Result<Self, Running> {
        let python = Utf8PathBuf::from(call.value("-p").unwrap_or(".venv/bin/python"));
        let path = python.parent().and_then(Utf8Path::parent).map(Utf8Path::to_owned).unwrap_or_default();
        let none = || {
            Running::failed(
                2,
                format!(
                    "error: No virtual environment or system Python installation found for path `{python}`; run `uv venv` to \
                     create an environment\n"
                ),
            )
        };
        if mac.disk.resolve(&python).is_none() {
            return Err(none());
        }
        let content = mac.disk.read(call.caller.uid, &path.join("pyvenv.cfg")).map_err(|_| none())?;
        let text = String::from_utf8_lossy(&content.bytes(1 << 16).unwrap_or_default()).into_owned();
        let version = text.lines().find_map(|line| line.strip_prefix("version_info = ")).ok_or_else(none)?;
        let folder = path.join(format!("lib/python{}/site-packages", super::interpreters::minor(version)));
        Ok(Self { version: version.trim().to_owned(), path, folder })
    }

    pub(super) fn using(&self, output: &mut Output) {
        output.err(format!("Using Python {} environment at: {}\n", self.version, self.path));
    }

    /// What is installed, by name.
    pub(super) fn installed(&self, disk: &dyn Disk) -> BTreeMap<String, Installed> {
        let mut installed = BTreeMap::new();
        for name in disk.list(0, &self.folder).unwrap_or_default() {
            let parts = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'));
            let Some((project, version)) = parts else { continue };
            let told = self.folder.join(&name);
            let metadata = text(disk, &told.join("METADATA"));
            let needs = metadata.map(|text| {
                let lines = text.lines().filter_map(|line| line.strip_prefix("Requires-Dist: "));
                lines.filter_map(|line| line.parse().ok()).collect()
            });
            let found = Installed { version: version.to_owned(), told, needs };
            installed.extend(package_name(project).map(|name| (name, found)));
        }
        installed
    }

    /// Fails with 2 when half a package is in the way (docs/mac-facts.md#uv-torn-package).
    pub(super) fn torn(installed: &BTreeMap<String, Installed>, output: &mut Output) -> bool {
        let torn = installed.iter().find(|(_, package)| package.needs.is_none());
        let Some((name, package)) = torn else { return false };
        let cause = format!(
            "failed to open file `{}/METADATA`: No such file or directory (os error 2)",
            package.told
        );
        fail(output, 2, &format!("Failed to read metadata for: {name}=={}", package.version), &[&cause]);
        true
    }

    /// Installs a release; `half` stops as a kill does, before its installer signs.
    pub(super) fn put(
        &self,
        disk: &mut dyn Disk,
        uid: u32,
        release: &Release,
        half: bool,
        now: Timestamp,
    ) -> io::Result<()> {
        let Release { project, version } = release;
        let under = project.name.replace('-', "_");
        let dist = format!("{under}-{version}.dist-info");
        let told = self.folder.join(&dist);
        let mut record: Vec<String> = vec![];
        let mut put = |disk: &mut dyn Disk, name: String, content: Content, mode| {
            cache::put(disk, uid, &self.folder.join(&name), content, mode, now)?;
            record.push(format!("{name},,"));
            io::Result::Ok(())
        };
        let share = project.unpacked / project.modules.len().max(1) as u64;
        for module in &project.modules {
            let name = match module.strip_suffix(".py") {
                Some(_) => module.clone(),
                None if *module == under => format!("{module}/__init__.py"),
                None => format!("{module}/{under}.py"),
            };
            put(disk, name, Content::Made { size: share, seed: release.seed() }, 0o644)?;
        }
        let needs = project.needs.iter().map(|need| format!("Requires-Dist: {need}\n"));
        let needs = needs.collect::<Vec<_>>().concat();
        let metadata =
            format!("Metadata-Version: 2.4\nName: {}\nVersion: {version}\n{needs}\n", project.name);
        put(disk, format!("{dist}/METADATA"), cache::text(metadata), 0o644)?;
        put(disk, format!("{dist}/WHEEL"), cache::text("Wheel-Version: 1.0\n"), 0o644)?;
        if project.top_level {
            let modules = project.modules.iter().map(|name| name.strip_suffix(".py").unwrap_or(name));
            let modules = modules.map(|name| format!("{name}\n")).collect::<Vec<_>>().concat();
            put(disk, format!("{dist}/top_level.txt"), cache::text(modules), 0o644)?;
        }
        if half {
            return Ok(());
        }
        for script in &project.scripts {
            let content = cache::text(format!("#!{}/bin/python\n", self.path));
            cache::put(disk, uid, &self.path.join("bin").join(script), content, 0o755, now)?;
        }
        put(disk, format!("{dist}/INSTALLER"), cache::text("uv"), 0o644)?;
        put(disk, format!("{dist}/REQUESTED"), cache::text(""), 0o644)?;
        record.extend(project.scripts.iter().map(|script| format!("../../../bin/{script},,")));
        record.push(format!("{dist}/RECORD,,"));
        cache::put(disk, uid, &told.join("RECORD"), cache::text(record.join("\n") + "\n"), 0o644, now)
    }

    /// Removes what RECORD names, and the folders that are empty then. Without it only a warning comes of it.
    pub(super) fn take(
        &self,
        disk: &mut dyn Disk,
        uid: u32,
        package: &Installed,
        output: &mut Output,
        now: Timestamp,
    ) -> io::Result<()> {
        let Some(record) = text(disk, &package.told.join("RECORD")) else {
            output.err(format!(
                "warning: Failed to uninstall package at `{}` due to missing `RECORD` file. Installation may result in an \
                 incomplete environment.\n",
                package.told
            ));
            return Ok(());
        };
        for name in record.lines().filter_map(|line| line.split(',').next()) {
            let path = match name.strip_prefix("../../../") {
                Some(outside) => self.path.join(outside),
                None => self.folder.join(name),
            };
            if disk.node(&path).is_some() {
                disk.remove(uid, &path, now)?;
            }
            let inside = path
                .ancestors()
                .skip(1)
                .take_while(|above| *above != self.folder && above.starts_with(&self.folder));
            for above in inside {
                if disk.list(uid, above).is_ok_and(|names| names.is_empty()) {
                    disk.remove(uid, above, now)?;
                }
            }
        }
        Ok(())
    }
}

fn text(disk: &dyn Disk, path: &Utf8Path) -> Option<String> {
    let content = disk.read(0, path).ok()?;
    Some(String::from_utf8_lossy(&content.bytes(1 << 20)?).into_owned())
}

/// `uv pip check -p PYTHON`.
pub(super) fn check(mac: &Mac, call: &Call) -> Running {
    let site = match Site::open(mac, call) {
        Ok(site) => site,
        Err(failed) => return failed,
    };
    Running::default().then(Duration::from_millis(15), move |mac, output| {
        let installed = site.installed(&*mac.disk);
        site.using(output);
        output.err(format!("Checked {} packages in 0.40ms\n", installed.len()));
        let mut wrong = vec![];
        for (name, package) in &installed {
            let Some(needs) = &package.needs else {
                wrong.push(format!("The package `{name}` is broken or incomplete (unable to read `METADATA`). Consider recreating the virtualenv, or removing the package directory at: {}.", package.told));
                continue;
            };
            for need in needs {
                match installed.get(&need.name) {
                    None => wrong.push(format!("The package `{name}` requires `{need}`, but it's not installed")),
                    Some(there) if !need.versions.allows(&there.version) => wrong
                        .push(format!("The package `{name}` requires `{need}`, but `{}` is installed", there.version)),
                    Some(_) => {}
                }
            }
        }
        if wrong.is_empty() {
            return output.err("All installed packages are compatible\n");
        }
        output.code = 1;
        let noun = if wrong.len() == 1 { "incompatibility" } else { "incompatibilities" };
        output.err(format!("Found {} {noun}\n{}\n", wrong.len(), wrong.join("\n")));
    })
}

/// `uv pip list -p PYTHON --format json`.
pub(super) fn list(mac: &Mac, call: &Call) -> Running {
    match Site::open(mac, call) {
        Err(failed) => failed,
        Ok(site) => {
            let all = site.installed(&*mac.disk);
            let all: Vec<serde_json::Value> =
                all.iter().map(|(name, package)| json!({"name": name, "version": package.version})).collect();
            let mut running = Running::printed(serde_json::Value::from(all).to_string() + "\n");
            site.using(&mut running.output);
            running
        }
    }
}
