use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Text;

/// What a container is: as it is wanted, with secrets as holes in its environment, or as an engine shows one, all plain.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpec {
    /// Its image: `ghcr.io/open-webui/open-webui:v0.12.4`, a digest behind it where one is meant.
    pub image: String,
    /// What is run instead of the image's command.
    pub command: Option<Vec<String>>,
    /// What is run instead of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// Its variables beside those of the image.
    pub environment: BTreeMap<String, Text>,
    /// Its ports that are published on the engine's host.
    pub ports: Vec<PublishedPort>,
    /// Its volumes and bind mounts.
    pub mounts: Vec<Mount>,
    /// Temporary file systems: where, and their options.
    pub tmpfs: BTreeMap<String, String>,
    /// Its networks by name, and the names that it has in each.
    pub networks: BTreeMap<String, Vec<String>>,
    /// How its health is told.
    pub healthcheck: Option<Healthcheck>,
    /// When the engine starts it anew.
    pub restart: Restart,
    /// Lines `name:address` for its hosts file.
    pub extra_hosts: Vec<String>,
    /// Its labels beside those of the image.
    pub labels: BTreeMap<String, String>,
    /// Who runs in it, `uid:gid` or names.
    pub user: Option<String>,
    /// Where what runs in it starts.
    pub working_dir: Option<String>,
    /// Bytes of memory at the most.
    pub mem_limit: Option<u64>,
    /// Billionths of a processor at the most.
    pub nano_cpus: Option<u64>,
    /// Limits by name: soft and hard; -1 is none.
    pub ulimits: BTreeMap<String, (i64, i64)>,
    /// Bytes of `/dev/shm`.
    pub shm_size: Option<u64>,
    /// Whether its file system cannot be written.
    pub read_only: bool,
    /// Capabilities taken from it.
    pub cap_drop: Vec<String>,
    /// Options such as `no-new-privileges:true`.
    pub security_opt: Vec<String>,
    /// How long it may take to stop.
    pub stop_grace_period: Option<Duration>,
    /// Whether a small init of the engine's runs as its first process.
    pub init: bool,
}

/// A port of a container that is published.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct PublishedPort {
    /// Where it is published.
    pub address: IpAddr,
    /// Under which port there.
    pub published: u16,
    /// Which port in the container.
    pub target: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// What of elsewhere is in a container.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Mount {
    /// What.
    pub source: MountSource,
    /// Where in the container.
    pub target: String,
    /// Whether it cannot be written there.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A volume of the engine's by name.
    Volume(String),
    /// A file or folder of the Mac's.
    Bind(Utf8PathBuf),
}

/// How the health of a container is told.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`.
    pub test: Vec<String>,
    /// Between two tests.
    pub interval: Option<Duration>,
    /// How long a test may take.
    pub timeout: Option<Duration>,
    /// How many tests in a row have to fail.
    pub retries: Option<u32>,
    /// How long failures do not count after its start.
    pub start_period: Option<Duration>,
}

/// When the engine starts a container anew.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Whenever it has ended, and when the engine starts.
    Always,
    /// The same, unless somebody has stopped it.
    UnlessStopped,
    /// When it has failed: so many times; without a number, always.
    OnFailure(Option<u32>),
}

/// A path in a container as an engine keeps it: without empty parts, `.` and `..`. `None` for one that is not absolute.
pub fn cleaned(path: &str) -> Option<String> {
    let mut parts = vec![];
    for part in path.strip_prefix('/')?.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cleaned_as_an_engine_does() {
        for (path, clean) in [("/tmp/", "/tmp"), ("//a/./b/../c", "/a/c"), ("/", "/"), ("/..", "/")] {
            assert_eq!(cleaned(path).as_deref(), Some(clean), "{path}");
        }
        assert_eq!(cleaned("tmp"), None);
    }
}
