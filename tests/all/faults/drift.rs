//! The job of Ollama after other hands were at it: its file, what launchd has of it, its program, its process.

use std::sync::atomic::{AtomicU32, Ordering};

use forgectl::{
    engine::{self, status::Verdict},
    machine::{Answer, Query},
    sim::Mac,
    value::Want,
};

use super::{meddler::Meddler, *};

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
