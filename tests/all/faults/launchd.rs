//! launchd: races, overrides, sessions, and hands that change what forgectl left.

use std::sync::atomic::{AtomicU32, Ordering};

use forgectl::sim::{Mac, Session, Spec, tool::launchd::log_out};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, spine_with};

fn boot() -> Stack {
    spine_with("start: login", "start: boot")
}

/// An apply that has to reload the job since the manifest says another `keep_alive`.
fn reload() -> (Sim, Stack) {
    (applied(), spine_with("keep_alive: 30m", "keep_alive: 5m"))
}

#[test]
fn bootstrap_answers_5_for_a_while() {
    for times in [1, 3, 9] {
        healed(&faulty(Fault::BootstrapIo, times), &spine());
    }
}

#[test]
fn bootstrap_answers_5_for_ever() {
    let text = fails_then_heals(&faulty(Fault::BootstrapIo, 1000), &spine(), JOB, |mac| {
        mac.state.faults.disarm(Fault::BootstrapIo);
    });
    says(
        &text,
        &[
            "launchctl bootstrap gui/501 /Users/lab/Library/LaunchAgents",
            "5 (",
            "Input/output error",
            "log show",
        ],
    );
}

#[test]
fn bootstrap_answers_5_and_has_loaded_the_job() {
    healed(&faulty(Fault::BootstrapLoadsAndFails, 1), &spine());
}

/// Somebody boots the job out again between our load and the look at it: what goes down is not taken for loaded.
#[test]
fn bootstrap_answers_37_while_a_job_of_that_label_goes_down() {
    let (sim, stack) = reload();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::BootstrapSettling, 3));
    let times = AtomicU32::new(0);
    let meddler = Meddler::new(&sim, |sim, change| {
        if is_launchctl(change, "bootstrap") && times.fetch_add(1, Ordering::SeqCst) == 0 {
            let plist = sim.with_mac(|mac| agent(mac));
            well(sim, &format!("launchctl bootstrap gui/501 {plist}"));
            wait(sim, 1);
            well(sim, &format!("launchctl bootout gui/501/{LABEL}"));
        }
    });
    let ran = told(&meddler, &stack);
    assert!(ran.summary.ok(), "{:?}", ran.text());
    assert!(times.load(Ordering::SeqCst) > 1, "bootstrap was tried again");
    wait(&sim, 60);
    nothing_to_do(&sim, &stack);
    assert!(pid(&sim).is_some());
}

#[test]
fn bootout_answers_36() {
    let (sim, stack) = reload();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::BootoutInProgress, 1));
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
}

#[test]
fn a_process_that_ignores_sigterm_is_waited_for() {
    let (sim, stack) = reload();
    let before = sim.with_mac(|mac| {
        mac.state.faults.arm(Fault::IgnoresTerm, 1);
        mac.state.now
    });
    apply_well(&sim, &stack);
    assert!(sim.with_mac(|mac| mac.state.now).duration_since(before).as_secs() >= 30);
    nothing_to_do(&sim, &stack);
    assert!(pid(&sim).is_some());
}

/// 113 between our look and our command: there is nothing to boot out any more.
#[test]
fn a_job_that_goes_away_while_it_is_reloaded() {
    let (sim, stack) = reload();
    let meddler = Meddler::new(&sim, |sim, change| {
        if is_launchctl(change, "bootout") {
            run(sim, &format!("launchctl bootout gui/501/{LABEL}"));
            wait(sim, 10);
        }
    });
    assert!(told(&meddler, &stack).summary.ok());
    nothing_to_do(&sim, &stack);
}

#[test]
fn a_leftover_override_is_lifted_and_put_back_by_destroy() {
    for fault in [None, Some(Fault::BootstrapOnlyFive)] {
        let mut mac = fresh(&spine());
        mac.state.faults.arm(fault.unwrap_or(Fault::BootstrapOnlyFive), u32::from(fault.is_some()));
        let sim = sim(mac);
        well(&sim, &format!("launchctl disable gui/501/{LABEL}"));
        let before = still(&sim);
        apply_well(&sim, &spine());
        nothing_to_do(&sim, &spine());
        destroy_well(&sim, &spine());
        let after = sim.into_mac();
        same("destroyed", &before, &after);
        assert!(
            differences(&fresh(&spine()), &after, false).iter().any(|found| found.what.contains("override"))
        );
    }
}

/// 119: somebody switches the label off between our look and our load.
#[test]
fn an_override_that_comes_in_between_is_lifted() {
    let (sim, stack) = reload();
    let times = AtomicU32::new(0);
    let meddler = Meddler::new(&sim, |sim, change| {
        if is_launchctl(change, "bootstrap") && times.fetch_add(1, Ordering::SeqCst) == 0 {
            well(sim, &format!("launchctl disable gui/501/{LABEL}"));
        }
    });
    assert!(told(&meddler, &stack).summary.ok());
    assert_eq!(times.load(Ordering::SeqCst), 2);
    nothing_to_do(&sim, &stack);
}

fn over_ssh(macos: &str) -> Mac {
    Mac::new(&Spec { session: Session::Ssh, macos: macos.into(), ..own_spec(&spine()) }, 0)
}

/// 112 up to Sequoia, 125 from Tahoe on.
#[test]
fn start_login_without_anybody_at_the_screen_is_refused_with_both_ways_out() {
    for macos in ["15.5", "26.1"] {
        let text = refused(over_ssh(macos), &spine());
        says(
            &text,
            &[
                "`start: login` needs a graphical session",
                "gui/501",
                "log in at the Mac's screen",
                "set `start: boot`",
                "stack.yaml:17:10",
            ],
        );
    }
}

#[test]
fn start_boot_works_without_anybody_at_the_screen() {
    let before = over_ssh("15.5");
    let sim = sim(copy(&before));
    apply_well(&sim, &boot());
    nothing_to_do(&sim, &boot());
    let job = sim.with_mac(|mac| mac.state.launchd.job(DomainTarget::System, LABEL).cloned()).unwrap();
    assert_eq!(job.definition.user.as_deref(), Some("lab"));
    let owner = sim.with_mac(|mac| mac.disk.node(job.plist.as_ref().unwrap()).unwrap());
    assert_eq!((owner.uid, owner.gid, owner.mode), (0, 0, 0o644));
    destroy_well(&sim, &boot());
    same("destroyed", &before, &sim.into_mac());
}

#[test]
fn start_boot_says_what_file_vault_means() {
    for (on, words) in [(true, "FileVault is on"), (false, "FileVault is off")] {
        let sim = sim(over_ssh("15.5"));
        sim.with_mac(|mac| mac.state.filevault = on);
        let warnings: String = plan(&sim, &boot()).warnings.iter().map(text).collect();
        says(&warnings, &[words, "stack.yaml:17:10"]);
    }
}

/// Everybody leaves the screen while the Command Line Tools are fetched.
#[test]
fn a_session_that_ends_during_the_run_is_told_with_both_ways_out() {
    let sim = sim(fresh(&spine()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if writes_agent(change) {
            sim.with_mac(log_out);
        }
    });
    let text = told(&meddler, &spine()).failure(JOB);
    says(&text, &["no graphical session", "gui/501", "log in at the Mac's screen", "start: boot"]);
    sim.with_mac(|mac| forgectl::sim::tool::launchd::log_in(mac, Session::Gui));
    healed(&sim, &spine());
}

#[test]
fn a_session_that_is_ending_is_told() {
    let text = fails_then_heals(&faulty(Fault::BootstrapTearingDown, 100), &spine(), JOB, |mac| {
        mac.state.faults.disarm(Fault::BootstrapTearingDown);
    });
    says(&text, &["124 (the session is ending)", "launchctl bootstrap gui/501"]);
}

#[test]
fn a_job_that_launchd_does_not_start_by_itself_is_started() {
    healed(&faulty(Fault::NeverSpawned, 1), &spine());
}

/// The person switched it off under Login Items: 161 from Tahoe on, a bare 5 before.
#[test]
fn a_job_that_was_switched_off_in_login_items_is_told_so() {
    for (macos, code) in [("26.1", "161"), ("15.5", "5 (")] {
        let mut mac = Mac::new(&Spec { macos: macos.into(), ..own_spec(&spine()) }, 0);
        mac.state.launchd.switched_off.entry("501".into()).or_default().insert(LABEL.into());
        let sim = sim(mac);
        let text = told(&sim, &spine()).failure(JOB);
        says(&text, &["launchctl bootstrap gui/501", code, "System Settings, General, Login Items"]);
        sim.with_mac(|mac| mac.state.launchd.switched_off.clear());
        apply_well(&sim, &spine());
        nothing_to_do(&sim, &spine());
    }
}

/// 122: root's folder can be written by others.
#[test]
fn a_folder_of_daemons_that_others_can_write_is_told() {
    let sim = sim(fresh(&boot()));
    run_as_root(&sim, "chown lab /Library/LaunchDaemons");
    let text = told(&sim, &boot()).failure(JOB);
    says(
        &text,
        &["122 (bad owner or mode", "launchctl bootstrap system", "ls -leO@d '/Library/LaunchDaemons'"],
    );
    run_as_root(&sim, "chown root /Library/LaunchDaemons");
    healed(&sim, &boot());
}
