use super::unix::{every, flags};
use crate::sim::{Caller, Mac, Running};

/// `touch [-c] PATH…`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || Running::failed(1, "usage: touch [-A [-][[hh]mm]SS] [-achm] [-r file] file ...\n");
    let Some((flags, operands)) = flags(arguments, "") else { return usage() };
    if operands.is_empty() || !flags.iter().all(|(flag, _)| "achm".contains(*flag)) {
        return usage();
    }
    let make = !flags.iter().any(|(flag, _)| *flag == 'c');
    let now = mac.state.now;
    every("touch", operands, |path| match mac.disk.resolve(path) {
        Some(_) => mac.disk.touch(caller.uid, path, now),
        None if make => mac.disk.append(caller.uid, path, b"", now),
        None => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn touch_makes_a_file_and_renews_its_time() {
        let sim = sim();
        assert!(exec(&sim, "touch /tmp/x").ok());
        let first = sim.with_mac(|mac| mac.disk.node("/tmp/x".into()).unwrap().modified);
        assert!(exec(&sim, "touch /tmp/x").ok());
        assert!(sim.with_mac(|mac| mac.disk.node("/tmp/x".into()).unwrap().modified) > first);
        assert_eq!(exec(&sim, "touch /Library/x").stderr, "touch: /Library/x: Permission denied\n");
    }
}
