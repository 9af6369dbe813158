//! launchd: domains, jobs, overrides, and what happens to a job's process while time passes
//! (docs/mac-facts.md#launchd-domains and the sections after it).

mod brew;
mod child;
mod control;
mod definition;
mod describe;
mod domain;
mod environment;
mod identity;
mod judge;
mod keep_alive;
mod load;
mod outputs;
mod reboot;
mod settle;
mod spawn;
mod state;
#[cfg(test)]
mod tests;
mod texts;
mod unload;

use sha2::{Digest, Sha256};

use super::super::{Fault, Mac};

pub use brew::with_brew_ollama;
pub use child::Child;
pub use control::{kickstart, kill, set_enabled};
pub use definition::Definition;
pub use domain::DomainTarget;
pub use identity::Identity;
pub use keep_alive::KeepAlive;
pub use load::bootstrap;
pub use reboot::{log_in, log_out, reboot, unlock};
pub use settle::{due, settle, signalled};
pub use state::{Ending, Exit, Job, Launchd, Refusal};
pub use texts::text_of;
pub use unload::{bootout, label_in};

pub(in crate::sim::tool) use environment::SSH_AUTH_SOCK;
pub(in crate::sim::tool) use load::insert;
pub(in crate::sim::tool) use outputs::say;
pub(in crate::sim::tool) use reboot::plists;
use settle::reap;

/// Whether a domain is there; what `print` answers without one differs between releases
/// (docs/mac-facts.md#launchd-no-gui).
pub(in crate::sim::tool) fn present(mac: &mut Mac, domain: DomainTarget) -> Result<(), Refusal> {
    let hidden = matches!(domain, DomainTarget::Gui(_)) && mac.state.faults.take(Fault::NoGraphicalSession);
    if !hidden && mac.state.launchd.has(domain) {
        return Ok(());
    }
    Err(Refusal(if release(mac) >= 26 { 125 } else { 112 }))
}

/// The release of macOS by its first number.
pub(in crate::sim::tool) fn release(mac: &Mac) -> u32 {
    mac.state.spec.macos.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A number that follows from the Mac's seed, a job and how often it ran.
fn chance(mac: &Mac, label: &str) -> u64 {
    let runs: u64 = mac
        .state
        .launchd
        .all_jobs()
        .filter(|(_, job)| job.definition.label == label)
        .map(|(_, job)| job.runs)
        .sum();
    let hash = Sha256::new()
        .chain_update(mac.state.seed.to_le_bytes())
        .chain_update(label)
        .chain_update(runs.to_le_bytes())
        .finalize();
    hash.iter().take(7).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
