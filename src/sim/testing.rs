//! What the tests of the simulated Mac share.

use super::{Caller, Content, Mac, Options, Session, Sim, Spec, SudoMode, USER};
use crate::machine::Output;

pub(super) fn spec() -> Spec {
    Spec {
        chip: "M4 Pro".to_owned(),
        memory: 64 << 30,
        macos: "15.5".to_owned(),
        disk_free: 460_000_000_000,
        sudo: SudoMode::Asks,
        session: Session::Gui,
        ollama: true,
        user: "lab".to_owned(),
    }
}

pub(super) fn mac() -> Mac {
    Mac::new(&spec(), 1)
}

pub(super) fn sim() -> Sim {
    Sim::new(mac(), Options::default())
}

/// Runs a command line, words apart by spaces, as the user at the terminal.
pub(super) fn exec(sim: &Sim, line: &str) -> Output {
    exec_as(sim, Caller::user(true), line)
}

pub(super) fn exec_as(sim: &Sim, caller: Caller, line: &str) -> Output {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    sim.exec(caller, &argv)
}

/// Owner, group and mode of what is at a path.
pub(super) fn owner_and_mode(sim: &Sim, path: &str) -> Option<(u32, u32, u32)> {
    sim.with_mac(|mac| mac.disk.node(path.into())).map(|node| (node.uid, node.gid, node.mode))
}

/// Writes a file of the user's.
pub(super) fn file(sim: &Sim, path: &str) {
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.write(USER, path.into(), Content::Bytes(b"text".to_vec()), 0o644, now).unwrap();
    });
}
