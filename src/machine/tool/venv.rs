//! What a Python environment holds, read from its files: no Python is started (docs/mac-facts.md#python-environment).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::{Kind, Look, Looking},
    value::package_name,
};

/// An environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Environment {
    /// The version of Python that it was made with: `3.11.9`.
    pub version: String,
    /// The program that its `python` leads to; `None` when nothing that can be run is there any more.
    pub interpreter: Option<Utf8PathBuf>,
    /// Where its packages are.
    pub site: Utf8PathBuf,
    /// Its packages by normalised name.
    pub packages: BTreeMap<String, Package>,
    /// The names of folders that tell of a package and have no METADATA: with one of them `uv` installs nothing
    /// (docs/mac-facts.md#uv-torn-package).
    pub torn: Vec<String>,
}

/// A package that is installed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Package {
    /// Its version.
    pub version: String,
    /// Whether it came from a URL or a folder, and not from the registry.
    pub elsewhere: bool,
    /// Whether its installer came to the end, as far as is to be seen: others than `uv` need not leave what shows it.
    pub signed: bool,
    /// The folder that tells of it.
    pub told: Utf8PathBuf,
}

/// What `uv` writes when all other files are there.
const SIGNED: [&str; 2] = ["INSTALLER", "RECORD"];

/// The environment in `path`; `None` where none is.
pub fn read(look: &dyn Look, path: &Utf8Path) -> Result<Option<Environment>> {
    let Some(text) = look.read_text(&path.join("pyvenv.cfg"))? else { return Ok(None) };
    let version = version(&text).unwrap_or_default();
    let site = site(path, &version);
    let mut found = Environment { interpreter: interpreter(look, path)?, version, ..Environment::default() };
    for name in look.list(&site)?.unwrap_or_default() {
        let Some((project, version)) = name.strip_suffix(".dist-info").and_then(|name| name.rsplit_once('-'))
        else {
            continue;
        };
        let told = site.join(&name);
        let names = look.list(&told)?.unwrap_or_default();
        let has = |wanted: &&str| names.iter().any(|name| name == wanted);
        if !has(&"METADATA") {
            found.torn.push(name);
        } else if let Some(project) = package_name(project) {
            let (elsewhere, signed) = (has(&"direct_url.json"), SIGNED.iter().all(has));
            found.packages.insert(project, Package { version: version.to_owned(), elsewhere, signed, told });
        }
    }
    Ok(Some(Environment { site, ..found }))
}

/// Where an environment of this version of Python has its packages.
pub fn site(path: &Utf8Path, version: &str) -> Utf8PathBuf {
    let minor: Vec<&str> = version.split('.').take(2).collect();
    path.join(format!("lib/python{}/site-packages", minor.join(".")))
}

/// The name of the package that a folder tells of.
pub fn package_of(told: &Utf8Path) -> Option<String> {
    let (project, _) = told.file_name()?.strip_suffix(".dist-info")?.rsplit_once('-')?;
    package_name(project)
}

/// The first three numbers of the version: `uv` and `virtualenv` write `version_info`, Python's own `venv` writes `version`.
fn version(text: &str) -> Option<String> {
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim())
    };
    let version = value("version_info").or_else(|| value("version"))?;
    let numbers =
        version.split('.').take(3).take_while(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let numbers: Vec<&str> = numbers.collect();
    (numbers.len() >= 2).then(|| numbers.join("."))
}

/// The program that `bin/python` leads to.
fn interpreter(look: &dyn Look, path: &Utf8Path) -> Result<Option<Utf8PathBuf>> {
    let Some(real) = look.resolve(&path.join("bin/python"))? else { return Ok(None) };
    let stat = look.stat(&real)?;
    Ok(stat.filter(|stat| stat.kind == Kind::File && stat.mode & 0o111 != 0).map(|_| real))
}

/// What can be imported of a package, by what its installer has written down: the modules that bear its name where there are
/// such, else all that are not marked as its own affair.
pub fn modules(look: &dyn Look, name: &str, package: &Package) -> Result<Vec<String>> {
    let listed = look.read_text(&package.told.join("top_level.txt"))?.unwrap_or_default();
    let mut all: BTreeSet<String> = listed.lines().map(str::trim).map(str::to_owned).collect();
    if all.iter().all(String::is_empty) {
        let record = look.read_text(&package.told.join("RECORD"))?.unwrap_or_default();
        all = record.lines().filter_map(module).collect();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    all.retain(|module| {
        !module.is_empty()
            && module.chars().all(plain)
            && !module.starts_with(|c: char| c == '_' || c.is_ascii_digit())
    });
    let own: Vec<String> =
        all.iter().filter(|module| package_name(module).as_deref() == Some(name)).cloned().collect();
    Ok(if own.is_empty() { all.into_iter().collect() } else { own })
}

/// The module at the top that a line of RECORD is a part of: `mlx/core.cpython-311-darwin.so,sha256=…,123`.
fn module(line: &str) -> Option<String> {
    let path =
        line.strip_prefix('"').map_or_else(|| line.split(',').next(), |quoted| quoted.split('"').next())?;
    if !matches!(Utf8Path::new(path).extension(), Some("py" | "so")) {
        return None;
    }
    let (first, inside) = path.split_once('/').map_or((path, false), |(first, _)| (first, true));
    let name = if inside { first } else { first.split('.').next()? };
    let notes = matches!(Utf8Path::new(name).extension(), Some("dist-info" | "data"));
    (name != ".." && !notes).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_maker_of_environments_tells_the_version() {
        for (text, wanted) in [
            (
                "home = /usr/bin\nimplementation = CPython\nuv = 0.13.8\nversion_info = 3.11.2\n",
                Some("3.11.2"),
            ),
            ("home = /usr/bin\nversion = 3.12.1\n", Some("3.12.1")),
            ("version_info = 3.9.18.final.0\nversion = 3.9.18\n", Some("3.9.18")),
            ("home = /usr/bin\n", None),
            ("version = 3\n", None),
        ] {
            assert_eq!(version(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn modules_are_those_of_the_record() {
        for (line, wanted) in [
            ("six.py,sha256=x,34703", Some("six")),
            ("mlx/core.cpython-311-darwin.so,sha256=x,1", Some("mlx")),
            ("_cffi_backend.cpython-311-darwin.so,sha256=x,1", Some("_cffi_backend")),
            ("\"odd,name/__init__.py\",sha256=x,1", Some("odd,name")),
            ("../../bin/hf,sha256=x,1", None),
            ("six-1.17.0.dist-info/RECORD,,", None),
            ("six-1.17.0.dist-info/x.py,,", None),
        ] {
            assert_eq!(module(line).as_deref(), wanted, "{line}");
        }
    }
}
