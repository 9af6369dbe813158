//! forgectl's own files are nobody else's to read or write, whoever wrote them and whatever the umask is.

use forgectl::{
    machine::{Kind, Looking},
    sim::Node,
};

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

#[test]
fn a_state_folder_that_is_somebody_elses_is_refused() {
    let ls = format!("ls -ld {STATE}");
    let chmod = format!("chmod go-w {STATE}");
    for (mode, uid, words, remedy) in [
        (0o755, 0, "belongs to another user (uid 0)", &ls),
        (0o700, 0, "belongs to another user (uid 0)", &ls),
        (0o770, USER, "can be written by others (mode 0770)", &chmod),
    ] {
        let mut mac = fresh(&spine());
        let (path, now) = (Utf8PathBuf::from(STATE), mac.state.now);
        let disk = mac.disk.memory_mut().unwrap();
        for above in [path.parent().unwrap().parent().unwrap(), path.parent().unwrap()] {
            disk.put(above, Node::folder(0o755, USER, 20, now));
        }
        disk.put(&path, Node::folder(mode, uid, 20, now));
        if (mode, uid) == (0o700, 0) {
            let Err(error) = engine::survey(&sim(copy(&mac)), &spine()) else { panic!("read all the same") };
            says(&text_of(&error), &["the journal cannot be read", "Permission denied", "ls -ld"]);
        }
        let text = refused(mac, &spine());
        says(&text, &[words, STATE, remedy]);
        assert_eq!(text.matches("ls -ld").count(), usize::from(uid != USER), "{text}");
    }
}

/// `~` cannot be written: forgectl cannot keep its books, and touches nothing.
#[test]
fn a_home_folder_that_cannot_be_written_is_refused() {
    let mut mac = fresh(&spine());
    let home = mac.home();
    mac.disk.chmod(0, &home, 0o500).unwrap();
    says(
        &refused(mac, &spine()),
        &["forgectl cannot keep its books", "/Users/lab/.local", "ls -ld /Users/lab"],
    );
}

#[test]
fn a_disk_that_is_full_from_the_start_is_refused() {
    let mut mac = fresh(&spine());
    mac.state.faults.arm_always(Fault::DiskFull);
    let text = refused(mac, &spine());
    says(&text, &["forgectl cannot keep its books", "No space left on device", "df -h /Users/lab"]);
    assert!(!text.contains("ls -ld"), "whose it is does not matter: {text}");
}

#[test]
fn a_journal_that_may_not_be_read_is_named_itself() {
    let sim = applied();
    sim.with_mac(|mac| {
        let path = Utf8PathBuf::from(STATE).join("journal.jsonl");
        mac.disk.chmod(0, &path, 0o000).unwrap();
    });
    says(
        &refused_on(&sim, &spine()),
        &[
            "the journal cannot be read",
            "Permission denied",
            "ls -ld /Users/lab/.local/state/forgectl /Users/lab/.local/state/forgectl/journal.jsonl",
        ],
    );
}
