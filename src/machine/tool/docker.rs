//! Where the docker CLI finds its engine (docs/service-facts.md#docker-endpoint). The Engine API knows nothing of this.

use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    machine::{Identity, Look, Looking},
    value::hex,
};

/// Where an engine listens unless somebody says otherwise.
pub const DEFAULT: &str = "/var/run/docker.sock";

/// The engines that people have on a Mac, and their sockets below the home folder (docs/service-facts.md#docker-sockets).
pub const KNOWN: [(&str, &str); 3] = [
    ("Docker Desktop", ".docker/run/docker.sock"),
    ("OrbStack", ".orbstack/run/docker.sock"),
    ("Colima", ".colima/default/docker.sock"),
];

/// What the docker CLI would talk to, and what says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Endpoint {
    /// Nobody named one: it takes [`DEFAULT`].
    Unnamed,
    /// A socket of this Mac.
    Socket {
        /// Which.
        socket: Utf8PathBuf,
        /// What names it: `DOCKER_HOST`.
        by: String,
    },
    /// Something that is no socket of this Mac.
    Elsewhere {
        /// Where: `ssh://lab@server`.
        host: String,
        /// What names it.
        by: String,
    },
    /// A context of which nothing is known: every docker command fails.
    NoContext {
        /// Its name.
        name: String,
        /// Where it would be told.
        file: Utf8PathBuf,
        /// What names it.
        by: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(rename = "currentContext")]
    current_context: String,
}

#[derive(Deserialize)]
struct Context {
    #[serde(rename = "Endpoints", default)]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
}

/// What the docker CLI would talk to: `DOCKER_HOST` before `DOCKER_CONTEXT` before the current context of its configuration.
pub fn endpoint(look: &dyn Look, identity: &Identity) -> Result<Endpoint> {
    if let Some(host) = set(identity.docker.host.as_ref()) {
        return Ok(of_host(host, "`DOCKER_HOST`".into()));
    }
    let folder = identity.docker.config.clone().unwrap_or_else(|| identity.home.join(".docker"));
    if let Some(name) = set(identity.docker.context.as_ref()) {
        return of_context(look, &folder, name, format!("`DOCKER_CONTEXT={name}`"));
    }
    let file = folder.join("config.json");
    // One that cannot be read is passed over, as the CLI does.
    let config: Config =
        look.read(&file)?.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    match set(Some(&config.current_context)) {
        Some(name) => of_context(look, &folder, name, format!("the current context in {file}, `{name}`")),
        None => Ok(Endpoint::Unnamed),
    }
}

fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn of_host(host: &str, by: String) -> Endpoint {
    match host.strip_prefix("unix://") {
        Some("") => Endpoint::Socket { socket: DEFAULT.into(), by },
        Some(path) => Endpoint::Socket { socket: path.into(), by },
        None => Endpoint::Elsewhere { host: host.to_owned(), by },
    }
}

fn of_context(look: &dyn Look, folder: &Utf8Path, name: &str, by: String) -> Result<Endpoint> {
    if name == "default" {
        return Ok(Endpoint::Unnamed);
    }
    let file = meta(folder, name);
    let known: Option<Context> = look.read(&file)?.and_then(|text| serde_json::from_slice(&text).ok());
    let host = known.and_then(|context| context.endpoints.get("docker").map(|one| one.host.clone()));
    Ok(match set(host.as_ref()) {
        Some(host) => of_host(host, by),
        None => Endpoint::NoContext { name: name.to_owned(), file, by },
    })
}

/// Where a context is told.
fn meta(folder: &Utf8Path, name: &str) -> Utf8PathBuf {
    folder.join("contexts/meta").join(hex(&Sha256::digest(name))).join("meta.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_lies_where_the_cli_keeps_it() {
        for (name, folder) in [
            ("colima", "f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16"),
            ("desktop-linux", "fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e"),
            ("orbstack", "2d89b732b01a00a2d1675ed3cee9fd0f965daadf90603c989dd3afd4569c6896"),
        ] {
            let file = meta("/Users/lab/.docker".into(), name);
            assert_eq!(file, format!("/Users/lab/.docker/contexts/meta/{folder}/meta.json"));
        }
    }

    #[test]
    fn only_a_socket_is_on_this_mac() {
        let by = || "x".to_owned();
        let socket = |path: &str| Endpoint::Socket { socket: path.into(), by: by() };
        assert_eq!(of_host("unix:///a/b.sock", by()), socket("/a/b.sock"));
        assert_eq!(of_host("unix://", by()), socket(DEFAULT));
        for host in ["tcp://127.0.0.1:2375", "ssh://lab@server", "fd://3", "127.0.0.1:2375"] {
            assert_eq!(of_host(host, by()), Endpoint::Elsewhere { host: host.into(), by: by() });
        }
    }
}
