//! A program of a Mac in a folder that hands over to the real one of this machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{kept::Opened, layout::Layout};
use crate::{
    machine::local::{
        Files, Laid,
        offspring::{self, Start},
    },
    sim::{Caller, Content, Mac, USER, tool},
    value::Problem,
};

/// Where a program is looked for that `uv` starts.
const PATH: &str = "/usr/bin:/bin";

/// What is passed on of an environment: how the network is reached and what is trusted there, and what speaks of `uv`.
const PASSED: [&str; 10] = [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LC_ALL",
    "NO_COLOR",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "UV_DEFAULT_INDEX",
];

/// An interpreter, as `uv python list` tells it.
#[derive(Deserialize)]
struct Interpreter {
    path: Utf8PathBuf,
    symlink: Option<Utf8PathBuf>,
}

/// From now on `uv` of the Mac in `folder` is the program `uv` of this machine, wherever it lies there: it really makes
/// environments under the folder, of packages of the real registry. It lies where its own installer puts it. The Mac gets this machine's interpreters under the paths that they have
/// here, and no others: none is fetched.
pub fn hand_over_uv(folder: &Utf8Path, uv: &Utf8Path) -> Result<()> {
    let mut opened = Opened::open(folder)?;
    let start = start(
        &opened.layout,
        uv,
        &BTreeMap::new(),
        &["python", "list", "--only-installed", "--output-format", "json"],
    );
    let (code, told) = offspring::output_of(&start).with_context(|| format!("running `{uv}`"))?;
    let found: Vec<Interpreter> = serde_json::from_str(&told).map_err(|error| {
        Problem::mac(format!("no `uv`: `{uv}`"))
            .why(format!("`python list` ended with {code}: {error}"))
            .hint("name the program itself")
    })?;
    let files = opened.layout.files();
    let now = opened.mac.state.now;
    for path in found.into_iter().filter(|found| found.symlink.is_none()).map(|found| found.path) {
        let program = Files::here().read_all(&path).with_context(|| format!("reading `{path}`"))?;
        if !path.is_absolute() || files.stat(&path)?.is_some() {
            continue;
        }
        files.lay(&path, Laid::File(&program), 0o755, now).with_context(|| format!("copying `{path}`"))?;
    }
    let own = opened.mac.home().join(".local/bin/uv");
    let disk = &mut opened.mac.disk;
    disk.make_dirs(USER, own.parent().unwrap_or(&own), 0o755, now)?;
    // Its own script takes its place.
    disk.write(USER, &own, Content::Made { size: 1, seed: 1 }, 0o755, now)?;
    opened.mac.state.registry.really_at = Some(uv.to_owned());
    opened.close()
}

/// The program of this machine that `argv` is handed over to, if it is.
pub(super) fn asked_for(mac: &Mac, caller: Caller, argv: &[String]) -> Option<Utf8PathBuf> {
    let real = mac.state.registry.really_at.clone()?;
    let path = tool::find(mac, caller, argv.first()?).ok()?;
    tool::uv::is_at(&path).then_some(real)
}

/// Runs it in the Mac's place, with the paths of the Mac as those of this machine. Nobody waits for the Mac meanwhile.
pub(super) fn run(
    opened: Opened,
    real: &Utf8Path,
    argv: &[String],
    environment: &BTreeMap<String, String>,
) -> Result<i32> {
    let words: Vec<String> = argv.iter().skip(1).map(|word| here(&opened.layout, word)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let start = start(&opened.layout, real, environment, &words);
    opened.close()?;
    offspring::pass_through(&start).with_context(|| format!("running `{real}`"))
}

fn start(layout: &Layout, uv: &Utf8Path, environment: &BTreeMap<String, String>, words: &[&str]) -> Start {
    let spoken_of = |name: &str| PASSED.contains(&name) || name.starts_with("UV_");
    let passed = environment.iter().filter(|(name, _)| spoken_of(name));
    let mut all: BTreeMap<String, String> =
        passed.map(|(name, value)| (name.clone(), value.clone())).collect();
    let home = environment.get("HOME").map_or("/Users/lab", String::as_str);
    all.extend(
        [
            ("HOME", here(layout, home)),
            ("PATH", PATH.to_owned()),
            ("UV_PYTHON_DOWNLOADS", "never".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Start {
        program: uv.to_owned(),
        arguments: words.iter().map(|&word| word.to_owned()).collect(),
        environment: all,
        folder: layout.root(),
        outputs: [None, None],
    }
}

/// A path of the Mac as it is on this machine; any other word as it is.
fn here(layout: &Layout, word: &str) -> String {
    match word.strip_prefix('/') {
        Some(inside) => layout.root().join(inside).into_string(),
        None => word.to_owned(),
    }
}
