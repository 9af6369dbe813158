//! The Command Line Tools, and how Apple's update server brings them or does not.

use forgectl::sim::Node;

use super::*;

const GIT: &str = "/Library/Developer/CommandLineTools/usr/bin/git";
const PLACEHOLDER: &str = "/private/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress";
const LINK: &str = "/private/var/select/developer_dir";

/// No dialog popped up, and the placeholder is gone.
#[track_caller]
fn quiet(sim: &Sim) {
    sim.with_mac(|mac| {
        assert_eq!(mac.state.dialogs, [] as [&str; 0]);
        assert!(mac.disk.node(Utf8Path::new(PLACEHOLDER)).is_none(), "the placeholder is left over");
    });
}

fn there(sim: &Sim) -> bool {
    sim.with_mac(|mac| mac.disk.node(Utf8Path::new(GIT)).is_some())
}

#[test]
fn nothing_is_offered_at_first() {
    for times in [1, 5, 12] {
        let sim = faulty(Fault::UpdatesNothing, times);
        let ran = told(&sim, &spine());
        assert!(ran.summary.ok(), "{}", ran.text());
        quiet(&sim);
        healed(&sim, &spine());
    }
}

#[test]
fn nothing_is_ever_offered() {
    let sim = faulty(Fault::UpdatesNothing, 1000);
    let ran = told(&sim, &spine());
    let text = ran.failure(CLT);
    says(
        &text,
        &[
            "the Command Line Tools are not on offer",
            "waited 924 s",
            "No new software available.",
            "softwareupdate -l",
            "developer.apple.com/download/all",
            "stack.yaml:11:23",
        ],
    );
    assert!(!ran.summary.failed.iter().any(|id| id.to_string() == JOB), "independent branches go on");
    assert!(pid(&sim).is_some());
    quiet(&sim);
    sim.with_mac(|mac| mac.state.faults.disarm(Fault::UpdatesNothing));
    healed(&sim, &spine());
}

#[test]
fn noise_between_the_lines_is_passed_over() {
    let sim = faulty(Fault::UpdatesNoise, 100);
    apply_well(&sim, &spine());
    quiet(&sim);
    healed(&sim, &spine());
}

/// 16.10 is newer than 16.2, and a beta is never taken.
#[test]
fn the_newest_release_by_version_order_is_taken() {
    for newest in ["16.10", "16.4"] {
        let mut mac = fresh(&spine());
        mac.state.updates.tools = newest.into();
        mac.state.faults.arm(Fault::UpdatesSeveral, 100);
        mac.state.faults.arm(Fault::UpdatesBeta, 100);
        let sim = sim(mac);
        let ran = told(&sim, &spine());
        assert!(ran.summary.ok(), "{}", ran.text());
        let receipt = well(&sim, "pkgutil --pkg-info=com.apple.pkg.CLTools_Executables").stdout;
        says(&receipt, &[&format!("version: {newest}.")]);
        says(&ran.text(), &["Downloading Command Line Tools for Xcode"]);
        assert!(!ran.text().contains("beta"), "nothing of a beta is installed");
    }
}

#[test]
fn a_label_that_is_not_known_ends_with_0_and_is_told() {
    let sim = faulty(Fault::UpdatesNoSuchLabel, 1);
    let text = fails_then_heals(&sim, &spine(), CLT, |mac| {
        assert!(mac.disk.node(Utf8Path::new(PLACEHOLDER)).is_none(), "the placeholder is left over");
    });
    says(
        &text,
        &[
            "the Command Line Tools were not installed",
            "`sudo /usr/sbin/softwareupdate -i 'Command Line Tools for Xcode-16.4' --verbose` answered",
            "No such update",
            GIT,
            "softwareupdate -l",
        ],
    );
}

#[test]
fn an_install_that_hangs_after_it_is_done_is_ended_and_counts() {
    let sim = faulty(Fault::UpdatesHangAfterDone, 1);
    let before = sim.with_mac(|mac| mac.state.now);
    apply_well(&sim, &spine());
    assert!(sim.with_mac(|mac| mac.state.now).duration_since(before).as_mins() < 30);
    assert!(there(&sim));
    quiet(&sim);
    healed(&sim, &spine());
}

#[test]
fn an_install_that_hangs_before_it_does_anything_is_ended_and_told() {
    let sim = faulty(Fault::UpdatesHangBefore, 1);
    let text = told(&sim, &spine()).failure(CLT);
    says(
        &text,
        &[
            "the Command Line Tools were not installed",
            "softwareupdate -i",
            "had not ended after 2 h",
            "softwareupdate -l",
        ],
    );
    assert!(!there(&sim));
    quiet(&sim);
    healed(&sim, &spine());
}

/// A run of another tool was cut off.
#[test]
fn a_leftover_placeholder_is_cleared_away() {
    let sim = applied();
    run_as_root(&sim, &format!("touch {PLACEHOLDER}"));
    let item = planned(&sim, &spine(), CLT);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "clear a leftover placeholder away"));
    apply_well(&sim, &spine());
    quiet(&sim);
    healed(&sim, &spine());
}

/// Whoever writes there would follow it.
#[test]
fn a_link_in_the_place_of_the_placeholder_is_not_followed() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.memory_mut().unwrap().put(PLACEHOLDER, Node::link("/private/etc/sudoers", 502, 0, now));
    });
    let text = told(&sim, &spine()).failure(CLT);
    says(&text, &["something else is at", PLACEHOLDER, "looks for an empty file there", "ls -l"]);
    assert!(!there(&sim));
}

/// The receipt of the installer outlives the folder: it proves nothing.
#[test]
fn tools_that_were_deleted_are_installed_again_whatever_the_receipt_says() {
    let sim = applied();
    run_as_root(&sim, "rm -rf /Library/Developer/CommandLineTools");
    assert!(well(&sim, "pkgutil --pkg-info=com.apple.pkg.CLTools_Executables").ok());
    let item = planned(&sim, &spine(), CLT);
    assert_eq!((item.action, item.reason.as_str()), (Action::Add, "install"));
    apply_well(&sim, &spine());
    assert!(there(&sim));
    quiet(&sim);
    healed(&sim, &spine());
}

/// `xcode-select -p` prints the folder and ends with 0.
#[test]
fn a_choice_that_leads_to_a_dead_folder_is_mended() {
    for there_before in [false, true] {
        let sim = if there_before { applied() } else { sim(fresh(&spine())) };
        sim.with_mac(|mac| {
            let now = mac.state.now;
            let dead = Node::link("/Applications/Xcode-beta.app/Contents/Developer", 0, 0, now);
            mac.disk.memory_mut().unwrap().put(LINK, dead);
        });
        assert!(!planned(&sim, &spine(), CLT).reason.is_empty());
        if there_before {
            says(
                &planned(&sim, &spine(), CLT).reason,
                &["selected: /Applications/Xcode-beta.app/Contents/Developer, which has no tools"],
            );
            assert_eq!(planned(&sim, &spine(), CLT).quote.download, Some(0));
        }
        apply_well(&sim, &spine());
        nothing_to_do(&sim, &spine());
        assert_eq!(well(&sim, "xcode-select -p").stdout.trim(), "/Library/Developer/CommandLineTools");
        assert!(well(&sim, "git --version").ok());
        quiet(&sim);
    }
}

/// What leads nowhere is not put back, and that is said.
#[test]
fn destroy_says_that_a_dead_choice_is_not_put_back() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.memory_mut().unwrap().put(LINK, Node::link("/Volumes/Gone/Developer", 0, 0, now));
    });
    apply_well(&sim, &spine());
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    let kept = format!("{:?}", ran.summary.kept);
    says(&kept, &["/Volumes/Gone/Developer", "not put back"]);
}

/// A full Xcode has the same tools: nothing is fetched.
#[test]
fn xcode_is_good_enough() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        let xcode = Utf8Path::new("/Applications/Xcode.app/Contents/Developer");
        let disk = mac.disk.memory_mut().unwrap();
        let mut above: Vec<_> = xcode.ancestors().take_while(|path| *path != "/Applications").collect();
        above.reverse();
        let below = ["usr", "usr/bin", "Toolchains", "Toolchains/XcodeDefault.xctoolchain"]
            .map(|name| xcode.join(name));
        let toolchain = xcode.join("Toolchains/XcodeDefault.xctoolchain/usr");
        let folders = above.into_iter().map(Utf8Path::to_owned).chain(below);
        for folder in folders.chain([toolchain.clone(), toolchain.join("bin")]) {
            disk.put(folder, Node::folder(0o755, 0, 0, now));
        }
        for program in [xcode.join("usr/bin/git"), toolchain.join("bin/clang")] {
            disk.put(program, Node::file(Content::Made { size: 1000, seed: 1 }, 0o755, 0, 0, now));
        }
    });
    assert_eq!(planned(&sim, &spine(), CLT).action, Action::Keep);
    apply_well(&sim, &spine());
    assert!(!there(&sim));
    quiet(&sim);
}

/// Others use them too.
#[test]
fn destroy_without_all_data_leaves_the_tools_and_says_so() {
    let sim = applied();
    let summary =
        engine::destroy(&sim, &spine(), &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap();
    assert!(summary.ok());
    assert!(there(&sim));
    says(&format!("{:?}", summary.kept), &["other tools use them", "--all-data"]);
    destroy_well(&sim, &spine());
    same("destroyed at last", &fresh(&spine()), &still(&sim));
}
