use camino::Utf8Path;

use super::unix::{denied, flags};
use crate::sim::{Caller, Mac, Running, running::Print};

/// `chmod MODE PATH…`, the mode in octal.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || {
        Running::failed(
            1,
            "usage:\tchmod [-fhv] [-R [-H | -L | -P]] [-a | +a | =a  [i][# [ n]]] mode|entry file ...\n",
        )
    };
    let Some(([], [mode, paths @ ..])) =
        flags(arguments, "").as_ref().map(|(flags, rest)| (&flags[..], *rest))
    else {
        return usage();
    };
    if paths.is_empty() {
        return usage();
    }
    let Ok(bits) = u32::from_str_radix(mode, 8) else {
        return Running::failed(1, format!("chmod: Invalid file mode: {mode}\n"));
    };
    let mut running = Running::default();
    for path in paths {
        if let Err(error) = mac.disk.chmod(caller.uid, Utf8Path::new(path), bits) {
            running.output.code = 1;
            running.output.err(format!("chmod: Unable to change file mode on {path}: {}\n", denied(&error)));
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn owners_change_the_mode_of_what_is_theirs() {
        let sim = sim();
        assert!(exec(&sim, "chmod 0700 /Users/lab").ok());
        assert_eq!(sim.with_mac(|mac| mac.disk.node("/Users/lab".into()).unwrap().mode), 0o700);
        let output = exec(&sim, "chmod 777 /Library");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (1, "chmod: Unable to change file mode on /Library: Operation not permitted\n")
        );
    }
}
