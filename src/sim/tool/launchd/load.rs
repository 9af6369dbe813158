use std::time::Duration;

use camino::Utf8Path;

use super::{Definition, DomainTarget, Identity, Job, Refusal, judge::judge};
use crate::sim::{Caller, Fault, Mac, clock::after};

/// From load to the first start of a job that starts by itself.
const FIRST_START: Duration = Duration::from_millis(40);

/// `bootstrap` of one property list (docs/mac-facts.md#launchd-verbs).
pub fn bootstrap(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    plist: &Utf8Path,
) -> Result<(), Refusal> {
    may_load(mac, caller, domain)?;
    let faults = &mut mac.state.faults;
    if faults.take(Fault::BootstrapIo) {
        return Err(Refusal(5));
    }
    if faults.take(Fault::BootstrapTearingDown) {
        return Err(Refusal(124));
    }
    let definition = match judge(mac, domain, plist) {
        Ok(definition) => definition,
        Err(_) if mac.state.faults.take(Fault::BootstrapOnlyFive) => return Err(Refusal(5)),
        Err(refusal) => return Err(refusal),
    };
    insert(mac, domain, Some(plist), definition);
    if mac.state.faults.take(Fault::BootstrapLoadsAndFails) { Err(Refusal(5)) } else { Ok(()) }
}

/// Whether the domain is there and the caller may load into it.
pub(super) fn may_load(mac: &mut Mac, caller: Caller, domain: DomainTarget) -> Result<(), Refusal> {
    super::present(mac, domain).map_err(|_| Refusal(125))?;
    if domain.changed_by(caller.uid) { Ok(()) } else { Err(Refusal(5)) }
}

/// Puts a job into a domain; it starts a moment later if it starts by itself.
pub(in crate::sim::tool) fn insert(
    mac: &mut Mac,
    domain: DomainTarget,
    plist: Option<&Utf8Path>,
    definition: Definition,
) {
    let starts = definition.starts_at_load() || definition.keep_alive.wants(None, mac.disk.as_ref());
    let never = starts && mac.state.faults.take(Fault::NeverSpawned);
    let launchd = &mut mac.state.launchd;
    launchd.loads += 1;
    let job = Job {
        plist: plist.map(Utf8Path::to_owned),
        identity: Identity::of(mac.disk.as_ref(), &definition.program),
        identity_stale: false,
        pid: None,
        runs: 0,
        last: None,
        started: None,
        spawn_at: (starts && !never).then(|| after(mac.state.now, FIRST_START)),
        ending: None,
        signalled: None,
        kill_at: None,
        leaving: false,
        number: launchd.loads,
        definition,
    };
    launchd.jobs.entry(domain).or_default().insert(job.definition.label.clone(), job);
}
