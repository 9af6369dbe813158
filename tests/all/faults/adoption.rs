//! What stands where something of ours belongs: taken over only when the plan has said so, and given back by destroy.

use super::*;
use crate::support::spine_with;

fn boot() -> Stack {
    spine_with("start: login", "start: boot")
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
