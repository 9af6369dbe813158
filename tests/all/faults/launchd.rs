//! launchd: races, overrides, sessions, and hands that change what forgectl left.

use std::sync::atomic::{AtomicU32, Ordering};

use forgectl::{
    engine::{self, status::Verdict},
    machine::{Answer, Change, Query},
    sim::{Mac, Session, Spec, tool::launchd::log_out},
    value::Want,
};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, spine_with};

fn boot() -> Stack {
    spine_with("start: login", "start: boot")
}

/// Whether a change is `launchctl VERB`.
fn is_launchctl(change: &Change, verb: &str) -> bool {
    matches!(change, Change::Run(command) if command.argv.iter().any(|word| word == verb))
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

/// The job is still there, on its way out: a plan at that moment must not take it for well.
#[test]
fn a_job_that_somebody_is_booting_out_is_loaded_again() {
    let sim = applied();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::IgnoresTerm, 1));
    well(&sim, &format!("launchctl bootout gui/501/{LABEL}"));
    assert_eq!(planned(&sim, &spine(), JOB).action, Action::Change);
    healed(&sim, &spine());
}

#[test]
fn a_job_that_was_booted_out_is_loaded_again() {
    let sim = applied();
    well(&sim, &format!("launchctl bootout gui/501/{LABEL}"));
    wait(&sim, 10);
    let item = planned(&sim, &spine(), JOB);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "launchd does not have it"));
    let row = engine::status(&sim, &spine()).unwrap().rows.pop().unwrap();
    assert_eq!((row.id.to_string().as_str(), row.verdict), (JOB, Verdict::Differs));
    healed(&sim, &spine());
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

/// It would not come back at the next login; lifting the override takes no restart.
#[test]
fn a_running_job_that_is_switched_off_is_switched_on_without_a_restart() {
    let sim = applied();
    let running = pid(&sim);
    well(&sim, &format!("launchctl disable gui/501/{LABEL}"));
    let item = planned(&sim, &spine(), JOB);
    says(&item.reason, &["switched off"]);
    assert!(item.steps.iter().all(|step| step.restarts.is_none()), "{:#?}", item.steps);
    says(&item.steps[0].commands.join("\n"), &["launchctl enable gui/501/dev.forge.ollama"]);
    apply_well(&sim, &spine());
    assert_eq!(pid(&sim), running);
    healed(&sim, &spine());
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
        if matches!(change, Change::Write { path, .. } if path.as_str().ends_with(".plist")) {
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

#[test]
fn a_property_list_with_a_wrong_mode_or_owner_is_written_anew() {
    for (command, who) in [("chmod", 0o666), ("chown", 0)] {
        let sim = applied();
        sim.with_mac(|mac| {
            let path = agent(mac);
            match command {
                "chmod" => mac.disk.chmod(0, &path, who).unwrap(),
                _ => mac.disk.chown(0, &path, who, 20).unwrap(),
            }
        });
        let item = planned(&sim, &spine(), JOB);
        assert_eq!(item.action, Action::Change);
        says(&item.reason, &["another owner or mode"]);
        healed(&sim, &spine());
    }
}

/// `brew upgrade ollama`, as far as the job is concerned.
fn upgrade(mac: &mut Mac) {
    let now = mac.state.now;
    let keg = "/opt/homebrew/Cellar/ollama";
    let disk = mac.disk.memory_mut().unwrap();
    for folder in ["", "/bin", "/libexec"] {
        disk.put(format!("{keg}/0.33.0{folder}"), forgectl::sim::Node::folder(0o755, USER, 80, now));
    }
    let program = Content::Made { size: 35_000_000, seed: 330 };
    disk.put(
        format!("{keg}/0.33.0/libexec/ollama"),
        forgectl::sim::Node::file(program, 0o755, USER, 80, now),
    );
    disk.put(
        format!("{keg}/0.33.0/bin/ollama"),
        forgectl::sim::Node::link("../libexec/ollama", USER, 80, now),
    );
    disk.put("/opt/homebrew/opt/ollama", forgectl::sim::Node::link("../Cellar/ollama/0.33.0", USER, 80, now));
    for path in ["0.32.3/bin/ollama", "0.32.3/libexec/ollama"] {
        mac.disk.remove(0, Utf8Path::new(&format!("{keg}/{path}")), now).unwrap();
    }
}

/// launchd holds on to the program that it started: `kickstart -k` would be killed at once.
#[test]
fn a_program_that_was_replaced_under_a_running_job_is_reloaded() {
    let sim = applied();
    let before = pid(&sim);
    sim.with_mac(upgrade);
    let item = planned(&sim, &spine(), JOB);
    says(&item.reason, &["/opt/homebrew/opt/ollama/bin/ollama was replaced since it was launched"]);
    assert_eq!(item.steps[0].restarts.as_deref(), Some(LABEL));
    says(&item.steps[0].commands.join("\n"), &["bootout", "bootstrap"]);
    let kicked = AtomicU32::new(0);
    let meddler = Meddler::new(&sim, |_, change| {
        kicked.fetch_add(u32::from(is_launchctl(change, "kickstart")), Ordering::SeqCst);
    });
    let ran = told(&meddler, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    assert_eq!(kicked.load(Ordering::SeqCst), 0, "never kickstart");
    assert_ne!(pid(&sim), before);
    nothing_to_do(&sim, &spine());
}

/// The upgrade came, the server crashed, and launchd can no longer start it.
#[test]
fn a_replaced_program_that_launchd_cannot_start_any_more_is_reloaded() {
    let sim = applied();
    sim.with_mac(|mac| {
        upgrade(mac);
        let pid = mac.state.launchd.job(SCREEN, LABEL).unwrap().pid.unwrap();
        mac.kill_process(pid, 9);
    });
    wait(&sim, 60);
    assert_eq!(pid(&sim), None);
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    assert!(pid(&sim).is_some());
}

#[test]
fn a_variable_edited_by_hand_is_shown_with_both_values_and_set_right() {
    let sim = applied();
    sim.with_mac(|mac| edit(mac, agent(mac), "30m", "5m"));
    let item = planned(&sim, &spine(), JOB);
    assert_eq!(item.reason, "OLLAMA_KEEP_ALIVE 5m -> 30m");
    let delta = item.deltas.iter().find(|delta| delta.field.as_str() == "env.OLLAMA_KEEP_ALIVE").unwrap();
    assert_eq!((&delta.found, &delta.want), (&"5m".into(), &Want::Is("30m".into())));
    healed(&sim, &spine());
}

/// A key that forgectl declares nothing about is still its file.
#[test]
fn a_property_list_edited_by_hand_is_set_right() {
    let sim = applied();
    sim.with_mac(|mac| {
        let path = agent(mac);
        edit(mac, path, "<key>RunAtLoad</key>\n\t<true/>", "<key>RunAtLoad</key>\n\t<false/>");
    });
    let item = planned(&sim, &spine(), JOB);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "its property list was changed"));
    let ran = told(&sim, &spine());
    assert!(ran.summary.ok());
    healed(&sim, &spine());
}

/// The same keys in another order, or as a binary property list, are the same.
#[test]
fn a_property_list_in_another_form_is_the_same() {
    let sim = applied();
    sim.with_mac(|mac| {
        let path = agent(mac);
        let value: plist::Value = plist::from_bytes(read(mac, &path).as_bytes()).unwrap();
        let mut bytes = vec![];
        value.to_writer_binary(&mut bytes).unwrap();
        let now = mac.state.now;
        mac.disk.write(USER, &path, Content::Bytes(bytes), 0o644, now).unwrap();
    });
    nothing_to_do(&sim, &spine());
}

#[test]
fn a_property_list_that_is_gone_or_broken_is_written_again() {
    let sim = applied();
    sim.with_mac(|mac| {
        let (path, now) = (agent(mac), mac.state.now);
        mac.disk.remove(USER, &path, now).unwrap();
    });
    says(&planned(&sim, &spine(), JOB).reason, &["its property list is gone"]);
    apply_well(&sim, &spine());
    sim.with_mac(|mac| write(mac, USER, agent(mac), "<plist><dict>"));
    assert_eq!(planned(&sim, &spine(), JOB).action, Action::Change);
    healed(&sim, &spine());
}

/// Another apply was cut off after the file was written: what launchd has is older.
#[test]
fn a_file_that_is_newer_than_what_launchd_has_is_loaded() {
    let sim = applied();
    sim.with_mac(|mac| {
        let job = mac.state.launchd.job_mut(SCREEN, LABEL).unwrap();
        job.definition.environment.insert("OLLAMA_KEEP_ALIVE".into(), "1m".into());
    });
    let item = planned(&sim, &spine(), JOB);
    assert_eq!(item.reason, "launchd still goes by an older definition");
    assert_eq!(item.steps[0].restarts.as_deref(), Some(LABEL));
    healed(&sim, &spine());
}

#[test]
fn a_server_that_was_killed_comes_back_by_itself() {
    let sim = applied();
    let before = pid(&sim).unwrap();
    well(&sim, &format!("launchctl kill KILL gui/501/{LABEL}"));
    wait(&sim, 15);
    assert!(pid(&sim).is_some_and(|pid| pid != before));
    nothing_to_do(&sim, &spine());
    assert!(engine::status(&sim, &spine()).unwrap().ok());
}

/// launchd lets ten seconds pass between two starts.
#[test]
fn a_server_that_waits_for_its_throttle_is_waited_for() {
    let sim = applied();
    for _ in 0..2 {
        well(&sim, &format!("launchctl kill KILL gui/501/{LABEL}"));
        wait(&sim, 1);
    }
    assert_eq!(pid(&sim), None);
    let item = planned(&sim, &spine(), JOB);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "it does not run"));
    assert_eq!(item.steps[0].restarts, None);
    healed(&sim, &spine());
}

/// It is back and does not answer yet: apply waits for it, status says how it is.
#[test]
fn a_server_that_is_coming_up_is_waited_for() {
    let sim = applied();
    let refusals = AtomicU32::new(0);
    let coming = Meddler::answering(&sim, |query| {
        let is_early = matches!(query, Query::Get(_)) && refusals.fetch_add(1, Ordering::SeqCst) < 8;
        is_early.then(|| Answer::Reply(Err("connection refused".into())))
    });
    let row = engine::status(&coming, &spine()).unwrap().rows.pop().unwrap();
    assert_eq!(row.verdict, Verdict::Unwell);
    says(
        &text(&row.problem.unwrap()),
        &["connection refused", "http://127.0.0.1:11434/api/version", "stack.yaml:12:1"],
    );
    let ran = told(&coming, &spine());
    assert!(ran.summary.ok() && ran.summary.changed.is_empty(), "{}", ran.text());
}

/// launchd has it running, and nobody answers.
#[test]
fn a_server_that_never_answers_is_told_with_its_last_words() {
    let sim = applied();
    sim.with_mac(|mac| {
        let (log, now) = (mac.home().join("Library/Logs/forgectl/ollama.log"), mac.state.now);
        mac.disk.append(USER, &log, b"Error: out of wisdom\n", now).unwrap();
    });
    let deaf = Meddler::answering(&sim, |query| {
        matches!(query, Query::Get(_)).then(|| Answer::Reply(Err("connection refused".into())))
    });
    let text = told(&deaf, &spine()).failure(JOB);
    says(
        &text,
        &[
            "waited 120 s for `dev.forge.ollama` to answer",
            "`http://127.0.0.1:11434/api/version` gave: connection refused",
            "the last line of /Users/lab/Library/Logs/forgectl/ollama.log: Error: out of wisdom",
            "launchctl",
        ],
    );
    healed(&sim, &spine());
}

/// Without a receipt it is somebody else's until the plan has said otherwise.
#[test]
fn a_job_under_our_label_that_we_did_not_bring_is_adopted_and_given_back() {
    let sim = sim(fresh(&spine()));
    let theirs = theirs(&sim, "OLLAMA_KEEP_ALIVE", "1m");
    let before = still(&sim);
    let item = planned(&sim, &spine(), JOB);
    assert_eq!(item.action, Action::Adopt);
    assert!(
        engine::apply(&sim, &spine(), &engine::How::default(), &forgectl::desk::Nobody, &Ears::default())
            .is_err()
    );
    same("nobody agreed", &before, &still(&sim));
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
    sim.with_mac(|mac| assert_eq!(read(mac, agent(mac)), theirs));
    same("given back", &before, &sim.into_mac());
}

/// The same as root's daemon, whose property list only root may put back.
#[test]
fn a_daemon_under_our_label_that_we_did_not_bring_is_adopted_and_given_back() {
    let sim = sim(fresh(&boot()));
    let text = theirs_as("OLLAMA_KEEP_ALIVE", "1m")
        .replace("</dict>\n</plist>", "<key>UserName</key><string>lab</string></dict>\n</plist>");
    let path = format!("/Library/LaunchDaemons/{LABEL}.plist");
    sim.with_mac(|mac| write(mac, 0, &path, &text));
    let output = run_as_root(&sim, &format!("launchctl bootstrap system {path}"));
    assert!(output.ok(), "{output:?}");
    wait(&sim, 5);
    let before = still(&sim);
    assert_eq!(planned(&sim, &boot(), JOB).action, Action::Adopt);
    apply_well(&sim, &boot());
    destroy_well(&sim, &boot());
    same("given back", &before, &sim.into_mac());
}

/// It was loaded from a file of another name, which stays what it was.
#[test]
fn a_job_under_our_label_from_another_file_is_adopted_and_given_back() {
    let sim = sim(fresh(&spine()));
    let path = sim.with_mac(|mac| {
        let path = mac.home().join("my-ollama.plist");
        write(mac, USER, &path, &theirs_as("OLLAMA_KEEP_ALIVE", "1m"));
        path
    });
    well(&sim, &format!("launchctl bootstrap gui/501 {path}"));
    wait(&sim, 5);
    let before = still(&sim);
    assert_eq!(planned(&sim, &spine(), JOB).action, Action::Adopt);
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
    same("given back", &before, &sim.into_mac());
}

/// A property list of another's under our label, as it would be written by hand.
fn theirs_as(name: &str, value: &str) -> String {
    format!(
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n",
            "<key>Label</key><string>{label}</string>\n",
            "<key>ProgramArguments</key><array><string>/opt/homebrew/bin/ollama</string><string>serve</string></array>\n",
            "<key>EnvironmentVariables</key><dict><key>HOME</key><string>/Users/lab</string>",
            "<key>{name}</key><string>{value}</string></dict>\n",
            "<key>RunAtLoad</key><true/>\n<key>KeepAlive</key><true/>\n</dict>\n</plist>\n",
        ),
        label = LABEL,
        name = name,
        value = value,
    )
}

/// Loads such a job and lets it start.
fn theirs(sim: &Sim, name: &str, value: &str) -> String {
    let text = theirs_as(name, value);
    let path = sim.with_mac(|mac| {
        let (path, now) = (agent(mac), mac.state.now);
        mac.disk.make_dir(USER, path.parent().unwrap(), 0o755, now).unwrap();
        write(mac, USER, &path, &text);
        path
    });
    well(sim, &format!("launchctl bootstrap gui/501 {path}"));
    wait(sim, 5);
    text
}

/// What somebody changed after us is not thrown away.
#[test]
fn destroy_keeps_a_copy_of_a_property_list_that_was_edited_since() {
    let sim = applied();
    let edited = sim.with_mac(|mac| {
        edit(mac, agent(mac), "30m", "7m");
        read(mac, agent(mac))
    });
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    let (_, why) = ran.summary.kept.iter().find(|(id, _)| id.to_string() == JOB).unwrap();
    says(why, &["was changed since forgectl wrote it", "a copy is at "]);
    let place = why.rsplit_once("a copy is at ").unwrap().1;
    sim.with_mac(|mac| assert_eq!(read(mac, place), edited));
    same("destroyed", &fresh(&spine()), &sim.into_mac());
}

/// What is in the way is nobody's to remove.
#[test]
fn a_file_where_a_folder_of_ours_belongs_is_refused() {
    let mut mac = fresh(&spine());
    let logs = mac.home().join("Library/Logs/forgectl");
    write(&mut mac, USER, &logs, "in the way");
    let text = refused(mac, &spine());
    says(
        &text,
        &[
            "a file is where a folder belongs: `/Users/lab/Library/Logs/forgectl`",
            "ls -ld",
            "stack.yaml:12:1",
        ],
    );
}

/// A link could not be put back as it was.
#[test]
fn a_link_where_our_property_list_belongs_is_refused() {
    let mut mac = fresh(&spine());
    let (path, now) = (agent(&mac), mac.state.now);
    mac.disk.make_dir(USER, path.parent().unwrap(), 0o755, now).unwrap();
    let elsewhere = mac.home().join("dotfiles.plist");
    write(&mut mac, USER, &elsewhere, &theirs_as("OLLAMA_KEEP_ALIVE", "1m"));
    mac.disk.link(USER, &path, &elsewhere, now).unwrap();
    says(
        &refused(mac, &spine()),
        &["a link is where a property list belongs", "ls -l '/Users/lab/Library/LaunchAgents"],
    );
}
