//! forgectl's own files are nobody else's to read or write, whoever wrote them and whatever the umask is.

use forgectl::machine::{Kind, Looking};

use super::{
    python::{text, with_uv},
    *,
};
use crate::support::stack;

const STATE: &str = "/Users/lab/.local/state/forgectl";

/// All below `path` with kind and mode.
fn below(sim: &Sim, path: &Utf8Path) -> Vec<(Utf8PathBuf, Kind, u32)> {
    let mut all = vec![];
    for name in sim.list(path).unwrap().unwrap() {
        let path = path.join(name);
        let stat = sim.stat(&path).unwrap().unwrap();
        all.push((path.clone(), stat.kind, stat.mode));
        if stat.kind == Kind::Folder {
            all.extend(below(sim, &path));
        }
    }
    all
}

#[track_caller]
fn are_private(sim: &Sim) {
    for (path, kind, mode) in below(sim, STATE.into()) {
        let wanted = if kind == Kind::Folder { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{path} has mode {mode:04o}");
    }
}

/// `uv` writes what it resolved by itself, and where groups may write by the umask, such a file is refused as somebody's.
#[test]
fn what_uv_wrote_down_becomes_ours_and_is_in_nobodys_way() {
    let sim = sim(with_uv());
    apply_well(&sim, &stack(&text("3.11", "six")));
    are_private(&sim);
    for packages in ["six, idna", "idna"] {
        well(&sim, &format!("chmod 664 {STATE}/python/lab.txt"));
        apply_well(&sim, &stack(&text("3.11", packages)));
    }
    well(&sim, &format!("chmod 664 {STATE}/python/lab.txt"));
    well(&sim, "rm -rf /Users/lab/forge/lab/.venv");
    apply_well(&sim, &stack(&text("3.11", "idna")));
    are_private(&sim);
}
