use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::interpreters::minor;
use crate::sim::{Caller, Mac, Running, running::Print};

/// Whether a program of this path, which is without links, is an interpreter.
pub(in crate::sim) fn is_at(path: &Utf8Path) -> bool {
    let fetched = path.as_str().contains("/.local/share/uv/python/cpython-");
    let homebrew = path.starts_with("/opt/homebrew/Cellar") && path.as_str().contains("/python@");
    path.file_name().is_some_and(|name| name.starts_with("python3.")) && (fetched || homebrew)
}

/// `python -c CODE MODULE…`, of which only the import of those modules is imitated. Which environment it is of it finds out by
/// the name that it was called by.
pub(in crate::sim) fn run(mac: &mut Mac, caller: Caller, argv: &[String]) -> Running {
    let program = argv.first().map(Utf8PathBuf::from).unwrap_or_default();
    let environment = program.parent().and_then(Utf8Path::parent).map(Utf8Path::to_owned).unwrap_or_default();
    let Ok(config) = mac.disk.read(caller.uid, &environment.join("pyvenv.cfg")) else {
        return Running::failed(2, "python: the simulated Mac does not model this use of it\n");
    };
    let config = String::from_utf8_lossy(&config.bytes(1 << 16).unwrap_or_default()).into_owned();
    let version = config.lines().find_map(|line| line.strip_prefix("version_info = ")).unwrap_or_default();
    let site = environment.join(format!("lib/python{}/site-packages", minor(version)));
    let Some(code) = argv.iter().position(|word| word == "-c") else {
        return Running::printed(format!("Python {version}\n"));
    };
    let modules: Vec<String> = argv.iter().skip(code + 2).cloned().collect();
    let mut running = Running::default();
    for module in modules {
        let site = site.clone();
        running = running.then(Duration::from_millis(250), move |mac, output| {
            let there = |path: Utf8PathBuf| mac.disk.node(&path).is_some();
            if output.ok() && !there(site.join(&module)) && !there(site.join(format!("{module}.py"))) {
                output.code = 1;
                output.err(format!(
                    "Traceback (most recent call last):\n  File \"<string>\", line 3, in <module>\nModuleNotFoundError: No \
                     module named '{module}'\n"
                ));
            }
        });
    }
    running
}
