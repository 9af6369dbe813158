//! Secrets of a whole stack with Langfuse: its data keeps them, they change with what has them, and nothing tells them.

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    desk::{Nobody, Screen},
    engine::{self, How, plan::Action},
    machine::{Changing, Looking, Recorded},
    manifest::Stack,
    report,
    resource::secrets_folder,
    sim::{Mac, Sim},
    value::{Id, Problem, fingerprint},
};
use std::fmt::Write as _;

use crate::support::{
    APP, Ears, app, app_as, app_with, apply, apply_well, copy, destroy_well, fresh, sim, stack, yes,
};

const LANGFUSE: &str = "forge: 1
stack: traced
node: {memory: 64GB}
tools: {homebrew: true}
ollama: {}
models: [{ollama: gemma4:e4b}]
containers: {engine: colima}
services: {langfuse: {}, open-webui: {}}
";

const POSTGRES: &str = "langfuse-postgres-password";

fn traced() -> Stack {
    stack(LANGFUSE)
}

/// The Mac that the stack was applied to, and the stack.
pub(crate) fn applied() -> (Mac, Stack) {
    let stack = traced();
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    (sim.into_mac(), stack)
}

fn folder(sim: &Sim) -> Utf8PathBuf {
    secrets_folder(&sim.identity().unwrap().state)
}

fn value(sim: &Sim, name: &str) -> String {
    sim.read_text(&folder(sim).join(name)).unwrap().unwrap()
}

fn names(sim: &Sim) -> Vec<String> {
    let names = sim.list(&folder(sim)).unwrap().unwrap_or_default();
    names.into_iter().filter(|name| !name.contains('.') && name != "next").collect()
}

fn changes(sim: &Sim, stack: &Stack) -> Vec<(Id, Action)> {
    let plan = engine::survey(sim, stack).unwrap();
    assert_eq!(plan.refusals, []);
    let items = plan.items.into_iter().filter(|item| item.action != Action::Keep);
    items.map(|item| (item.id, item.action)).collect()
}

fn rotate(sim: &Sim, stack: &Stack, name: &str) {
    let summary = engine::rotate_secret(sim, stack, name, &yes(), &Nobody, &Ears::default()).unwrap();
    assert!(summary.ok(), "{summary:?}");
}

#[test]
fn data_keeps_its_secrets_and_goes_with_them() {
    let (mac, stack) = applied();
    let sim = sim(mac);
    let made = names(&sim);
    assert!(made.contains(&POSTGRES.to_owned()) && made.len() > 8, "{made:?}");
    let before = value(&sim, POSTGRES);
    let summary = engine::destroy(&sim, &stack, &yes(), false, &Nobody, &Ears::default()).unwrap();
    assert!(summary.ok(), "{summary:?}");
    let left = names(&sim);
    for kept in [POSTGRES, "langfuse-salt", "langfuse-encryption-key", "langfuse-clickhouse-password"] {
        assert!(left.contains(&kept.to_owned()), "{kept} opens data that is still there: {left:?}");
    }
    assert!(!left.contains(&"langfuse-redis-password".to_owned()), "nothing was made with it: {left:?}");
    let why =
        |id: &str| summary.kept.iter().find(|(kept, _)| kept.as_str() == id).map(|(_, why)| why.clone());
    let why = why(&format!("secret/{POSTGRES}")).unwrap();
    assert!(why.contains("volume/langfuse/postgres-data was made with it"), "{why}");

    apply_well(&sim, &stack);
    assert_eq!(value(&sim, POSTGRES), before, "the data is opened with what it was made with");
    destroy_well(&sim, &stack);
    assert_eq!(names(&sim), [""; 0]);
}

#[test]
fn a_volume_without_its_secret_stops_before_anything_is_changed() {
    let (mac, stack) = applied();
    let sim = sim(mac);
    let before = copy(&sim.with_mac(|mac| mac.copy().unwrap()));
    sim.forget(&folder(&sim).join(POSTGRES)).unwrap();
    let problems = Problem::all_of(&apply(&sim, &stack).unwrap_err());
    let problem = problems
        .iter()
        .find(|problem| problem.what.contains(POSTGRES))
        .unwrap_or_else(|| panic!("{problems:?}"));
    assert!(problem.what.contains("`forge-langfuse_postgres-data`"), "{problem:?}");
    assert!(problem.span.is_some() && problem.hints[0].contains("backup"), "{problem:?}");
    assert!(problem.remedy[0].starts_with(&format!("forgectl secrets rotate {POSTGRES}")), "{problem:?}");
    assert!(!names(&sim).contains(&POSTGRES.to_owned()), "no other is made in its place");
    assert!(sim.with_mac(|mac| mac.state.engines == before.state.engines), "no container was touched");
}

#[test]
fn what_is_told_of_a_lost_secret_brings_everything_back_with_its_data() {
    for name in [POSTGRES, "langfuse-s3-password", "langfuse-clickhouse-password", "open-webui-secret-key"] {
        let (mac, stack) = applied();
        let sim = sim(mac);
        let volume = "forge-langfuse_minio-data";
        sim.with_mac(|mac| {
            let engine = mac.state.engines.values_mut().next().unwrap();
            engine.volume_files(volume).unwrap().insert("mine".into(), "kept".into());
        });
        sim.forget(&folder(&sim).join(name)).unwrap();
        let plan = engine::survey(&sim, &stack).unwrap();
        let problem = plan.refusals.iter().find(|problem| problem.what.contains(name)).unwrap();
        assert!(problem.hints.iter().all(|hint| !hint.contains("destroy")), "{problem:?}");
        assert!(problem.remedy[0].starts_with(&format!("forgectl secrets rotate {name}")), "{problem:?}");
        rotate(&sim, &stack, name);
        apply_well(&sim, &stack);
        sim.with_mac(|mac| {
            let engine = mac.state.engines.values_mut().next().unwrap();
            assert_eq!(engine.volume_files(volume).unwrap()["mine"], "kept");
        });
        assert!(engine::status_by_use(&sim, &stack, &mut |_| {}).unwrap().ok(), "{name}");
    }
    let (mac, stack) = applied();
    let sim = sim(mac);
    sim.forget(&folder(&sim).join("langfuse-salt")).unwrap();
    let plan = engine::survey(&sim, &stack).unwrap();
    let problem = plan.refusals.iter().find(|problem| problem.what.contains("langfuse-salt")).unwrap();
    assert!(problem.hints[0].contains("destroy --all-data") && problem.remedy.is_empty(), "{problem:?}");
}

#[test]
fn a_secret_can_come_to_a_service_that_has_data_and_then_belongs_to_it_too() {
    let first = app("colima");
    let sim = sim(fresh(&first));
    apply_well(&sim, &first);
    let before = value(&sim, "app-store-password");
    let two = APP.replace("\"${STORE_PASSWORD:?}\"", "\"${STORE_PASSWORD:?}\", KEY: \"${API_KEY:?}\"");
    let second = app_with("colima", &two, "STORE_PASSWORD, API_KEY");
    assert_eq!(engine::survey(&sim, &second).unwrap().refusals, []);
    apply_well(&sim, &second);
    assert_eq!(value(&sim, "app-store-password"), before);
    let key = value(&sim, "app-api-key");
    engine::destroy(&sim, &second, &yes(), false, &Nobody, &Ears::default()).unwrap();
    assert_eq!(names(&sim), ["app-api-key", "app-store-password"]);
    apply_well(&sim, &second);
    assert_eq!(value(&sim, "app-api-key"), key);
    sim.forget(&folder(&sim).join("app-api-key")).unwrap();
    let plan = engine::survey(&sim, &second).unwrap();
    assert!(
        plan.refusals.iter().any(|problem| problem.what.contains("`app-api-key`")),
        "{:?}",
        plan.refusals
    );
}

#[test]
fn what_is_kept_in_a_folder_of_the_mac_keeps_its_secret_too() {
    let compose = |mount: &str| {
        format!(
            r#"services:
  web:
    image: busybox:1.37
    init: true
    command: [sh, -c, "echo hello > /www/index.html; httpd -f -p 8080 -h /www"]
    environment: {{PASSWORD: "${{STORE_PASSWORD:?}}"}}
    ports: ["127.0.0.1:${{PORT:?}}:8080"]
    volumes: ["{mount}"]
    healthcheck: {{test: [CMD, wget, -q, -O-, "http://127.0.0.1:8080/"], interval: 2s, retries: 3}}
"#
        )
    };
    let name = "app-store-password";
    for (mount, stays) in [("/Users/lab/pgdata:/pg", true), ("/Users/lab/pgdata:/pg:ro", false)] {
        let stack = app_as("colima", &compose(mount));
        let sim = sim(fresh(&stack));
        sim.make_dir("/Users/lab/pgdata".into(), 0o755).unwrap();
        apply_well(&sim, &stack);
        assert_eq!(changes(&sim, &stack), []);
        let before = value(&sim, name);
        let rotated = engine::rotate_secret(&sim, &stack, name, &yes(), &Nobody, &Ears::default());
        assert_eq!(rotated.is_err(), stays, "{mount}");
        let summary = engine::destroy(&sim, &stack, &yes(), false, &Nobody, &Ears::default()).unwrap();
        assert_eq!(names(&sim).contains(&name.to_owned()), stays, "{mount}");
        if stays {
            assert!(summary.kept.iter().any(|(_, why)| why.contains("/Users/lab/pgdata")), "{summary:?}");
            apply_well(&sim, &stack);
            assert_eq!(value(&sim, name), before);
        }
        destroy_well(&sim, &stack);
        assert_eq!(names(&sim), [""; 0]);
    }
}

#[test]
fn a_password_of_a_database_changes_in_the_database_first() {
    let (mac, stack) = applied();
    let sim = sim(mac);
    let before = value(&sim, POSTGRES);
    rotate(&sim, &stack, POSTGRES);
    let after = value(&sim, POSTGRES);
    assert_ne!(after, before);
    let changed = changes(&sim, &stack);
    for part in ["web", "worker", "postgres"] {
        assert!(
            changed.contains(&(Id::new("container", format!("langfuse/{part}")), Action::Change))
                || changed.contains(&(Id::new("container", format!("langfuse/{part}")), Action::Replace)),
            "{part}: {changed:?}"
        );
    }
    assert!(
        !changed.iter().any(|(id, _)| id.as_str().contains("redis") || id.kind() == "volume"),
        "{changed:?}"
    );
    apply_well(&sim, &stack);
    assert_eq!(changes(&sim, &stack), []);
    let status = engine::status(&sim, &stack).unwrap();
    assert!(status.ok(), "{}", report::status_json(&status).unwrap());
}

#[test]
fn a_change_that_was_cut_short_is_finished_by_the_next_apply() {
    for told in [false, true] {
        let (mac, stack) = applied();
        let sim = sim(mac);
        if told {
            // Everything but the last move.
            rotate(&sim, &stack, POSTGRES);
            let (now, folder) = (value(&sim, POSTGRES), folder(&sim));
            sim.keep(&folder.join("next").join(POSTGRES), now.as_bytes()).unwrap();
            sim.keep(&folder.join(POSTGRES), b"0123456789abcdef0123456789abcdef").unwrap();
        } else {
            let shape = forgectl::value::SecretShape::alphanumeric(32);
            sim.make_secret(&folder(&sim).join("next").join(POSTGRES), shape).unwrap();
        }
        let next = sim.read_text(&folder(&sim).join("next").join(POSTGRES)).unwrap().unwrap();
        apply_well(&sim, &stack);
        assert_eq!(value(&sim, POSTGRES), next, "told: {told}");
        apply_well(&sim, &stack);
        assert_eq!(changes(&sim, &stack), [], "told: {told}");
        assert!(engine::status(&sim, &stack).unwrap().ok());
    }
}

#[test]
fn what_changes_with_a_restart_restarts_what_has_it() {
    let (mac, stack) = applied();
    let sim = sim(mac);
    for name in ["langfuse-redis-password", "langfuse-nextauth-secret", "open-webui-secret-key"] {
        rotate(&sim, &stack, name);
        let changed = changes(&sim, &stack);
        assert!(
            !changed.is_empty() && changed.iter().all(|(id, _)| id.kind() == "container"),
            "{name}: {changed:?}"
        );
        apply_well(&sim, &stack);
        assert_eq!(changes(&sim, &stack), [], "{name}");
    }
    for name in
        ["langfuse-encryption-key", "langfuse-salt", "langfuse-admin-password", "open-webui-admin-password"]
    {
        let before = value(&sim, name);
        assert!(
            engine::rotate_secret(&sim, &stack, name, &yes(), &Nobody, &Ears::default()).is_err(),
            "{name}"
        );
        assert_eq!(value(&sim, name), before);
    }
}

#[test]
fn the_lab_has_what_opens_the_services() {
    let (mac, stack) = applied();
    let sim = sim(mac);
    let lab = Utf8Path::new("/Users/lab/forge/lab");
    let environment = sim.read_text(&lab.join(".env")).unwrap().unwrap();
    let says = |name: &str| {
        environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    assert_eq!(says("LANGFUSE_PUBLIC_KEY"), Some(value(&sim, "langfuse-project-public-key")));
    assert_eq!(says("LANGFUSE_SECRET_KEY"), Some(value(&sim, "langfuse-project-secret-key")));
    assert_eq!(says("LANGFUSE_BASE_URL").as_deref(), Some("http://127.0.0.1:3001"));
    assert_eq!(says("OPENAI_BASE_URL").as_deref(), Some("http://127.0.0.1:11434/v1"));
    for name in [".env", "traced_inference.py"] {
        assert_eq!(sim.stat(&lab.join(name)).unwrap().unwrap().mode, 0o600, "{name}");
    }
    // What somebody writes into it is not lost without a word.
    let mine = format!("{environment}MINE=1\n");
    sim.write(&lab.join(".env"), mine.as_bytes(), 0o600).unwrap();
    assert_eq!(changes(&sim, &stack), [(Id::new("file", "~/forge/lab/.env"), Action::Change)]);
    apply_well(&sim, &stack);
    assert_eq!(sim.read_text(&lab.join(".env")).unwrap().unwrap(), environment);
    let backups = sim.identity().unwrap().state.join("backups");
    let kept = sim.list(&backups).unwrap().unwrap();
    let texts: Vec<_> =
        kept.iter().map(|name| sim.read_text(&backups.join(name)).unwrap().unwrap()).collect();
    assert!(texts.contains(&mine), "a copy is kept");
    destroy_well(&sim, &stack);
    assert_eq!(sim.stat(&lab.join(".env")).unwrap(), None);
}

#[test]
fn somebodys_file_comes_back() {
    let stack = traced();
    let sim = sim(fresh(&stack));
    let path = Utf8Path::new("/Users/lab/forge/lab/.env");
    for folder in ["/Users/lab/forge", "/Users/lab/forge/lab"] {
        sim.make_dir(folder.into(), 0o755).unwrap();
    }
    sim.write(path, b"MINE=1\n", 0o640).unwrap();
    let plan = engine::survey(&sim, &stack).unwrap();
    let shown = report::plan(&plan, Screen::plain(200), true);
    assert!(shown.contains("keep a copy of what is there"), "{shown}");
    apply_well(&sim, &stack);
    destroy_well(&sim, &stack);
    assert_eq!(sim.read_text(path).unwrap().as_deref(), Some("MINE=1\n"));
    assert_eq!(sim.stat(path).unwrap().unwrap().mode, 0o640);
}

#[test]
fn no_secret_is_told_by_anything_that_forgectl_tells_or_keeps() {
    let stack = traced();
    let sim = sim(fresh(&stack));
    let mut told: Vec<(String, String)> = vec![];
    let trace = std::sync::Mutex::new(String::new());
    {
        let hear = |entry| {
            let mut trace = trace.lock().unwrap();
            *trace += &report::trace(&entry, Screen::plain(400));
            writeln!(trace, "{entry:?}").unwrap();
        };
        let machine = Recorded::new(&sim, hear);
        let ears = Ears::default();
        let plan = engine::survey(&sim, &stack).unwrap();
        told.push(("the first plan".into(), report::plan_json(&plan).unwrap()));
        let summary = engine::apply(&machine, &stack, &yes(), &Nobody, &ears).unwrap();
        assert!(summary.ok(), "{summary:?}\n{}", ears.told().join("\n"));
        told.push(("the events of apply".into(), ears.told().concat()));
        let how = How { command: "forgectl secrets rotate".into(), ..yes() };
        let former = value(&sim, POSTGRES);
        let ears = Ears::default();
        engine::rotate_secret(&machine, &stack, POSTGRES, &how, &Nobody, &ears).unwrap();
        told.push(("the events of a rotation".into(), ears.told().concat()));
        let plan = engine::survey(&sim, &stack).unwrap();
        for shown in [
            report::plan(&plan, Screen::plain(400), true),
            report::plan_json(&plan).unwrap(),
            format!("{plan:?}"),
        ] {
            assert!(!shown.contains(&former), "a former value is no less a secret: {shown}");
            told.push(("a plan with a new secret".into(), shown));
        }
        let ears = Ears::default();
        engine::apply(&machine, &stack, &yes(), &Nobody, &ears).unwrap();
        told.push(("the events of another apply".into(), ears.told().concat()));
        let status = engine::status_by_use(&machine, &stack, &mut |_| {}).unwrap();
        told.push(("status".into(), report::status_json(&status).unwrap()));
        let outputs = engine::outputs(&sim, None, "", false).unwrap();
        told.push(("outputs".into(), report::outputs_json(&outputs).unwrap() + &format!("{outputs:?}")));
        let secrets = engine::secrets(&sim, None, "").unwrap();
        told.push(("secrets".into(), report::secrets_json(&secrets).unwrap() + &format!("{secrets:?}")));
    }
    told.push(("the trace".into(), trace.into_inner().unwrap()));
    let state = sim.identity().unwrap().state;
    let processes = sim.with_mac(|mac| format!("{:?}", mac.state.processes));
    told.push(("the process table".into(), processes));
    let journal = engine::known_ids(&sim).unwrap();
    assert!(journal.len() > 20);
    let mut files = vec![state.join("journal.jsonl")];
    for folder in [
        state.join("runs"),
        "/Users/lab/Library/LaunchAgents".into(),
        "/Users/lab/.local/state/forgectl/locks".into(),
    ] {
        files.extend(sim.list(&folder).unwrap().unwrap_or_default().iter().map(|name| folder.join(name)));
    }
    for file in files {
        told.push((file.to_string(), sim.read_text(&file).unwrap().unwrap_or_default()));
    }
    let secrets: Vec<(String, String)> =
        names(&sim).into_iter().map(|name| (name.clone(), value(&sim, &name))).collect();
    assert!(secrets.len() > 10);
    for (name, secret) in &secrets {
        for (what, text) in &told {
            assert!(!text.is_empty(), "{what} says nothing");
            assert!(!text.contains(secret.as_str()), "{what} tells {name}");
        }
    }
    let journal = told.iter().find(|(what, _)| what.ends_with("journal.jsonl")).unwrap();
    assert!(journal.1.contains(&fingerprint(&secrets[0].1)), "but for their fingerprints");
    // Only files that nobody else can read hold one.
    sim.with_mac(|mac| {
        let disk = mac.disk.memory().unwrap();
        for (path, node) in disk.all() {
            let bytes = node.content.as_ref().and_then(|content| content.bytes(1 << 20)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let open =
                secrets.iter().any(|(_, secret)| text.contains(secret.as_str())) && node.mode & 0o077 != 0;
            assert!(!open, "{path} (mode {:04o}) holds a secret", node.mode);
        }
    });
}
