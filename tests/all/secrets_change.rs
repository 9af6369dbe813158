//! `secrets list` and `secrets rotate`: what is told of secrets, and how they change.

use forgectl::{
    desk::{Nobody, Screen},
    engine::{self, event::Summary},
    journal::{Journal, Record},
    machine::{Changing, Looking, Quiet},
    report,
    resource::{Resource, Secret, secrets_folder},
    sim::Sim,
    step::SecretFiles,
    value::{Credential, Declared, Id, Problem, Rotation, SecretShape, Sort, State, fingerprint},
};

use crate::support::{Ears, apply_well, fresh, sim, spine, yes};

fn declared(purpose: &str, rotation: Rotation) -> Declared {
    let credential =
        Some(Credential::Key { service: "Langfuse".into(), variable: "LANGFUSE_SECRET_KEY".into() });
    Declared { purpose: purpose.into(), shape: SecretShape::hex(64), rotation, credential, beside: vec![] }
}

/// A Mac that the spine was applied to, with a secret of each sort that it is said to have brought.
fn mac() -> Sim {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    let identity = sim.identity().unwrap();
    let journal = Journal::open(&sim, &identity.state).unwrap();
    for (name, purpose, rotation) in [
        ("redis", "the password of the queue", Rotation::Restart),
        ("salt", "what keys are salted with", Rotation::Fixed("every key of the API would be lost".into())),
    ] {
        let files = SecretFiles { folder: secrets_folder(&identity.state), name: name.parse().unwrap() };
        let mut declared = declared(purpose, rotation);
        if name == "salt" {
            let (service, account) = ("Open WebUI".into(), "admin@forge.local".into());
            declared.credential = Some(Credential::Password { service, account });
        }
        let secret = Secret { files, declared, opens: vec![] };
        for step in secret.steps(&State::absent(), &vec![]) {
            step.run(&sim, &Quiet).unwrap();
        }
        let (stack, id, place) = ("spine".to_owned(), secret.id(), secret.place());
        let left = place.observe(&sim, None).unwrap();
        let (needs, former, aim) = (vec![], State::absent(), State::present());
        let origin = "stack.yaml:1:1".to_owned();
        let intent =
            Record::Intent { stack: stack.clone(), id: id.clone(), place, origin, needs, former, aim };
        journal.write(&sim, "test", intent).unwrap();
        journal.write(&sim, "test", Record::Done { stack, id, left, urls: vec![] }).unwrap();
    }
    sim
}

fn files(sim: &Sim, name: &str) -> SecretFiles {
    SecretFiles { folder: secrets_folder(&sim.identity().unwrap().state), name: name.parse().unwrap() }
}

fn value(sim: &Sim, name: &str) -> String {
    sim.read_text(&files(sim, name).value()).unwrap().unwrap()
}

fn rotate(sim: &Sim, name: &str) -> anyhow::Result<(Summary, Vec<String>)> {
    let ears = Ears::default();
    let summary = engine::rotate_secret(sim, &spine(), name, &yes(), &Nobody, &ears)?;
    Ok((summary, ears.told()))
}

fn refused(sim: &Sim, name: &str) -> Problem {
    Problem::all_of(&rotate(sim, name).unwrap_err()).remove(0)
}

#[test]
fn a_list_tells_all_of_a_secret_but_its_value() {
    let sim = mac();
    let secrets = engine::secrets(&sim, None, "forgectl apply STACK").unwrap();
    let shown = report::secrets(&secrets, Screen::plain(80));
    for words in [
        "redis  fingerprint ",
        "salt   fingerprint ",
        "  the password of the queue\n",
        "  changes with a restart\n",
        "  changes never: every key of the API would be lost\n",
        ", since 20",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&report::secrets_json(&secrets).unwrap()).unwrap();
    assert_eq!(json["stack"], "spine");
    let redis = &json["secrets"][0];
    assert_eq!((redis["name"].as_str(), redis["changes"].as_str()), (Some("redis"), Some("restart")));
    let of_value = fingerprint(&value(&sim, "redis"));
    assert_eq!(of_value, format!("fingerprint {}", redis["fingerprint"].as_str().unwrap()));
    assert_eq!(json["secrets"][1]["fixed_because"], "every key of the API would be lost");
    for name in ["redis", "salt"] {
        for told in [&shown, &json.to_string(), &format!("{secrets:?}")] {
            assert!(!told.contains(&value(&sim, name)), "{told}");
        }
    }
}

#[test]
fn a_secret_whose_file_is_gone_is_told_so() {
    let sim = mac();
    sim.forget(&files(&sim, "redis").value()).unwrap();
    let secrets = engine::secrets(&sim, None, "").unwrap();
    assert!(report::secrets(&secrets, Screen::plain(80)).contains("redis  GONE"));
}

#[test]
fn a_rotation_makes_another_value_and_the_journal_knows() {
    let sim = mac();
    let before = value(&sim, "redis");
    let (summary, told) = rotate(&sim, "redis").unwrap();
    assert!(summary.ok() && summary.changed == [Id::new("secret", "redis")], "{summary:?}");
    let after = value(&sim, "redis");
    assert!(after != before && SecretShape::hex(64).fits(&after));
    let journal = sim.read_text(&sim.identity().unwrap().state.join("journal.jsonl")).unwrap().unwrap();
    assert!(journal.lines().last().unwrap().contains(&fingerprint(&after)), "{journal}");
    let log = sim.read_text(summary.log.as_str().into()).unwrap().unwrap();
    for text in [told.concat(), journal, log] {
        assert!(!text.contains(&before) && !text.contains(&after), "{text}");
    }
    assert_eq!(sim.stat(&files(&sim, "redis").next()).unwrap(), None);
}

#[test]
fn a_rotation_that_was_cut_short_goes_on_with_the_value_that_it_had_made() {
    let sim = mac();
    let files = files(&sim, "redis");
    sim.make_secret(&files.next(), SecretShape::hex(64)).unwrap();
    let next = sim.read_text(&files.next()).unwrap().unwrap();
    let secrets = engine::secrets(&sim, None, "").unwrap();
    assert!(report::secrets(&secrets, Screen::plain(80)).contains("was begun and not finished"));
    let (_, told) = rotate(&sim, "redis").unwrap();
    assert!(told.concat().contains("go on with the change that was begun"), "{told:?}");
    assert_eq!(value(&sim, "redis"), next);
}

#[test]
fn what_must_not_change_is_refused_with_the_reason() {
    let sim = mac();
    let before = value(&sim, "salt");
    let problem = refused(&sim, "salt");
    assert!(problem.what.contains("`salt` cannot be changed"), "{problem:?}");
    assert_eq!(problem.why, ["every key of the API would be lost"]);
    assert_eq!(value(&sim, "salt"), before);
}

#[test]
fn a_name_that_no_secret_has_is_a_fault_of_usage_with_the_nearest() {
    let sim = mac();
    let problem = refused(&sim, "secret/redsi");
    assert_eq!(problem.sort, Sort::Usage);
    assert!(
        problem.hints[0].contains("`redis`") && problem.hints[1].contains("`redis`, `salt`"),
        "{problem:?}"
    );
    assert!(rotate(&sim, "secret/redis").is_ok(), "its id will do");
}

#[test]
fn nobody_agrees_to_a_rotation_in_silence() {
    let sim = mac();
    let before = value(&sim, "redis");
    let how = engine::How { command: "forgectl secrets rotate redis".into(), ..engine::How::default() };
    let error = engine::rotate_secret(&sim, &spine(), "redis", &how, &Nobody, &Ears::default()).unwrap_err();
    let problem = Problem::from_error(&error);
    assert_eq!(problem.remedy, ["forgectl secrets rotate redis --yes"]);
    assert_eq!(value(&sim, "redis"), before);
}

#[test]
fn keys_and_passwords_are_told_only_to_who_asks_for_their_values() {
    let sim = mac();
    let (key, password) = (value(&sim, "redis"), value(&sim, "salt"));
    let hidden = engine::outputs(&sim, None, "", false).unwrap();
    let told = |outputs| {
        let page = report::outputs(outputs, Screen::plain(80));
        page.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let page = told(&hidden);
    for line in [
        "Open WebUI account admin@forge.local",
        "Open WebUI password [hidden]",
        "LANGFUSE_SECRET_KEY [hidden]",
    ] {
        assert!(page.iter().any(|told| told == line), "{line}: {page:?}");
    }
    let json = report::outputs_json(&hidden).unwrap();
    for told in [&page.concat(), &json, &format!("{hidden:?}")] {
        assert!(!told.contains(&key) && !told.contains(&password), "{told}");
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["accounts"]["Open WebUI account"], "admin@forge.local");
    assert!(json["keys"]["LANGFUSE_SECRET_KEY"].is_null(), "{json}");
    let problem =
        Problem::from_error(&hidden.get("langfuse_secret_key", "forgectl output X --reveal").unwrap_err());
    assert_eq!((problem.sort, problem.remedy), (Sort::Usage, vec!["forgectl output X --reveal".to_owned()]));

    let shown = engine::outputs(&sim, None, "", true).unwrap();
    let page = told(&shown);
    assert!(page.contains(&format!("LANGFUSE_SECRET_KEY {key}")), "{page:?}");
    assert_eq!(report::output(shown.get("Open WebUI password", "").unwrap()), format!("{password}\n"));
    assert_eq!(report::output(shown.get("open webui account", "").unwrap()), "admin@forge.local\n");
    assert!(!format!("{shown:?}").contains(&key), "not even then in what is for us");
    let names: Vec<&str> = shown.names().collect();
    assert_eq!(names[..4], ["Ollama", "Open WebUI account", "LANGFUSE_SECRET_KEY", "Open WebUI password"]);
}
