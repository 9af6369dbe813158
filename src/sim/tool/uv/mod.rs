//! `uv`: what it makes on disk is the truth (docs/mac-facts.md#python-environment, docs/mac-facts.md#uv-exit-codes), its texts
//! and exit codes are those of 0.13.

mod cache;
mod compile;
mod install;
mod interpreters;
pub(in crate::sim) mod python;
mod registry;
mod site;
mod uninstall;
mod venv;

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};

use super::Environment;
use crate::{
    machine::Output,
    sim::{Caller, Fault, Mac, Running, running::Print},
};

pub use registry::Registry;

/// The release that is imitated.
const VERSION: &str = "0.13.8";

/// What its retries take until it gives up (docs/mac-facts.md#uv-exit-codes).
const TRIES: Duration = Duration::from_millis(7_400);

/// Whether a program of this path, which is without links, is `uv`.
pub(in crate::sim) fn is_at(path: &Utf8Path) -> bool {
    let homebrew = path.starts_with("/opt/homebrew/Cellar/uv");
    path.file_name() == Some("uv")
        && (homebrew || path.ends_with(".local/bin/uv") || path.ends_with(".cargo/bin/uv"))
}

/// How it was called.
struct Call {
    caller: Caller,
    /// Options with their values, the last one of a name first.
    options: Vec<(String, String)>,
    /// What is neither an option nor a value of one.
    words: Vec<String>,
    environment: Environment,
}

/// Options that have a value.
const VALUED: [&str; 6] = ["-p", "--python", "-o", "-r", "--output-format", "--reinstall-package"];

impl Call {
    fn new(caller: Caller, arguments: &[String], environment: &Environment) -> Self {
        let (mut options, mut words) = (vec![], vec![]);
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            if VALUED.contains(&word.as_str()) {
                let name = if word == "--python" { "-p" } else { word };
                options.push((name.to_owned(), rest.next().cloned().unwrap_or_default()));
            } else if word.starts_with('-') {
                options.push((word.clone(), String::new()));
            } else {
                words.push(word.clone());
            }
        }
        Self { caller, options, words, environment: environment.clone() }
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    fn value(&self, option: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == option).map(|(_, value)| value.as_str())
    }

    fn values(&self, option: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(name, _)| name == option).map(|(_, value)| value.as_str())
    }

    /// Whether it may fetch an interpreter.
    fn downloads(&self) -> bool {
        self.environment.get("UV_PYTHON_DOWNLOADS").is_none_or(|how| how != "never")
            && !self.has("--no-python-downloads")
    }

    fn home(&self, mac: &Mac) -> Utf8PathBuf {
        if self.caller.uid == 0 { "/var/root".into() } else { mac.home() }
    }
}

/// `uv COMMAND …`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String], environment: &Environment) -> Running {
    let call = Call::new(caller, arguments, environment);
    let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["venv", path] => venv::venv(mac, &call, Utf8Path::new(path)),
        ["pip", "compile", file] => compile::compile(mac, &call, Utf8Path::new(file)),
        ["pip", "install" | "sync", named @ ..] => {
            let sync = words.get(1) == Some(&"sync");
            install::install(mac, &call, named, sync)
        }
        ["pip", "uninstall", names @ ..] => uninstall::uninstall(mac, &call, names),
        ["pip", "check"] => site::check(mac, &call),
        ["pip", "list"] => site::list(mac, &call),
        ["python", "find", version] => interpreters::told(mac, &call, version),
        ["python", "install", version] => interpreters::install(mac, &call, version),
        ["python", "list"] => interpreters::list(mac, &call),
        ["self", "version"] => Running::printed(format!(
            "{{\n  \"package_name\": \"uv\",\n  \"version\": \"{VERSION}\",\n  \"commit_info\": null,\n  \"target_triple\": \
             \"aarch64-apple-darwin\"\n}}\n"
        )),
        [] if call.has("--version") => {
            Running::printed(format!("uv {VERSION} (Homebrew 2026-11-12 aarch64-apple-darwin)\n"))
        }
        _ => Running::failed(
            2,
            format!(
                "error: unrecognized subcommand '{}'\n\nUsage: uv [OPTIONS] <COMMAND>\n",
                words.join(" ")
            ),
        ),
    }
}

/// Adds what `uv` says of a failure, and sets its exit code.
fn fail(output: &mut Output, code: i32, error: &str, causes: &[&str]) {
    output.code = code;
    output.err(format!("error: {error}\n"));
    for cause in causes {
        output.err(format!("  cause: {cause}\n"));
    }
}

/// Whether the network, or the server of `url`, does not answer just now; says so after all retries.
fn unreachable(mac: &mut Mac, output: &mut Output, url: &str, fetching: &str) -> bool {
    let cause = if mac.state.faults.take(Fault::NetworkGone) {
        vec![
            format!("error sending request for url ({url})"),
            "client error (Connect)".into(),
            "dns error".into(),
            "error resolving DNS".into(),
            "failed to lookup address information: nodename nor servname provided, or not known".into(),
        ]
    } else if mac.state.faults.take(Fault::PythonRegistryDown) {
        vec![format!("HTTP status server error (503 Service Unavailable) for url ({url})")]
    } else {
        return false;
    };
    mac.advance(TRIES);
    let first = format!("{fetching} {url}");
    let causes: Vec<&str> = std::iter::once(first.as_str()).chain(cause.iter().map(String::as_str)).collect();
    fail(output, 2, "Request failed after 3 retries in 7.4s", &causes);
    true
}

/// Versions by name, of lines such as `six==1.17.0 --hash=…`.
fn pinned(lines: &[String]) -> BTreeMap<String, String> {
    let pairs = lines.iter().filter_map(|line| crate::machine::tool::uv::locked(line));
    pairs.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}
