use std::time::Duration;

use super::unix::flags;
use crate::sim::{Caller, Mac, Running};

/// `caffeinate [-dimsu] [-t SECONDS] [-w PID] [COMMAND…]` (docs/mac-facts.md#caffeinate): prints nothing, ends with what it waits
/// for.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || {
        Running::failed(64, "usage: caffeinate [-disu] [-t timeout] [-w Process ID] [command arguments...]\n")
    };
    let Some((flags, command)) = flags(arguments, "tw") else { return usage() };
    if !flags.iter().all(|(flag, _)| "dimsutw".contains(*flag)) {
        return usage();
    }
    if !command.is_empty() {
        return super::run(mac, caller, command);
    }
    let value = |wanted: char| flags.iter().find(|(flag, _)| *flag == wanted).map(|(_, value)| *value);
    match (value('w').map(str::parse::<u32>), value('t').map(str::parse)) {
        (Some(Err(_)), _) | (_, Some(Err(_))) => usage(),
        (Some(Ok(pid)), _) if !mac.state.processes.contains_key(&pid) => Running::default(),
        (_, Some(Ok(seconds))) => Running::default().then(Duration::from_secs(seconds), |_, _| {}),
        _ => Running::default().hanging(),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn it_ends_with_what_it_waits_for() {
        let sim = sim();
        assert_eq!(exec(&sim, "caffeinate -i -w 99999").code, 0);
        assert_eq!(exec(&sim, "caffeinate -i -w 1").code, 130, "launchd never ends");
        assert_eq!(exec(&sim, "caffeinate -i mkdir /tmp").code, 1);
        let before = sim.with_mac(|mac| mac.state.now);
        assert_eq!(exec(&sim, "caffeinate -t 30").code, 0);
        assert_eq!(sim.with_mac(|mac| mac.state.now).duration_since(before).as_secs(), 30);
    }
}
