use std::{io, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{
    Call, VERSION, cache, fail,
    interpreters::{self, Interpreter, os},
};
use crate::{
    machine::{Kind, Output},
    sim::{Disk, Fault, Mac, Running, running::Print},
};

/// Scripts for shells, in the order in which they are written; of their sizes there is no need here.
const SCRIPTS: [&str; 10] = [
    "activate",
    "activate.csh",
    "activate.fish",
    "activate.nu",
    "activate.xsh",
    "activate.ps1",
    "activate.bat",
    "deactivate.bat",
    "pydoc.bat",
    "activate_this.py",
];

/// `uv venv PATH` (docs/mac-facts.md#uv-exit-codes).
pub(super) fn venv(mac: &mut Mac, call: &Call, path: &Utf8Path) -> Running {
    let wanted = call.value("-p").unwrap_or("3.14").to_owned();
    let (uid, home, path) = (call.caller.uid, call.home(mac), path.to_owned());
    let (allow, clear) = (call.has("--allow-existing"), call.has("--clear"));
    let started = home.clone();
    let running = Running::default().then(Duration::from_millis(60), move |mac, output| {
        let now = mac.state.now;
        if let Err(error) = cache::begin(&mut *mac.disk, uid, &started, now) {
            fail(output, 2, "Failed to initialize cache", &[&os(&error)]);
        }
    });
    let running = interpreters::ensure(mac, running, call, &wanted);
    if !running.output.ok() {
        return running;
    }
    running.then(Duration::from_millis(90), move |mac, output| {
        if !output.ok() {
            return;
        }
        let Some(found) = interpreters::find(mac, &home, &wanted) else { return };
        output.err(format!("Using {}\nCreating virtual environment at: {path}\n", found.words()));
        if let Err(cause) = in_the_way(&*mac.disk, &path, allow, clear) {
            fail(output, 2, "Failed to create virtual environment", &[&cause.0]);
            return output.err(cause.1);
        }
        if mac.state.faults.take(Fault::UvKilled) {
            let now = mac.state.now;
            let _ = begin(&mut *mac.disk, uid, &path, now);
            return killed(output);
        }
        let full = mac.state.faults.take(Fault::DiskFull);
        let now = mac.state.now;
        match make(&mut *mac.disk, uid, &path, &found, full, now) {
            Ok(()) => output.err(format!("Activate with: source {path}/bin/activate\n")),
            Err((at, error)) => {
                let cause = format!("failed to write to file `{at}`: {}", os(&error));
                fail(output, 2, "Failed to create virtual environment", &[&cause]);
            }
        }
    })
}

/// It ends as a signal ends it, without a word.
pub(super) fn killed(output: &mut Output) {
    output.code = 128 + 9;
}

/// Why nothing is made where something is: the cause and the hint.
fn in_the_way(
    disk: &dyn Disk,
    path: &Utf8Path,
    allow: bool,
    clear: bool,
) -> Result<(), (String, &'static str)> {
    let real = disk.resolve(path).and_then(|real| disk.node(&real));
    let Some(node) = real else { return Ok(()) };
    if node.kind != Kind::Folder {
        return Err((format!("File exists at `{path}`"), ""));
    }
    let environment = disk.node(&path.join("pyvenv.cfg")).is_some();
    let empty = disk.list(0, path).is_ok_and(|names| names.is_empty());
    match (allow || empty, clear, environment) {
        (true, ..) | (_, true, true) => Ok(()),
        (_, true, false) => Err((
            "uv will not clear a directory that is not a virtual environment".into(),
            "\nhint: Use the `--force` flag to remove the existing directory anyway\n",
        )),
        (_, false, true) => Err((
            format!("A virtual environment already exists at: {path}"),
            "\nhint: Use the `--clear` flag or set `UV_VENV_CLEAR=1` to replace the existing virtual environment\n",
        )),
        (_, false, false) => Err((
            format!("A directory already exists at: {path}"),
            "\nhint: Use the `--clear` flag or set `UV_VENV_CLEAR=1` to replace the existing directory\n",
        )),
    }
}

/// The folder and what is written into it first.
fn begin(disk: &mut dyn Disk, uid: u32, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
    disk.make_dirs(uid, path, 0o755, now)?;
    cache::put(disk, uid, &path.join("CACHEDIR.TAG"), cache::text(cache::TAG), 0o644, now)?;
    cache::put(disk, uid, &path.join(".gitignore"), cache::text("*"), 0o644, now)?;
    disk.make_dirs(uid, &path.join("bin"), 0o755, now)
}

fn make(
    disk: &mut dyn Disk,
    uid: u32,
    path: &Utf8Path,
    found: &Interpreter,
    full: bool,
    now: Timestamp,
) -> Result<(), (Utf8PathBuf, io::Error)> {
    let short = interpreters::minor(&found.version);
    let at = |path: &Utf8Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    begin(disk, uid, path, now).map_err(at(path))?;
    let names = ["python".to_owned(), "python3".to_owned(), format!("python{short}")];
    for (name, target) in names.iter().zip([found.path.as_str(), "python", "python"]) {
        let link = path.join("bin").join(name);
        if disk.node(&link).is_some() {
            disk.remove(uid, &link, now).map_err(at(&link))?;
        }
        disk.link(uid, &link, Utf8Path::new(target), now).map_err(at(&link))?;
    }
    for script in SCRIPTS {
        let script = path.join("bin").join(script);
        if full {
            return Err((script, io::ErrorKind::StorageFull.into()));
        }
        let content = cache::text(format!("VIRTUAL_ENV={path}\n"));
        cache::put(disk, uid, &script, content, 0o644, now).map_err(at(&script))?;
    }
    let told = format!(
        "home = {}\nimplementation = CPython\nuv = {VERSION}\nversion_info = {}\ninclude-system-site-packages = false\n",
        found.path.parent().unwrap_or(&found.path),
        found.version
    );
    let config = path.join("pyvenv.cfg");
    cache::put(disk, uid, &config, cache::text(told), 0o644, now).map_err(at(&config))?;
    let site = path.join(format!("lib/python{short}/site-packages"));
    disk.make_dirs(uid, &site, 0o755, now).map_err(at(&site))?;
    Ok(())
}
