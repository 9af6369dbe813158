use super::Target;
use crate::sim::{
    Caller, Mac, Running,
    tool::launchd::{self, DomainTarget, Refusal},
};

/// `kickstart [-k] [-p] DOMAIN/LABEL`. Flags may stand in one word.
pub(super) fn kickstart(mac: &mut Mac, caller: Caller, words: &[&str]) -> Running {
    let usage = "kickstart [-ksp] <service-target>";
    let (flags, targets): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with('-'));
    let flags = flags.concat();
    if targets.len() != 1 || !flags.chars().all(|c| "-ksp".contains(c)) {
        return Running::failed(64, format!("Usage: launchctl {usage}\n"));
    }
    let target = targets.first().and_then(|target| Target::service(target));
    let Some((domain, label)) = target else { return Target::unrecognized(usage) };
    match launchd::kickstart(mac, caller, domain, &label, flags.contains('k')) {
        Ok(Some(pid)) if flags.contains('p') && caller.terminal => {
            Running::printed(format!("service spawned with pid: {pid}\n"))
        }
        Ok(Some(pid)) if flags.contains('p') => Running::printed(format!("{pid}\n")),
        Ok(_) => Running::default(),
        Err(Refusal(37)) => Running::failed(37, ""),
        Err(Refusal(113)) => Running::failed(113, not_found(domain, &label)),
        Err(refusal) => Running::failed(
            refusal.0,
            format!("Could not kickstart service \"{label}\": {}: {refusal}\n", refusal.0),
        ),
    }
}

/// `kill SIGNAL DOMAIN/LABEL`, the signal a name with or without `SIG`, or a number.
pub(super) fn kill(mac: &mut Mac, caller: Caller, words: &[&str]) -> Running {
    let usage = "kill <signal-number|signal-name> <service-target>";
    let [signal, target] = words else {
        return Running::failed(64, format!("Usage: launchctl {usage}\n"));
    };
    let Some(signal) = signal_number(signal) else {
        return Running::failed(64, format!("Unrecognized signal: {signal}\nUsage: launchctl {usage}\n"));
    };
    let Some((domain, label)) = Target::service(target) else { return Target::unrecognized(usage) };
    match launchd::kill(mac, caller, domain, &label, signal) {
        Ok(()) => Running::default(),
        Err(Refusal(3)) => Running::failed(3, "No process to signal.\n"),
        Err(Refusal(1)) => Running::failed(1, "Not privileged to signal service.\n"),
        Err(Refusal(113)) => Running::failed(113, not_found(domain, &label)),
        Err(refusal) => {
            Running::failed(refusal.0, format!("Could not signal service: {}: {refusal}\n", refusal.0))
        }
    }
}

/// `enable DOMAIN/LABEL` and `disable DOMAIN/LABEL`.
pub(super) fn enable(mac: &mut Mac, caller: Caller, words: &[&str], enabled: bool) -> Running {
    let verb = if enabled { "enable" } else { "disable" };
    let usage = format!("{verb} <service-target>");
    let [target] = words else { return Running::failed(64, format!("Usage: launchctl {usage}\n")) };
    let Some((domain, label)) = Target::service(target) else { return Target::unrecognized(&usage) };
    match launchd::set_enabled(mac, caller, domain, &label, enabled) {
        Ok(()) => Running::default(),
        Err(refusal) => {
            Running::failed(refusal.0, format!("Could not {verb} service: {}: {refusal}\n", refusal.0))
        }
    }
}

/// What is said of a label that is not loaded.
pub(super) fn not_found(domain: DomainTarget, label: &str) -> String {
    format!("Could not find service \"{label}\" in domain for {}\n", domain.described())
}

fn signal_number(text: &str) -> Option<i32> {
    const NAMES: [(&str, i32); 15] = [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ILL", 4),
        ("TRAP", 5),
        ("ABRT", 6),
        ("KILL", 9),
        ("BUS", 10),
        ("SEGV", 11),
        ("PIPE", 13),
        ("TERM", 15),
        ("STOP", 17),
        ("CONT", 19),
        ("USR1", 30),
        ("USR2", 31),
    ];
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let named = NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    named.or_else(|| text.parse().ok().filter(|number| (0..32).contains(number)))
}
