//! What Colima keeps of a virtual machine on the Mac's disk (docs/service-facts.md#colima-files).

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::machine::{Look, Looking, Tool};

/// What a machine was last started as.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Started {
    /// Processors.
    pub cpu: u32,
    /// GiB of memory.
    pub memory: f64,
    /// GiB of disk.
    pub disk: u64,
}

/// Where Lima keeps the machine of a profile.
pub fn instance(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join("_lima").join(format!("colima-{profile}"))
}

/// Where its disk with images and volumes lies.
pub fn data_disk(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join("_lima/_disks").join(format!("colima-{profile}"))
}

/// Where the engine of a profile listens.
pub fn socket(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join(profile).join("docker.sock")
}

/// What the machine was last started as; `None` where there is none, or it never came up.
pub fn started(look: &dyn Look, home: &Utf8Path, profile: &str) -> Result<Option<Started>> {
    let text = look.read_text(&instance(home, profile).join("colima.yaml"))?;
    Ok(text.and_then(|text| serde_saphyr::from_str(&text).ok()))
}

/// Whether there is anything of a machine.
pub fn is_there(look: &dyn Look, home: &Utf8Path, profile: &str) -> Result<bool> {
    for path in [instance(home, profile), data_disk(home, profile)] {
        if look.stat(&path)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a machine was made, and has no process now.
pub fn is_down(look: &dyn Look, home: &Utf8Path, profile: &str) -> Result<bool> {
    Ok(look.stat(&instance(home, profile).join("lima.yaml"))?.is_some() && !is_up(look, home, profile)?)
}

/// Whether Lima's own process for a machine lives: its mark stays behind when it is killed.
pub fn is_up(look: &dyn Look, home: &Utf8Path, profile: &str) -> Result<bool> {
    let text = look.read_text(&instance(home, profile).join("ha.pid"))?;
    let Some(pid) = text.and_then(|text| text.trim().parse().ok()) else { return Ok(false) };
    let output = look.tool(Tool::ProcessEnvironment(pid))?;
    Ok(output.ok() && output.stdout.contains("hostagent"))
}

/// What Colima has said last, without the time; `None` where it has said nothing.
pub fn last_words(look: &dyn Look, log: &Utf8Path) -> Option<String> {
    let text = look.read_text(log).ok().flatten()?;
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    let said = line.split_once("msg=").map_or(line, |(_, said)| said);
    Some(format!("colima: {}", said.trim().trim_matches('"')))
}
