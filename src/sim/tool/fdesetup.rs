use crate::sim::{Caller, Mac, Running};

/// `fdesetup status | isactive` (docs/mac-facts.md#fdesetup-status).
pub(super) fn run(mac: &mut Mac, _: Caller, arguments: &[String]) -> Running {
    let on = mac.state.filevault;
    match arguments.first().map(String::as_str) {
        Some("status") => Running::printed(format!("FileVault is {}.\n", if on { "On" } else { "Off" })),
        Some("isactive") => {
            let mut running = Running::printed(format!("{on}\n"));
            running.output.code = i32::from(!on);
            running
        }
        _ => Running::failed(1, "fdesetup: The verb was not recognized.\n"),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn it_tells_on_from_off() {
        let sim = sim();
        assert_eq!(exec(&sim, "fdesetup status").stdout, "FileVault is Off.\n");
        sim.with_mac(|mac| mac.state.filevault = true);
        assert_eq!(exec(&sim, "fdesetup status").stdout, "FileVault is On.\n");
    }
}
