//! A Mac that is not the node the stack is for: refused before any change, every reason at once.

use forgectl::sim::Spec;

use super::*;
use crate::support::{SPINE, own_spec, stack};

fn mac(change: impl FnOnce(&mut Spec)) -> Mac {
    let mut spec = own_spec(&spine());
    change(&mut spec);
    Mac::new(&spec, 0)
}

#[test]
fn too_little_memory() {
    let text = refused(mac(|spec| spec.memory = 8 << 30), &spine());
    says(
        &text,
        &[
            "not the node that the stack is for: `memory`",
            "wanted: at least 16GB",
            "found: 8GB",
            "stack.yaml:6:",
        ],
    );
}

#[test]
fn too_old_a_macos() {
    let text = refused(mac(|spec| spec.macos = "14.7".into()), &spine());
    says(&text, &["`macos`", "wanted: >=15", "found: 14.7", "stack.yaml:7:"]);
}

#[test]
fn another_chip() {
    let stack = stack(&SPINE.replace("chip: any", "chip: [M4 Pro, M4 Max]"));
    let text = refused(mac(|_| {}), &stack);
    says(&text, &["`chip`", "wanted: M4 Pro or M4 Max", "found: M4\n", "stack.yaml:5:"]);
}

#[test]
fn all_reasons_are_told_at_once() {
    let stack =
        stack(&SPINE.replace("chip: any", "chip: M3 Ultra").replace("16GB", "256GB").replace("15\"", "26\""));
    let text = refused(mac(|spec| spec.ollama = false), &stack);
    says(
        &text,
        &[
            "`chip`",
            "stack.yaml:5:",
            "`memory`",
            "stack.yaml:6:",
            "`macos`",
            "stack.yaml:7:",
            "Ollama is not installed",
            "stack.yaml:12:1",
        ],
    );
}

#[test]
fn an_intel_mac() {
    let text = refused(mac(|spec| spec.chip = "Intel(R) Core(TM) i7-8700B CPU @ 3.20GHz".into()), &spine());
    says(&text, &["this Mac has an Intel processor", "i7-8700B", "forgectl is for Apple silicon"]);
    assert!(!text.contains("Rosetta"));
}

#[test]
fn under_rosetta() {
    let mut mac = mac(|_| {});
    mac.state.translated = true;
    let text = refused(mac, &spine());
    says(&text, &["forgectl runs translated by Rosetta", "arch -arm64 forgectl"]);
}

/// Root leaves nothing behind, not even a journal.
#[test]
fn as_root() {
    let mut mac = mac(|spec| spec.memory = 8 << 30);
    mac.state.root = true;
    let before = copy(&mac);
    let sim = sim(mac);
    let Err(error) = apply(&sim, &spine()) else { panic!("root was let in") };
    says(&text_of(&error), &["forgectl does not run as root", "run it as the user", "`memory`"]);
    assert!(
        engine::destroy(&sim, &spine(), &yes(), true, &forgectl::desk::Nobody, &Ears::default()).is_err()
    );
    let found = differences(&before, &still(&sim), true);
    assert!(found.is_empty(), "{found:#?}");
}

/// Kilobytes free: the download would not fit.
#[test]
fn no_room_for_the_download() {
    let text = refused(mac(|spec| spec.disk_free = 500_000_000), &spine());
    says(&text, &["not enough room on the disk", "needed: ", "free: "]);
}

/// A device manager's Mac is a Mac all the same.
#[test]
fn a_managed_mac_is_told_and_applied() {
    let sim = sim(mac(|_| {}));
    sim.with_mac(|mac| {
        write(mac, 0, "/private/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordFound", "");
    });
    assert!(plan(&sim, &spine()).node.managed);
    apply_well(&sim, &spine());
}
