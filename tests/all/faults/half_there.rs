//! Macs on which something of it is there already, of another or only half: refused in the plan, or given back as it was.

use forgectl::sim::tool::ollama::{Weights, store_model};

use super::*;

const KEY: &str = ".ollama/id_ed25519";

fn with_data() -> Mac {
    let mut mac = fresh(&spine());
    let (data, now) = (mac.home().join(".ollama"), mac.state.now);
    mac.disk.make_dir(USER, &data, 0o755, now).unwrap();
    mac
}

fn has(sim: &Sim, name: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(&mac.home().join(name)).is_some())
}

#[test]
fn what_the_server_makes_in_a_folder_that_was_there_goes_with_the_data() {
    let sim = sim(with_data());
    apply_well(&sim, &spine());
    assert!(has(&sim, KEY) && has(&sim, ".ollama/models/blobs"));
    let told =
        engine::destroy(&sim, &spine(), &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap();
    assert!(told.ok() && has(&sim, KEY), "data stays: {told:?}");
    assert!(told.kept.iter().any(|(_, why)| why.contains("destroy --all-data")), "{:?}", told.kept);
    destroy_well(&sim, &spine());
    same("given back", &with_data(), &sim.into_mac());
}

#[test]
fn a_model_that_somebody_put_there_stays_with_its_folders() {
    let sim = sim(with_data());
    apply_well(&sim, &spine());
    sim.with_mac(|mac| {
        let (models, now) = (mac.home().join(".ollama/models"), mac.state.now);
        let weights = Weights { bytes: 1_000_000, train_context: 4096, num_ctx: None };
        store_model(&mut *mac.disk, USER, &models, "mine:latest", weights, now).unwrap();
    });
    destroy_well(&sim, &spine());
    assert!(has(&sim, ".ollama/models/manifests/registry.ollama.ai/library/mine/latest") && !has(&sim, KEY));
}

#[test]
fn command_line_tools_that_were_half_there_stay_and_are_told() {
    const GIT: &str = "/Library/Developer/CommandLineTools/usr/bin/git";
    let mut mac = fresh(&spine());
    let now = mac.state.now;
    mac.disk.make_dirs(0, Utf8Path::new(GIT).parent().unwrap(), 0o755, now).unwrap();
    write(&mut mac, 0, GIT, "an older one");
    let sim = sim(mac);
    apply_well(&sim, &spine());
    let ran = destroyed(&sim, &spine());
    says(&ran.text(), &["a part of them was there before"]);
    assert!(ran.summary.ok() && sim.with_mac(|mac| mac.disk.node(GIT.into()).is_some()));
}

#[test]
fn a_link_that_leads_nowhere_is_no_folder() {
    let mut mac = fresh(&spine());
    let (data, now) = (mac.home().join(".ollama"), mac.state.now);
    mac.disk.link(USER, &data, "nowhere".into(), now).unwrap();
    let text = refused(mac, &spine());
    says(
        &text,
        &["a dead link is where a folder belongs: `/Users/lab/.ollama`", "ls -ld", "stack.yaml:12:1"],
    );
}

#[test]
fn a_folder_that_is_not_the_users_to_write_is_refused_before_any_change() {
    let foreign = |name: &str| {
        let mut mac = fresh(&spine());
        let (path, now) = (mac.home().join(name), mac.state.now);
        mac.disk.make_dirs(USER, &path, 0o755, now).unwrap();
        mac.disk.chown(0, &path, 0, 0).unwrap();
        mac
    };
    says(
        &refused(foreign("Library/LaunchAgents"), &spine()),
        &[
            "this folder is not yours to write: `/Users/lab/Library/LaunchAgents`",
            "it belongs to uid 0",
            "stack.yaml:12:1",
        ],
    );
    says(
        &refused(foreign(".ollama"), &spine()),
        &[
            "the server could not write to its own folder",
            "sudo chown -R \"$USER\" /Users/lab/.ollama",
            "stack.yaml:12:1",
        ],
    );
    // Of what is as it should be nothing is written.
    let sim = applied();
    sim.with_mac(|mac| {
        let agents = mac.home().join("Library/LaunchAgents");
        mac.disk.chown(0, &agents, 0, 0).unwrap();
    });
    nothing_to_do(&sim, &spine());
}

/// Root's folder, as a tool that was run by `sudo` leaves it.
fn hide_logs(mac: &mut Mac) {
    let logs = mac.home().join("Library/Logs");
    mac.disk.chown(0, &logs, 0, 0).unwrap();
    mac.disk.chmod(0, &logs, 0o700).unwrap();
}

#[test]
fn what_cannot_be_looked_at_is_told_with_its_resource_and_place() {
    let mut mac = fresh(&spine());
    hide_logs(&mut mac);
    let text = refused(mac, &spine());
    let folders = "ls -ld /Users/lab/Library/Logs /Users/lab/Library /Users/lab /Users";
    says(
        &text,
        &[
            "`folder/~/Library/Logs/forgectl` cannot be looked at",
            "Permission denied",
            folders,
            "stack.yaml:12:1",
        ],
    );

    let sim = applied();
    sim.with_mac(hide_logs);
    let status = engine::status(&sim, &spine()).unwrap();
    let row = status.rows.iter().find(|row| row.id.as_str() == "folder/~/Library/Logs/forgectl").unwrap();
    says(&text_of(&row.problem.clone().unwrap().into()), &["cannot be looked at", "stack.yaml:12:1"]);
    assert!(status.rows.len() > 5, "the others are told all the same");
    let error = crate::support::destroy(&sim, &spine()).unwrap_err();
    says(&text_of(&error), &["`log/~/Library/Logs/forgectl/ollama.log` cannot be looked at", "ls -ld"]);

    let mut mac = fresh(&spine());
    hide_logs(&mut mac);
    let draft = engine::starter(&crate::support::sim(mac), &"lab".parse().unwrap(), "stack.yaml").unwrap();
    let ollama = draft.left_out.iter().find(|left| left.key == "ollama").unwrap();
    says(&ollama.why, &["cannot be looked at; `/Users/lab/Library/Logs/forgectl`: Permission denied"]);
}
