use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Target, failed};
use crate::{
    machine::Kind,
    sim::{
        Caller, Mac, Running,
        tool::launchd::{self, DomainTarget, Refusal, plists, set_enabled, settle},
    },
};

/// How long `bootout --wait` takes to see that the job is gone.
const LOOK: Duration = Duration::from_millis(100);

/// `bootstrap DOMAIN PATH…`: a line on standard error for each that was refused.
pub(super) fn bootstrap(mac: &mut Mac, caller: Caller, words: &[&str]) -> Running {
    let usage = "bootstrap <domain-target> [service-path, service-path2, ...]";
    let Some((domain, paths)) = words.split_first().filter(|(_, paths)| !paths.is_empty()) else {
        return Running::failed(64, format!("Usage: launchctl {usage}\n"));
    };
    let Ok(domain) = domain.parse::<DomainTarget>() else { return Target::unrecognized(usage) };
    let (mut said, mut refused, mut loaded) = (String::new(), None, 0);
    let paths: Vec<Utf8PathBuf> = paths.iter().flat_map(|path| expanded(mac, path)).collect();
    for path in paths {
        match launchd::bootstrap(mac, caller, domain, &path) {
            Ok(()) => loaded += 1,
            Err(refusal) => {
                let one = failed("Bootstrap", refusal, Some(path.as_str()), caller);
                said.push_str(&one.output.stderr);
                refused = Some(refusal);
            }
        }
    }
    match refused {
        // Some of several were refused: their lines are all that tells (docs/mac-facts.md#launchd-verbs).
        Some(_) if loaded > 0 => Running::failed(0, said),
        Some(Refusal(code)) => Running::failed(code, said),
        None => Running::default(),
    }
}

/// A folder stands for the property lists in it.
fn expanded(mac: &Mac, path: &str) -> Vec<Utf8PathBuf> {
    let path = Utf8Path::new(path);
    let folder = mac.disk.resolve(path).and_then(|path| mac.disk.node(&path));
    match folder {
        Some(node) if node.kind == Kind::Folder => plists(mac, path),
        _ => vec![path.to_owned()],
    }
}

/// `bootout [--wait] DOMAIN/LABEL` and `bootout DOMAIN PATH`.
pub(super) fn bootout(mac: &mut Mac, caller: Caller, words: &[&str]) -> Running {
    let usage = "bootout <domain-target> [service-path, service-path2, ...] | <service-target>";
    let wait = words.contains(&"--wait");
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--wait").collect();
    let (domain, label, path) = match words.as_slice() {
        [target] => match Target::service(target) {
            Some((domain, label)) => (domain, label, None),
            None => return Target::unrecognized(usage),
        },
        [domain, path] => {
            let Ok(domain) = domain.parse::<DomainTarget>() else { return Target::unrecognized(usage) };
            if mac.disk.resolve(Utf8Path::new(path)).is_none() {
                return failed("Boot-out", Refusal(2), Some(path), caller);
            }
            let label = launchd::label_in(mac, Utf8Path::new(path));
            match label.filter(|label| mac.state.launchd.job(domain, label).is_some()) {
                Some(label) => (domain, label, Some(*path)),
                None => return failed("Boot-out", Refusal(5), Some(path), caller),
            }
        }
        _ => return Running::failed(64, format!("Usage: launchctl {usage}\n")),
    };
    match launchd::bootout(mac, caller, domain, &label) {
        Ok(()) if wait => awaiting(mac, domain, &label),
        Ok(()) => Running::default(),
        Err(refusal) => failed("Boot-out", refusal, path, caller),
    }
}

/// Ends when the job is gone; launchd knows when that is at the latest.
fn awaiting(mac: &Mac, domain: DomainTarget, label: &str) -> Running {
    let Some(job) = mac.state.launchd.job(domain, label) else { return Running::default() };
    let ends = job.ending.as_ref().map(|ending| ending.at);
    match ends.into_iter().chain(job.kill_at).min() {
        Some(at) => {
            let time = Duration::try_from(at.duration_since(mac.state.now)).unwrap_or_default();
            Running::default().then(time + LOOK, |mac, _| settle(mac))
        }
        None => Running::default().hanging(),
    }
}

/// `load [-w] PATH` and `unload [-w] PATH`, which end with 0 whatever happens; `-w` sets the override too.
pub(super) fn legacy(mac: &mut Mac, caller: Caller, verb: &str, words: &[&str]) -> Running {
    let write = words.iter().any(|word| word.starts_with('-') && word.contains('w'));
    let paths: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
    if paths.is_empty() {
        return Running::failed(64, format!("Usage: launchctl {verb} [-wF] <service-path>\n"));
    }
    let domain = super::session::domain_of(mac, caller);
    let (what, instead) = if verb == "load" { ("Load", "bootstrap") } else { ("Unload", "bootout") };
    let mut said = String::new();
    let paths: Vec<Utf8PathBuf> = paths.into_iter().flat_map(|path| expanded(mac, path)).collect();
    for path in paths {
        let done = if verb == "load" {
            load(mac, caller, domain, &path, write)
        } else {
            unload(mac, caller, domain, &path, write)
        };
        if let Err(Refusal(code)) = done {
            let hint = format!("Try running `launchctl {instead}` as root for richer errors.");
            said += &[format!("{what} failed: {code}: {}", launchd::text_of(code)), hint, String::new()]
                .join("\n");
        }
    }
    Running::failed(0, said)
}

/// Without `-w` an override decides, with it the override is taken away first.
fn load(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    path: &Utf8Path,
    write: bool,
) -> Result<(), Refusal> {
    if write && let Some(label) = launchd::label_in(mac, path) {
        set_enabled(mac, caller, domain, &label, true)?;
    }
    launchd::bootstrap(mac, caller, domain, path)
}

/// With `-w` the job is disabled too, loaded or not.
fn unload(
    mac: &mut Mac,
    caller: Caller,
    domain: DomainTarget,
    path: &Utf8Path,
    write: bool,
) -> Result<(), Refusal> {
    let label = launchd::label_in(mac, path).ok_or(Refusal(5))?;
    if write {
        set_enabled(mac, caller, domain, &label, false)?;
    }
    launchd::bootout(mac, caller, domain, &label).map_err(|_| Refusal(5))
}
