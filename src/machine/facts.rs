//! What is known of this Mac, gathered once a pass.

use anyhow::{Context, Result};
use camino::Utf8Path;
use jiff::Timestamp;
use serde::Serialize;

use super::{Look, Looking, Tool};

/// What is known of one Mac. Whatever could not be found out is `None`, or `false` where it is a sign of something.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Facts {
    /// `M4 Pro`; an Intel Mac's own words otherwise.
    pub chip: Option<String>,
    /// Whether the chip is Apple's.
    pub apple_silicon: bool,
    /// Whether forgectl itself runs translated, as an Intel program.
    pub rosetta: bool,
    /// Cores of the GPU.
    pub gpu_cores: Option<u32>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// `Mac16,11`.
    pub model: Option<String>,
    /// `15.5`.
    pub macos: Option<String>,
    /// `24F74`.
    pub build: Option<String>,
    /// Free bytes of the data volume.
    pub disk_free: Option<u64>,
    /// Bytes of the data volume.
    pub disk_total: Option<u64>,
    /// The user's short name.
    pub user: String,
    /// The user's number.
    pub uid: u32,
    /// Whether the user is an administrator.
    pub admin: bool,
    /// The user's home folder.
    pub home: String,
    /// Whether this user's graphical session is in front; one that is switched away is not seen here
    /// (docs/mac-facts.md#console-owner).
    pub at_screen: bool,
    /// Whether there is a sign that a device manager enrolled the Mac; without one it may be so all the same
    /// (docs/mac-facts.md#mdm-readable).
    pub managed: bool,
    /// Whether a configuration profile holds settings now (docs/mac-facts.md#managed-preferences).
    pub managed_preferences: bool,
    /// When the Mac was started (docs/mac-facts.md#boot-time).
    pub boot: Option<Timestamp>,
    /// When this was gathered.
    pub seen: Timestamp,
}

const NAMES: [&str; 6] = [
    "machdep.cpu.brand_string",
    "hw.memsize",
    "hw.model",
    "hw.optional.arm64",
    "sysctl.proc_translated",
    "kern.boottime",
];

/// The volume that users' data lies on (docs/mac-facts.md#data-volume).
const DATA_VOLUME: &str = "/System/Volumes/Data";

/// Files that macOS leaves where a device manager enrolled the Mac (docs/mac-facts.md#mdm-readable).
const ENROLMENT_MARKS: [&str; 3] = [
    "/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled",
    "/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordFound",
    "/var/db/ConfigurationProfiles/Settings/.profilesAreInstalled",
];

/// Where the settings of configuration profiles lie.
const MANAGED_PREFERENCES: &str = "/Library/Managed Preferences";

/// Gathers the facts with two processes, `sysctl` and `ioreg`. Fails only where it cannot be found out who forgectl is, or
/// `sysctl` cannot be run: without these nothing can be judged.
pub fn gather(look: &dyn Look) -> Result<Facts> {
    let identity = look.identity()?;
    let values = look.sysctl(&NAMES).context("reading this Mac with `sysctl`")?;
    let value = |name: &str| values.get(name).map(String::as_str);
    let system = look.read(Utf8Path::new("/System/Library/CoreServices/SystemVersion.plist")).ok().flatten();
    let system: Option<plist::Dictionary> = system.and_then(|bytes| plist::from_bytes(&bytes).ok());
    let version = |key: &str| {
        system
            .as_ref()
            .and_then(|system| system.get(key))
            .and_then(plist::Value::as_string)
            .map(str::to_owned)
    };
    let disk = look.space(Utf8Path::new(DATA_VOLUME)).ok();
    let at = |path: &str| look.stat(Utf8Path::new(path)).ok().flatten();
    let names = look.list(Utf8Path::new(MANAGED_PREFERENCES)).ok().flatten();
    let brand = value("machdep.cpu.brand_string");
    Ok(Facts {
        chip: brand.map(|brand| brand.strip_prefix("Apple ").unwrap_or(brand).to_owned()),
        apple_silicon: value("hw.optional.arm64") == Some("1"),
        rosetta: value("sysctl.proc_translated") == Some("1"),
        gpu_cores: look.tool(Tool::Gpu).ok().and_then(|output| gpu_cores(&output.stdout)),
        memory: value("hw.memsize").and_then(|bytes| bytes.parse().ok()),
        model: value("hw.model").map(str::to_owned),
        macos: version("ProductVersion"),
        build: version("ProductBuildVersion"),
        disk_free: disk.map(|disk| disk.free),
        disk_total: disk.map(|disk| disk.total),
        at_screen: at("/dev/console").is_some_and(|console| console.uid == identity.uid),
        managed: ENROLMENT_MARKS.iter().any(|mark| at(mark).is_some()),
        managed_preferences: names.is_some_and(|names| !names.is_empty()),
        boot: value("kern.boottime").and_then(boot),
        admin: identity.is_admin(),
        user: identity.user,
        uid: identity.uid,
        home: identity.home.into_string(),
        seen: look.now(),
    })
}

/// `"gpu-core-count" = 10` (docs/mac-facts.md#ioreg-gpu-cores).
fn gpu_cores(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.split_once("\"gpu-core-count\" = ")?.1.trim().parse().ok())
}

/// `{ sec = 1767603000, usec = 710968 } Mon Jan  5 08:50:00 2026` (docs/mac-facts.md#boot-time).
fn boot(text: &str) -> Option<Timestamp> {
    let (seconds, _) = text.split_once("sec = ")?.1.split_once(',')?;
    Timestamp::from_second(seconds.trim().parse().ok()?).ok()
}
