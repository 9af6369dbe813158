use super::{DomainTarget, Exit, Refusal, reap, spawn::spawn, unload};
use crate::sim::{Caller, Mac};

/// `kickstart [-k] DOMAIN/LABEL`: starts what is loaded, as it was loaded, and says the process id.
/// Whether it overrides the throttle is not known; here it does not, `-k` excepted (docs/mac-facts.md#launchd-verbs).
pub fn kickstart(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    label: &str,
    kill: bool,
) -> Result<Option<u32>, Refusal> {
    super::present(mac, domain).map_err(|_| Refusal(125))?;
    let job = mac.state.launchd.job(domain, label).ok_or(Refusal(113))?;
    if !domain.changed_by(caller.uid) {
        return Err(Refusal(1));
    }
    if job.leaving || (job.pid.is_some() && !kill) {
        return Err(Refusal(37));
    }
    let throttled = job.pid.is_none() && job.runs > 0 && job.spawn_at.is_some();
    if throttled && !kill {
        return Ok(None);
    }
    if let Some(pid) = job.pid {
        if let Some(host) = mac.host.as_mut() {
            let _gone = host.signal(pid, 9);
        }
        reap(mac, domain, label, Exit::Signal(9));
    }
    spawn(mac, domain, label);
    Ok(mac.state.launchd.job(domain, label).and_then(|job| job.pid))
}

/// `kill SIGNAL DOMAIN/LABEL`.
pub fn kill(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    label: &str,
    signal: i32,
) -> Result<(), Refusal> {
    super::present(mac, domain).map_err(|_| Refusal(125))?;
    let job = mac.state.launchd.job(domain, label).ok_or(Refusal(113))?;
    if !domain.changed_by(caller.uid) {
        return Err(Refusal(1));
    }
    if job.pid.is_none() {
        return Err(Refusal(3));
    }
    unload::signal(mac, domain, label, signal);
    Ok(())
}

/// `enable` and `disable`: any label, known or not; they outlive all else (docs/mac-facts.md#launchd-override).
pub fn set_enabled(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    label: &str,
    enabled: bool,
) -> Result<(), Refusal> {
    if !domain.changed_by(caller.uid) {
        return Err(Refusal(1));
    }
    mac.state.launchd.overrides.entry(domain.owner()).or_default().insert(label.to_owned(), enabled);
    Ok(())
}
