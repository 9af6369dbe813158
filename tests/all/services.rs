//! Open WebUI and Langfuse on the simulated Mac: brought up, proved by use, and told about when they do not work together.

use std::collections::BTreeMap;

use camino::Utf8Path;
use forgectl::{
    desk::Nobody,
    engine::{self, status::Verdict},
    manifest::{self, Stack},
    sim::{Sim, USER},
    value::Source,
};

use crate::support::{Ears, apply, apply_well, destroy_well, fresh, sim, stack, yes};

const HEAD: &str = "forge: 1\nstack: lab\nnode: {memory: 64GB, chip: M4 Pro}\ntools: {homebrew: true}\n";
const OLLAMA: &str =
    "ollama: {num_ctx: 8192}\nmodels: [{ollama: \"gemma4:e4b\"}, {ollama: \"gemma4:e2b\"}]\n";
const STATE: &str = "/Users/lab/.local/state/forgectl";

fn both() -> Stack {
    stack(&format!(
        "{HEAD}{OLLAMA}containers: {{memory: 8GB}}\nservices: {{open-webui: {{}}, langfuse: {{}}}}\n"
    ))
}

fn applied(stack: &Stack) -> Sim {
    let sim = sim(fresh(stack));
    apply_well(&sim, stack);
    sim
}

/// What proving all by use shows of one resource: whether it is well, what was seen, and what is wrong.
fn used(sim: &Sim, stack: &Stack, id: &str) -> (Verdict, String, String) {
    let status = engine::status_by_use(sim, stack, &mut |_| {}).unwrap();
    let row = status.rows.into_iter().find(|row| row.id.to_string() == id).unwrap();
    let problem = row.problem.map(|problem| format!("{problem:?}")).unwrap_or_default();
    (row.verdict, row.evidence.join("\n"), problem)
}

/// Changes the files of a volume behind everybody's back.
fn volume(sim: &Sim, name: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) {
    sim.with_mac(|mac| {
        let engine = mac.state.engines.values_mut().next().unwrap();
        change(engine.volume_files(name).unwrap());
    });
}

fn secrets(sim: &Sim) -> Vec<String> {
    let folder = Utf8Path::new(STATE).join("secrets");
    sim.with_mac(|mac| {
        let names = mac.disk.list(0, &folder).unwrap();
        let read = |name: &String| {
            let content = mac.disk.read(USER, &folder.join(name)).ok()?;
            String::from_utf8(content.bytes(4096)?.to_vec()).ok()
        };
        names.iter().filter(|name| !name.contains('.')).filter_map(read).collect()
    })
}

#[test]
fn both_come_up_proved_by_use_and_the_second_time_there_is_nothing_to_do() {
    let stack = both();
    let sim = applied(&stack);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    let (verdict, seen, _) = used(&sim, &stack, "container/open-webui/open-webui");
    assert_eq!(verdict, Verdict::Well);
    for what in [
        "Open WebUI 0.12.4 is ready at http://127.0.0.1:3000",
        "from inside its container Ollama answers at http://host.docker.internal:11434",
        "admin@forge.local is let in",
        "it lists the 2 models that Ollama has",
        "`gemma4:e2b` answered a chat through it",
    ] {
        assert!(seen.contains(what), "{what}: {seen}");
    }
    assert!(used(&sim, &stack, "container/langfuse/web").1.contains("its keys open the project `lab`"));
    assert!(used(&sim, &stack, "container/langfuse/worker").1.contains("a span was sent and read back"));
    // A model that was loaded only for the chat is not left in memory.
    let loaded = sim
        .exec(forgectl::sim::Caller::user(true), &["/opt/homebrew/bin/ollama".to_owned(), "ps".to_owned()]);
    assert!(!loaded.stdout.contains("gemma4"), "{loaded:?}");
}

#[test]
fn no_secret_of_theirs_is_told_in_events_journal_or_plan() {
    let stack = both();
    let sim = sim(fresh(&stack));
    let ears = Ears::default();
    let summary = engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap();
    assert!(summary.ok());
    let values = secrets(&sim);
    assert!(values.len() > 10, "{}", values.len());
    let journal = sim.with_mac(|mac| {
        let path = Utf8Path::new(STATE).join("journal.jsonl");
        String::from_utf8(mac.disk.read(USER, &path).unwrap().bytes(8 << 20).unwrap().to_vec()).unwrap()
    });
    let changed = manifest::read(&Source::new(
        "stack.yaml",
        stack.source().text().replace("langfuse: {}", "langfuse: {version: \"4.60.0\"}"),
    ));
    let plan = format!("{:?}", engine::survey(&sim, &changed.unwrap()).unwrap());
    for told in [ears.told().join("\n"), journal, plan] {
        assert!(values.iter().all(|value| !told.contains(value.as_str())));
    }
}

#[test]
fn data_stays_with_what_opens_it_until_all_of_it_is_asked_for() {
    let stack = both();
    let sim = applied(&stack);
    let before = secrets(&sim);
    let kept = engine::destroy(&sim, &stack, &yes(), false, &Nobody, &Ears::default()).unwrap();
    assert!(kept.ok(), "{kept:?}");
    let left = secrets(&sim);
    assert!(left.len() > 5 && left.iter().all(|value| before.contains(value)), "{}", left.len());
    // The same account and the same keys open the same data.
    apply_well(&sim, &stack);
    assert!(used(&sim, &stack, "container/open-webui/open-webui").1.contains("is let in"));
    destroy_well(&sim, &stack);
    let none =
        sim.with_mac(|mac| mac.disk.list(0, &Utf8Path::new(STATE).join("secrets")).unwrap_or_default());
    assert_eq!(none, Vec::<String>::new());
}

#[test]
fn an_address_that_does_not_lead_to_ollama_is_tried_and_the_one_that_does_is_kept() {
    let stack = both();
    let sim = sim(fresh(&stack));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        let folder = Utf8Path::new(STATE).join("reached");
        mac.disk.make_dirs(USER, &folder, 0o700, now).unwrap();
        let content = forgectl::sim::Content::Bytes(b"http://host.lima.internal:11434".to_vec());
        mac.disk.write(USER, &folder.join("open-webui-ollama"), content, 0o600, now).unwrap();
    });
    let ears = Ears::default();
    assert!(!engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap().ok());
    let told = ears.told().join("\n");
    assert!(told.contains("http://host.lima.internal:11434: exit 6: curl: (6)"), "{told}");
    assert!(told.contains("http://host.docker.internal:11434 leads there: it is kept"), "{told}");
    apply_well(&sim, &stack);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

#[test]
fn what_fails_between_two_parts_is_named_with_its_log_and_the_way_on() {
    let stack = both();
    let sim = applied(&stack);
    volume(&sim, "forge-langfuse_minio-data", BTreeMap::clear);
    let (verdict, _, problem) = used(&sim, &stack, "container/langfuse/worker");
    assert_eq!(verdict, Verdict::Unwell);
    for what in
        ["does not take a span", "NoSuchBucket", "object store", "logs --tail 50 forge-langfuse-web-1"]
    {
        assert!(problem.contains(what), "{what}: {problem}");
    }

    let sim = applied(&stack);
    volume(&sim, "forge-langfuse_clickhouse-data", BTreeMap::clear);
    let (_, _, problem) = used(&sim, &stack, "container/langfuse/worker");
    for what in ["took a span and does not show it", "UNKNOWN_TABLE", "forge-langfuse-worker-1"] {
        assert!(problem.contains(what), "{what}: {problem}");
    }

    volume(&sim, "forge-open-webui_data", |files| {
        files.insert("webui.db".to_owned(), r#"{"users":[],"settings":null}"#.to_owned());
    });
    let (verdict, _, problem) = used(&sim, &stack, "container/open-webui/open-webui");
    assert_eq!(verdict, Verdict::Unwell);
    assert!(problem.contains("does not let admin@forge.local in"), "{problem}");
    let values = secrets(&sim);
    assert!(values.iter().all(|value| !problem.contains(value.as_str())));
}

#[test]
fn what_its_users_make_of_models_in_open_webui_is_theirs() {
    let stack = both();
    let sim = applied(&stack);
    volume(&sim, "forge-open-webui_data", |files| {
        let mut kept: serde_json::Value = serde_json::from_str(&files["webui.db"]).unwrap();
        kept["models"] = serde_json::json!([
            { "id": "my-assistant", "base_model_id": "gemma4:e2b", "is_active": true },
            { "id": "gemma4:e4b", "base_model_id": null, "is_active": false },
        ]);
        files.insert("webui.db".to_owned(), kept.to_string());
    });
    let (verdict, seen, problem) = used(&sim, &stack, "container/open-webui/open-webui");
    assert_eq!(verdict, Verdict::Well, "{problem}");
    assert!(seen.contains("it lists the 2 models that Ollama has"), "{seen}");
}

#[test]
fn one_port_is_asked_for_once_and_open_webui_needs_an_ollama() {
    let refusals = |text: &str| {
        let stack = stack(&format!("{HEAD}{text}"));
        let sim = sim(fresh(&stack));
        let plan = engine::survey(&sim, &stack).unwrap();
        assert!(apply(&sim, &stack).is_err());
        plan.refusals.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>().join("\n")
    };
    let twice = refusals(&format!("{OLLAMA}services: {{open-webui: {{}}, langfuse: {{port: 3000}}}}\n"));
    assert!(twice.contains("port 3000 is asked for twice") && twice.contains("`open-webui`"), "{twice}");
    let ollama = refusals(&format!("{OLLAMA}services: {{langfuse: {{port: 11434}}}}\n"));
    assert!(ollama.contains("port 11434 is asked for twice") && ollama.contains("Ollama"), "{ollama}");
    let alone = refusals("services: {open-webui: {}}\n");
    assert!(alone.contains("has no Ollama server behind it"), "{alone}");
}

#[test]
fn who_lets_the_network_in_is_told_so_beforehand() {
    let stack = stack(&format!(
        "{HEAD}{OLLAMA}services: {{open-webui: {{listen: lan}}, langfuse: {{listen: lan}}}}\n"
    ));
    let plan = engine::survey(&sim(fresh(&stack)), &stack).unwrap();
    let told = format!("{plan:?}");
    for what in
        ["listens on 0.0.0.0:3000", "listens on 0.0.0.0:3001", "from another computer ends up on `localhost`"]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
}
