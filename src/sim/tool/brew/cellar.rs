//! What is installed: kegs, links and receipts on the disk (docs/mac-facts.md#brew-trees).

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{OWNER, PREFIX, VERSION, catalogue, catalogue::Formula, prefix};
use crate::{
    machine::Kind,
    sim::{Content, Disk},
    value::order_of_versions,
};

/// Where all versions of a formula lie.
pub(super) fn rack(name: &str) -> Utf8PathBuf {
    Utf8Path::new(PREFIX).join("Cellar").join(name)
}

pub(super) fn keg(name: &str, version: &str) -> Utf8PathBuf {
    rack(name).join(version)
}

/// The names of all formulae that are installed.
pub(super) fn installed(disk: &dyn Disk) -> Vec<String> {
    let names = disk.list(0, &Utf8Path::new(PREFIX).join("Cellar")).unwrap_or_default();
    names.into_iter().filter(|name| !versions(disk, name).is_empty()).collect()
}

/// The versions of a formula that are installed, the oldest first.
pub(super) fn versions(disk: &dyn Disk, name: &str) -> Vec<String> {
    let mut versions = disk.list(0, &rack(name)).unwrap_or_default();
    versions.retain(|version| disk.list(0, &keg(name, version)).is_ok_and(|names| !names.is_empty()));
    versions.sort_by(|one, other| order_of_versions(one, other));
    versions
}

/// The version that `opt` leads to, else the last one.
pub(super) fn active(disk: &dyn Disk, name: &str) -> Option<String> {
    let opt = disk.resolve(&Utf8Path::new(PREFIX).join("opt").join(name));
    let linked = opt.filter(|real| real.starts_with(rack(name)));
    linked.and_then(|real| real.file_name().map(str::to_owned)).or_else(|| versions(disk, name).pop())
}

pub(super) fn is_linked(disk: &dyn Disk, name: &str) -> bool {
    disk.node(&Utf8Path::new(PREFIX).join("var/homebrew/linked").join(name)).is_some()
}

/// Whether somebody has pinned it (docs/mac-facts.md#brew-pin).
pub(super) fn is_pinned(disk: &dyn Disk, name: &str) -> bool {
    disk.node(&pin(name)).is_some()
}

fn pin(name: &str) -> Utf8PathBuf {
    Utf8Path::new(PREFIX).join("var/homebrew/pinned").join(name)
}

/// What the receipt of a keg says.
pub(super) fn receipt(disk: &dyn Disk, name: &str, version: &str) -> Option<Value> {
    let content = disk.read(0, &keg(name, version).join("INSTALL_RECEIPT.json")).ok()?;
    serde_json::from_slice(&content.bytes(1 << 20)?).ok()
}

fn write_receipt(
    disk: &mut dyn Disk,
    name: &str,
    version: &str,
    receipt: &Value,
    now: Timestamp,
) -> io::Result<()> {
    let text = Content::Bytes(receipt.to_string().into_bytes());
    prefix::put(disk, &format!("Cellar/{name}/{version}/INSTALL_RECEIPT.json"), text, 0o644, now)
}

/// Says in the receipt of what is installed whether somebody asked for it.
pub(super) fn set_on_request(
    disk: &mut dyn Disk,
    name: &str,
    on_request: bool,
    now: Timestamp,
) -> io::Result<()> {
    let Some(version) = active(disk, name) else { return Ok(()) };
    let Some(mut told) = receipt(disk, name, &version) else { return Ok(()) };
    told["installed_on_request"] = on_request.into();
    write_receipt(disk, name, &version, &told, now)
}

/// Pours a bottle and links it, unless another version is there that is not.
pub(super) fn pour(
    disk: &mut dyn Disk,
    formula: &Formula,
    version: &str,
    on_request: bool,
    now: Timestamp,
) -> io::Result<()> {
    let Formula { name, poured, program, .. } = formula;
    let unlinked = active(disk, name).is_some() && !is_linked(disk, name);
    let seed =
        version.bytes().chain(name.bytes()).fold(7, |sum: u64, byte| sum * 31 % 999_983 + u64::from(byte));
    let content = Content::Made { size: *poured, seed };
    match program {
        // Its bin holds a link (docs/mac-facts.md#brew-ollama-job).
        Some("ollama") => {
            prefix::put(disk, &format!("Cellar/{name}/{version}/libexec/ollama"), content, 0o755, now)?;
            prefix::link(disk, &format!("Cellar/{name}/{version}/bin/ollama"), "../libexec/ollama", now)?;
        }
        Some(program) => {
            prefix::put(disk, &format!("Cellar/{name}/{version}/bin/{program}"), content, 0o755, now)?;
        }
        None => {
            prefix::put(disk, &format!("Cellar/{name}/{version}/lib/lib{name}.dylib"), content, 0o644, now)?;
        }
    }
    let needs: Vec<Value> = catalogue::runtime(formula)
        .into_iter()
        .map(|need| {
            let version = active(disk, need.name).unwrap_or_else(|| need.version.to_owned());
            json!({"full_name": need.name, "version": version})
        })
        .collect();
    let told = json!({
        "homebrew_version": VERSION,
        "used_options": [],
        "poured_from_bottle": true,
        "loaded_from_api": true,
        "installed_as_dependency": !on_request,
        "installed_on_request": on_request,
        "changed_files": [],
        "time": now.as_second(),
        "source_modified_time": 1_767_000_000,
        "source": {
            "path": null,
            "tap": formula.tap,
            "spec": "stable",
            "versions": {"stable": version, "version_scheme": 0},
        },
        "arch": "arm64",
        "runtime_dependencies": needs,
        "built_on": {"os": "Macintosh", "cpu_family": "dunno"},
    });
    write_receipt(disk, name, version, &told, now)?;
    let why = if formula.keg_only { "  keg_only :provided_by_macos\n" } else { "" };
    let source = format!("class {name} < Formula\n{why}end\n");
    let source = Content::Bytes(source.into_bytes());
    prefix::put(disk, &format!("Cellar/{name}/{version}/.brew/{name}.rb"), source, 0o644, now)?;
    if formula.keg_only || unlinked {
        return opt(disk, formula, version, now);
    }
    link(disk, formula, version, now)
}

/// Makes a keg the active one, also under former names that lead to it already.
fn opt(disk: &mut dyn Disk, formula: &Formula, version: &str, now: Timestamp) -> io::Result<()> {
    let name = formula.name;
    let old = formula.old_names.iter().filter(|old| {
        let node = disk.node(&Utf8Path::new(PREFIX).join("opt").join(old));
        node.and_then(|node| node.target).is_some_and(|target| target.as_str().contains(&format!("/{name}/")))
    });
    let names: Vec<&str> = old.chain(formula.aliases).copied().chain([name]).collect();
    for opt in names {
        prefix::link(disk, &format!("opt/{opt}"), &format!("../Cellar/{name}/{version}"), now)?;
    }
    Ok(())
}

/// Makes a keg the active one and links what it has.
pub(super) fn link(disk: &mut dyn Disk, formula: &Formula, version: &str, now: Timestamp) -> io::Result<()> {
    let name = formula.name;
    opt(disk, formula, version, now)?;
    let linked = format!("../../../Cellar/{name}/{version}");
    prefix::link(disk, &format!("var/homebrew/linked/{name}"), &linked, now)?;
    let (folder, file) = shared(formula);
    prefix::link(
        disk,
        &format!("{folder}/{file}"),
        &format!("../Cellar/{name}/{version}/{folder}/{file}"),
        now,
    )
}

/// The file of a keg that is linked into the prefix, and in which folder.
fn shared(formula: &Formula) -> (&'static str, String) {
    match formula.program {
        Some(program) => ("bin", program.to_owned()),
        None => ("lib", format!("lib{}.dylib", formula.name)),
    }
}

/// Takes a keg's links out of the prefix.
pub(super) fn unlink(
    disk: &mut dyn Disk,
    formula: &Formula,
    version: &str,
    now: Timestamp,
) -> io::Result<()> {
    let (folder, file) = shared(formula);
    let links = [format!("var/homebrew/linked/{}", formula.name), format!("{folder}/{file}")];
    remove_links(disk, formula.name, version, &links, now)
}

fn remove_links(
    disk: &mut dyn Disk,
    name: &str,
    version: &str,
    links: &[String],
    now: Timestamp,
) -> io::Result<()> {
    for link in links {
        let path = Utf8Path::new(PREFIX).join(link);
        if disk.resolve(&path).is_some_and(|real| real.starts_with(keg(name, version))) {
            disk.remove(OWNER, &path, now)?;
        }
    }
    Ok(())
}

/// Removes a keg, its links, and its rack when that is empty then.
pub(super) fn remove(disk: &mut dyn Disk, name: &str, version: &str, now: Timestamp) -> io::Result<()> {
    let mut links = vec![format!("opt/{name}")];
    if let Some(formula) = catalogue::find(name) {
        unlink(disk, formula, version, now)?;
        let others = formula.old_names.iter().chain(formula.aliases);
        links.extend(others.map(|other| format!("opt/{other}")));
    }
    remove_links(disk, name, version, &links, now)?;
    remove_tree(disk, &keg(name, version), now)?;
    let pinned = disk.node(&pin(name)).is_some() && disk.resolve(&pin(name)).is_none();
    if pinned {
        disk.remove(OWNER, &pin(name), now)?;
    }
    if disk.list(0, &rack(name)).is_ok_and(|versions| versions.is_empty()) {
        disk.remove(OWNER, &rack(name), now)?;
    }
    Ok(())
}

pub(super) fn remove_tree(disk: &mut dyn Disk, path: &Utf8Path, now: Timestamp) -> io::Result<()> {
    if disk.node(path).is_some_and(|node| node.kind == Kind::Folder) {
        for name in disk.list(0, path)? {
            remove_tree(disk, &path.join(name), now)?;
        }
    }
    disk.remove(OWNER, path, now)
}

/// The formulae that stand on `name`, by their receipts.
pub(super) fn users(disk: &dyn Disk, name: &str) -> Vec<String> {
    let stands = |user: &String| {
        let receipt = active(disk, user).and_then(|version| receipt(disk, user, &version));
        let needs = receipt.and_then(|receipt| receipt["runtime_dependencies"].as_array().cloned());
        needs.unwrap_or_default().iter().any(|need| need["full_name"] == name)
    };
    installed(disk).into_iter().filter(stands).collect()
}
