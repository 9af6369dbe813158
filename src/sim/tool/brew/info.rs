use camino::Utf8Path;
use serde_json::{Value, json};

use super::{Call, PREFIX, catalogue, cellar, install};
use crate::sim::{Mac, Running};

/// `brew list [--versions] [--formula | --cask] [NAME…]` (docs/mac-facts.md#brew-list).
pub(super) fn list(mac: &Mac, call: &Call) -> Running {
    let disk = &*mac.disk;
    if call.has("--cask") {
        return casks(mac, call);
    }
    let line = |name: &String| format!("{name} {}\n", cellar::versions(disk, name).join(" "));
    let installed = cellar::installed(disk);
    if call.names.is_empty() {
        let lines = installed
            .iter()
            .map(|name| if call.has("--versions") { line(name) } else { format!("{name}\n") });
        return Running::printed(lines.collect::<String>());
    }
    let mut running = Running::default();
    for name in &call.names {
        let there = installed.contains(name);
        if call.has("--versions") {
            if there {
                running.output.stdout += &line(name);
            } else {
                running.output.code = 1;
            }
        } else if let Some(version) = cellar::active(disk, name) {
            let keg = cellar::keg(name, &version);
            let files = disk.list(0, &keg).unwrap_or_default();
            running.output.stdout.extend(files.iter().map(|file| format!("{keg}/{file}\n")));
        } else {
            return Running::failed(1, format!("Error: No such keg: {}\n", cellar::rack(name)));
        }
    }
    running
}

fn lines(names: &[String]) -> String {
    names.iter().fold(String::new(), |text, name| text + name + "\n")
}

fn casks(mac: &Mac, call: &Call) -> Running {
    let room = Utf8Path::new(PREFIX).join("Caskroom");
    let there = mac.disk.list(0, &room).unwrap_or_default();
    if call.names.is_empty() {
        return Running::printed(lines(&there));
    }
    match call.names.iter().find(|name| !there.contains(name)) {
        Some(name) => Running::failed(1, format!("Error: Cask '{name}' is not installed.\n")),
        None => Running::printed(lines(&call.names)),
    }
}

/// `brew info --json=v2 [--installed] [NAME…]`.
pub(super) fn info(mac: &Mac, call: &Call) -> Running {
    let mut running = Running::default();
    let mut names = call.names.clone();
    if call.has("--installed") {
        names = cellar::installed(&*mac.disk);
    }
    let mut told = vec![];
    for name in &names {
        let Ok(formula) = install::formula(name, &mut running.output) else { return running };
        told.push(describe(mac, formula));
    }
    if call.has("--json=v2") {
        running.output.stdout = format!("{}\n", json!({"formulae": told, "casks": []}));
    } else {
        let line = |told: &Value| {
            format!(
                "==> {}: stable {} (bottled)\n",
                told["name"].as_str().unwrap_or(""),
                told["versions"]["stable"]
            )
        };
        running.output.stdout = told.iter().map(line).collect();
    }
    running
}

fn describe(mac: &Mac, formula: &catalogue::Formula) -> Value {
    let disk = &*mac.disk;
    let name = formula.name;
    let offered = catalogue::offered(&mac.state.brew, formula);
    let active = cellar::active(disk, name);
    let installed: Vec<Value> = cellar::versions(disk, name)
        .into_iter()
        .map(|version| {
            let receipt = cellar::receipt(disk, name, &version).unwrap_or_default();
            json!({
                "version": version,
                "used_options": [],
                "built_as_bottle": true,
                "poured_from_bottle": true,
                "time": receipt["time"],
                "runtime_dependencies": receipt["runtime_dependencies"],
                "installed_as_dependency": receipt["installed_as_dependency"],
                "installed_on_request": receipt["installed_on_request"],
            })
        })
        .collect();
    json!({
        "name": name,
        "full_name": if formula.tap == "homebrew/core" { name.to_owned() } else { format!("{}/{name}", formula.tap) },
        "tap": formula.tap,
        "oldnames": formula.old_names,
        "aliases": formula.aliases,
        "versions": {"stable": offered, "head": null, "bottle": true},
        "keg_only": formula.keg_only,
        "dependencies": formula.needs,
        "linked_keg": active.as_ref().filter(|_| cellar::is_linked(disk, name)),
        "pinned": cellar::is_pinned(disk, name),
        "outdated": active.is_some_and(|version| version != offered),
        "deprecated": false,
        "disabled": false,
        "service": formula.service.then(|| json!({"run": [format!("{PREFIX}/opt/{name}/bin/{name}"), "serve"]})),
        "installed": installed,
    })
}

/// `brew outdated [--json=v2] [NAME…]`: 1 only when names are given and one of them is outdated.
pub(super) fn outdated(mac: &Mac, call: &Call) -> Running {
    let mut names = install::outdated(mac);
    names.retain(|name| call.names.is_empty() || call.names.contains(name));
    let told = |name: &String| {
        let offered = catalogue::find(name).map(|formula| catalogue::offered(&mac.state.brew, formula));
        json!({
            "name": name,
            "installed_versions": cellar::versions(&*mac.disk, name),
            "current_version": offered,
            "pinned": cellar::is_pinned(&*mac.disk, name),
            "pinned_version": null,
        })
    };
    let mut running = if call.has("--json=v2") {
        let formulae: Vec<Value> = names.iter().map(told).collect();
        Running::printed(format!("{}\n", json!({"formulae": formulae, "casks": []})))
    } else {
        Running::printed(lines(&names))
    };
    running.output.code = i32::from(!call.names.is_empty() && !names.is_empty());
    running
}
