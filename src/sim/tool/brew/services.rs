use serde_json::{Value, json};

use super::{Call, catalogue, cellar};
use crate::{
    machine::tool::launchctl::{JobView, view},
    sim::{
        Caller, Mac, Running, USER,
        running::Print,
        tool::{launchctl, launchd},
    },
};

/// `brew services list | start NAME | stop NAME` (docs/mac-facts.md#brew-services).
pub(super) fn services(mac: &mut Mac, caller: Caller, call: &Call) -> Running {
    let (verb, name) = (call.names.first().map(String::as_str), call.names.get(1).map(String::as_str));
    match (verb, name) {
        (None | Some("list"), _) => list(mac, caller, call),
        (Some("start"), Some(name)) => start(mac, caller, name),
        (Some("stop"), Some(name)) => stop(mac, caller, name),
        _ => Running::failed(1, "Error: Invalid usage: the simulated Mac does not model this use of it\n"),
    }
}

fn label(mac: &Mac, name: &str) -> String {
    let old = format!("homebrew.mxcl.{name}");
    if mac.state.brew.new_labels && mac.disk.node(&plist(mac, &old)).is_none() {
        return format!("sh.brew.{name}");
    }
    old
}

fn plist(mac: &Mac, label: &str) -> camino::Utf8PathBuf {
    mac.home().join(format!("Library/LaunchAgents/{label}.plist"))
}

fn job(mac: &mut Mac, caller: Caller, label: &str) -> Option<JobView> {
    let words = ["print".to_owned(), format!("gui/{USER}/{label}")];
    view(&launchctl::run(mac, caller, &words).output).ok()
}

fn pid(mac: &mut Mac, caller: Caller, label: &str) -> Option<u32> {
    match job(mac, caller, label)? {
        JobView::Loaded(printed) => printed.pid(),
        JobView::NotLoaded | JobView::NoDomain => None,
    }
}

fn list(mac: &mut Mac, caller: Caller, call: &Call) -> Running {
    let mut told: Vec<Value> = vec![];
    for name in cellar::installed(&*mac.disk) {
        if !catalogue::find(&name).is_some_and(|formula| formula.service) {
            continue;
        }
        let label = label(mac, &name);
        let file = Some(plist(mac, &label)).filter(|path| mac.disk.node(path).is_some());
        let status = if pid(mac, caller, &label).is_some() { "started" } else { "none" };
        let user = file.as_ref().map(|_| mac.user_name(USER));
        told.push(json!({"name": name, "status": status, "user": user, "file": file, "exit_code": null}));
    }
    if call.has("--json") {
        return Running::printed(format!("{}\n", Value::from(told)));
    }
    let mut text = "Name   Status User File\n".to_owned();
    for job in &told {
        let word = |key: &str| job[key].as_str().unwrap_or("").to_owned();
        text += &[word("name"), word("status"), word("user"), word("file")].join(" ");
        text.push('\n');
    }
    Running::printed(text)
}

/// Only Ollama's job is known here.
fn start(mac: &mut Mac, caller: Caller, name: &str) -> Running {
    if name != "ollama" || cellar::versions(&*mac.disk, name).is_empty() {
        return Running::failed(1, format!("Error: Formula `{name}` is not installed.\n"));
    }
    let label = label(mac, name);
    if pid(mac, caller, &label).is_some() {
        return Running::printed(format!(
            "Service `{name}` already started, use `brew services restart {name}` to restart.\n"
        ));
    }
    match launchd::with_brew_ollama(mac, &label) {
        Ok(_) => Running::printed(format!("==> Successfully started `{name}` (label: {label})\n")),
        Err(_) => Running::failed(
            1,
            format!(
                "Error: Failure while executing; `/bin/launchctl bootstrap gui/{USER} {}` exited with 5.\n",
                plist(mac, &label)
            ),
        ),
    }
}

/// Its property list goes even when it is not started.
fn stop(mac: &mut Mac, caller: Caller, name: &str) -> Running {
    let label = label(mac, name);
    let file = plist(mac, &label);
    let mut running = Running::default();
    let words = ["bootout".to_owned(), format!("gui/{USER}/{label}")];
    if launchctl::run(mac, caller, &words).output.ok() {
        running.output.out(format!("Stopping `{name}`... (might take a while)\n"));
        running.output.out(format!("==> Successfully stopped `{name}` (label: {label})\n"));
    } else {
        running.output.err(format!("Warning: Service `{name}` is not started.\n"));
    }
    let now = mac.state.now;
    if mac.disk.node(&file).is_some() {
        let _ = mac.disk.remove(USER, &file, now);
    }
    running
}
