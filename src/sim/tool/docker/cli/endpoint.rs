use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::table::table;
use crate::{
    sim::{Mac, Running, USER, tool::Environment},
    value::hex,
};

const DEFAULT: &str = "/var/run/docker.sock";

/// The socket that the command talks to (docs/service-facts.md#docker-endpoint); `Err` is what it says otherwise.
pub(super) fn find(
    mac: &Mac,
    host: Option<&str>,
    context: Option<&str>,
    environment: &Environment,
) -> Result<Utf8PathBuf, String> {
    if host.is_some() && context.is_some() {
        return Err("conflicting options: cannot specify both --host and --context".to_owned());
    }
    let set = |name: &str, own: Option<String>| {
        environment.get(name).cloned().or(own).filter(|value| !value.is_empty())
    };
    if context.is_none() {
        let host = host.map(str::to_owned).or_else(|| set("DOCKER_HOST", mac.state.docker.host.clone()));
        if let Some(host) = host {
            return unix(&host);
        }
    }
    let context =
        context.map(str::to_owned).or_else(|| set("DOCKER_CONTEXT", mac.state.docker.context.clone()));
    match context.or_else(|| current(mac, environment)) {
        Some(name) if name != "default" => of_context(mac, environment, &name),
        _ => Ok(DEFAULT.into()),
    }
}

fn unix(host: &str) -> Result<Utf8PathBuf, String> {
    let path = host.strip_prefix("unix://").filter(|path| !path.is_empty());
    path.map(Utf8PathBuf::from).ok_or_else(|| format!("unable to parse docker host `{host}`"))
}

fn folder(mac: &Mac, environment: &Environment) -> Utf8PathBuf {
    let named =
        environment.get("DOCKER_CONFIG").map(Utf8PathBuf::from).or_else(|| mac.state.docker.config.clone());
    named.unwrap_or_else(|| mac.home().join(".docker"))
}

fn json(mac: &Mac, path: &Utf8Path) -> Option<Value> {
    let content = mac.disk.read(USER, path).ok()?;
    serde_json::from_slice(&content.bytes(1 << 20)?).ok()
}

fn current(mac: &Mac, environment: &Environment) -> Option<String> {
    let config = json(mac, &folder(mac, environment).join("config.json"))?;
    config["currentContext"].as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn of_context(mac: &Mac, environment: &Environment, name: &str) -> Result<Utf8PathBuf, String> {
    let meta =
        folder(mac, environment).join("contexts/meta").join(hex(&Sha256::digest(name))).join("meta.json");
    let none = || format!("context \"{name}\": context not found: open {meta}: no such file or directory");
    let told = json(mac, &meta).ok_or_else(none)?;
    unix(told["Endpoints"]["docker"]["Host"].as_str().unwrap_or_default())
}

/// `docker context ls`.
pub(super) fn list(mac: &Mac, environment: &Environment) -> Running {
    let store = folder(mac, environment).join("contexts/meta");
    let current = current(mac, environment).unwrap_or_else(|| "default".to_owned());
    let mut known = vec![("default".to_owned(), "unix:///var/run/docker.sock".to_owned())];
    for name in mac.disk.list(USER, &store).unwrap_or_default() {
        if let Some(told) = json(mac, &store.join(name).join("meta.json")) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            known.push((text(&told["Name"]), text(&told["Endpoints"]["docker"]["Host"])));
        }
    }
    known.sort();
    let rows = known.into_iter().map(|(name, host)| {
        let mark = if name == current { " *" } else { "" };
        [format!("{name}{mark}"), String::new(), host, String::new()]
    });
    Running::printed(table(["NAME", "DESCRIPTION", "DOCKER ENDPOINT", "ERROR"], rows))
}
