//! What becomes of a secret and of what it stands in: on a simulated Mac, and with the real adapter.
#![expect(clippy::disallowed_methods, reason = "the tests look at the real files themselves")]

use std::{fs, os::unix::fs::PermissionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    machine::{Changing, Looking, Machine, Quiet, local::Local},
    resource::{Rendered, Resource, Seals, Secret, secrets_folder},
    step::SecretFiles,
    value::{
        Declared, Piece, Rotation, SecretName, SecretShape, State, Text, Value, differences, fingerprint,
    },
};
use tempfile::TempDir;

use crate::support::{fresh, sim, spine};

fn name() -> SecretName {
    "langfuse-salt".parse().unwrap()
}

fn secret(machine: &dyn Machine) -> Secret {
    let folder = secrets_folder(&machine.identity().unwrap().state);
    Secret {
        files: SecretFiles { folder, name: name() },
        declared: Declared {
            purpose: "what Langfuse salts its keys with".into(),
            shape: SecretShape::alphanumeric(32).behind("s-"),
            beside: vec![],
            rotation: Rotation::Restart,
            credential: None,
        },
        opens: vec![],
    }
}

fn environment(machine: &dyn Machine) -> Rendered {
    let identity = machine.identity().unwrap();
    let pieces = [Piece::Plain("A=1\nSALT=".into()), Piece::Secret(name()), Piece::Plain("\n".into())];
    Rendered {
        name: "~/.env".into(),
        path: identity.home.join(".env"),
        content: Text::new(pieces),
        secrets: secrets_folder(&identity.state),
        purpose: "programs read it".into(),
    }
}

/// A Mac in a folder behind the real adapter.
fn real() -> (TempDir, Utf8PathBuf, Local) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
    fs::create_dir_all(path.join("root/Users/lab")).unwrap();
    fs::write(path.join("owners.json"), r#"{"groups": [20, 80], "nodes": {}}"#).unwrap();
    let local = Local::under(&path.join("root")).unwrap();
    (folder, path.join("root"), local)
}

fn seen(machine: &dyn Machine, resource: &dyn Resource) -> State {
    resource.place().observe(machine, None).unwrap()
}

/// Brings it to what is wanted, as a run would.
fn bring(machine: &dyn Machine, resource: &dyn Resource) -> usize {
    let found = seen(machine, resource);
    let steps = resource.steps(&found, &differences(&resource.wanted(), &found));
    let count = if differences(&resource.wanted(), &found).is_empty() { 0 } else { steps.len() };
    for step in steps.iter().take(count) {
        step.run(machine, &Quiet).unwrap();
    }
    let left = seen(machine, resource);
    assert_eq!(differences(&resource.wanted(), &left), [], "{left:?}");
    count
}

fn value(machine: &dyn Machine) -> String {
    machine.read_text(&secret(machine).files.value()).unwrap().unwrap()
}

fn life_of(machine: &dyn Machine) {
    let (secret, file) = (secret(machine), environment(machine));
    assert_eq!(bring(machine, &secret), 1);
    let made = value(machine);
    assert!(secret.declared.shape.fits(&made), "{made}");
    assert_eq!(machine.stat(&secret.files.value()).unwrap().unwrap().mode, 0o600);
    assert_eq!(bring(machine, &secret), 0, "what is there is left as it is");
    assert_eq!(value(machine), made);

    assert_eq!(bring(machine, &file), 1);
    assert_eq!(machine.read_text(&file.path).unwrap(), Some(format!("A=1\nSALT={made}\n")));
    assert_eq!(machine.stat(&file.path).unwrap().unwrap().mode, 0o600);
    assert_eq!(bring(machine, &file), 0);
    for shown in [
        format!("{:?}", seen(machine, &secret)),
        format!("{:?}", seen(machine, &file)),
        format!("{secret:?} {file:?}"),
        format!("{:?}", Seals::read(machine).unwrap()),
        secret.check(machine, std::time::Duration::ZERO).unwrap().concat(),
    ] {
        assert!(!shown.contains(&made), "{shown}");
    }
    assert_eq!(*seen(machine, &secret).get("fingerprint"), fingerprint(&made).into());

    // A change that was begun goes on from where it was.
    machine.make_secret(&secret.files.next(), secret.declared.shape.clone()).unwrap();
    let next = machine.read_text(&secret.files.next()).unwrap().unwrap();
    assert_ne!(next, made, "one value is not made twice");
    assert_eq!(bring(machine, &secret), 1);
    assert_eq!(value(machine), next);
    assert_eq!(machine.stat(&secret.files.next()).unwrap(), None);

    // What the former value stands in is another text now.
    assert_eq!(bring(machine, &file), 1);
    assert_eq!(machine.read_text(&file.path).unwrap(), Some(format!("A=1\nSALT={next}\n")));
}

#[test]
fn a_secret_is_made_once_stands_where_it_belongs_and_changes_whole() {
    life_of(&sim(fresh(&spine())));
    life_of(&real().2);
}

#[test]
fn two_macs_have_no_secret_in_common() {
    let one = sim(fresh(&spine()));
    let other = sim(forgectl::sim::Mac::new(&crate::support::own_spec(&spine()), 1));
    for machine in [&one, &other] {
        bring(machine, &secret(machine));
    }
    assert_ne!(value(&one), value(&other));
    let (first, second) = (real(), real());
    for machine in [&first.2, &second.2] {
        bring(machine, &secret(machine));
    }
    assert_ne!(value(&first.2), value(&second.2));
}

#[test]
fn what_others_can_read_is_closed() {
    let sim = sim(fresh(&spine()));
    let (secret, file) = (secret(&sim), environment(&sim));
    bring(&sim, &secret);
    bring(&sim, &file);
    let before = value(&sim);
    for path in [secret.files.value(), file.path.clone()] {
        sim.with_mac(|mac| mac.disk.chmod(forgectl::sim::USER, &path, 0o644)).unwrap();
    }
    assert_eq!((bring(&sim, &secret), bring(&sim, &file)), (1, 1));
    assert_eq!(value(&sim), before);
    assert!(secret.check(&sim, std::time::Duration::ZERO).is_ok());
}

#[test]
fn what_others_can_read_is_told_and_what_was_cut_off_is_refused() {
    let (_folder, root, local) = real();
    let secret = secret(&local);
    bring(&local, &secret);
    let path = root.join(secret.files.value().strip_prefix("/").unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let open = seen(&local, &secret);
    assert_eq!(*open.get("mode"), "0644".into());
    assert!(
        secret.check(&local, std::time::Duration::ZERO).unwrap_err().to_string().contains("others can read")
    );
    assert!(secret.reason(&open, &differences(&secret.wanted(), &open)).contains("0644"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, &whole[..10]).unwrap();
    let problem = secret.hindrance(&seen(&local, &secret), true).unwrap();
    assert!(problem.what.contains("`langfuse-salt`") && problem.hints[0].contains("backup"), "{problem:?}");
    assert!(!format!("{problem:?}").contains(&whole[..10]));
    fs::write(&path, "").unwrap();
    assert!(secret.hindrance(&seen(&local, &secret), true).is_some());
    fs::write(&path, whole).unwrap();
    assert_eq!(secret.hindrance(&seen(&local, &secret), true), None);
}

#[test]
fn a_file_with_secrets_is_closed_whatever_was_there_before() {
    let (_folder, root, local) = real();
    bring(&local, &secret(&local));
    let file = environment(&local);
    let path: &Utf8Path = &root.join("Users/lab/.env");
    fs::write(path, "MINE=1\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let found = seen(&local, &file);
    let steps = file.steps(&found, &differences(&file.wanted(), &found));
    assert!(steps[0].about().words.contains("keep a copy"), "{:?}", steps[0].about());
    assert_eq!(bring(&local, &file), 1);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(path).unwrap().starts_with("A=1\n"));
}

#[test]
fn a_file_is_not_written_without_the_secret_that_belongs_into_it() {
    for local in [&real().2 as &dyn Machine, &sim(fresh(&spine()))] {
        let file = environment(local);
        let error = local.render(&file.path, file.content.clone(), &file.secrets).unwrap_err();
        assert!(format!("{error:#}").contains("langfuse-salt"), "{error:#}");
        assert_eq!(local.stat(&file.path).unwrap(), None);
    }
}

#[test]
fn a_secret_of_another_user_is_not_used() {
    let (_folder, root, local) = real();
    let secret = secret(&local);
    bring(&local, &secret);
    let owners = format!(
        r#"{{"groups": [20, 80], "nodes": {{"{}": {{"uid": 502, "gid": 20}}}}}}"#,
        secret.files.value()
    );
    fs::write(root.parent().unwrap().join("owners.json"), owners).unwrap();
    let file = environment(&local);
    let error = local.render(&file.path, file.content.clone(), &file.secrets).unwrap_err();
    assert!(format!("{error:#}").contains("another user"), "{error:#}");
}

#[test]
fn nothing_is_known_of_a_secret_that_is_not_there() {
    let sim = sim(fresh(&spine()));
    let secret = secret(&sim);
    assert_eq!(seen(&sim, &secret), State::absent());
    assert_eq!(*seen(&sim, &secret).get("fingerprint"), Value::Absent);
    assert!(secret.check(&sim, std::time::Duration::ZERO).unwrap_err().to_string().contains("no secret"));
}
