//! Plans, manifests that forgectl writes, and places, as a person types for them.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside")]

use std::fs;

use crate::cli::{Shell, left};

#[test]
fn a_plan_narrowed_to_one_resource_counts_what_it_leaves_aside() {
    let shell = Shell::with_mac();
    let plan = shell.well("plan stack.yaml --only power/ac --on sim:mac.json");
    assert!(plan.contains("Plan: 0 add, 1 change, 0 remove · 8 other resources left aside · "), "{plan}");
    let refused = shell.run("apply stack.yaml --only power/ac --on sim:mac.json");
    assert!(
        refused.err.contains("    forgectl apply stack.yaml --on sim:mac.json --only power/ac --yes\n"),
        "{refused:?}"
    );
    shell.well("apply stack.yaml --only power/ac --yes --on sim:mac.json");
    let rest = shell.well("plan stack.yaml --on sim:mac.json");
    assert!(rest.contains("Plan: 6 add, 0 change, 0 remove · "), "{rest}");
}

#[test]
fn a_plan_is_saved_and_carried_out_once() {
    let shell = Shell::with_mac();
    let run = |line: &str| shell.run(&format!("{line} --on sim:mac.json"));
    let saved = run("plan stack.yaml --only power/ac --out plan.json");
    assert!(saved.err.contains("    forgectl apply plan.json --on sim:mac.json\n"), "{saved:?}");
    assert_eq!(run("plan stack.yaml --out plan.json").code, 0, "a saved plan may be replaced");
    let applied = run("apply plan.json");
    assert_eq!(applied.code, 0, "{applied:?}");
    let again = run("apply plan.json");
    assert_eq!(again.code, 1, "{again:?}");
    let manifest = shell.path("stack.yaml");
    let remedy = format!("    forgectl plan {manifest} --on sim:mac.json --out plan.json\n");
    assert!(again.err.contains(&remedy) && again.err.contains("power/ac: to be changed"), "{again:?}");
}

#[test]
fn a_saved_plan_without_its_manifest_says_which_it_was() {
    let shell = Shell::with_mac();
    shell.well("plan stack.yaml --out plan.json --on sim:mac.json");
    let manifest = shell.path("stack.yaml");
    fs::rename(&manifest, shell.path("elsewhere.yaml")).unwrap();
    let left = shell.run("apply plan.json --yes --on sim:mac.json");
    assert_eq!(left.code, 1);
    assert!(left.err.contains(manifest.as_str()) && left.err.contains("`plan.json`"), "{left:?}");
    fs::write(&manifest, "forge: 1\nstack: other\nnode: {memory: 8GB}\n").unwrap();
    let left = shell.run("apply plan.json --yes --on sim:mac.json");
    assert!(left.code == 1 && left.err.contains("the manifest has changed"), "{left:?}");
}

#[test]
fn a_plan_is_saved_only_where_it_can_be_carried_out_and_costs_nobody_a_file() {
    let shell = Shell::with_mac();
    let manifest = fs::read(shell.path("stack.yaml")).unwrap();
    let left = shell.run("plan stack.yaml --out stack.yaml --on sim:mac.json");
    assert_eq!((left.code, fs::read(shell.path("stack.yaml")).unwrap()), (1, manifest), "{left:?}");
    let small = shell.run("plan stack.yaml --out plan.json --on chip=M4,memory=8GB");
    assert!(small.code == 1 && small.err.contains("Not saved"), "{small:?}");
    assert!(!shell.path("plan.json").exists());
    assert_eq!(shell.run("plan - --out plan.json --on sim:mac.json").code, 64);
    shell.well("plan stack.yaml --out plan.json --on sim:mac.json");
    for line in ["plan plan.json", "status plan.json", "apply plan.json --only power/ac"] {
        let left = shell.run(&format!("{line} --on sim:mac.json"));
        assert!(left.code == 64 && left.err.contains("saved plan"), "{line}: {left:?}");
    }
}

#[test]
fn what_was_applied_can_be_used_in_other_commands() {
    let shell = Shell::with_mac();
    let run = |line: &str| shell.run(&format!("{line} --on sim:mac.json"));
    assert_eq!(run("output").code, 1, "nothing is there yet");
    shell.well("apply stack.yaml --yes --on sim:mac.json");
    assert_eq!(run("output ollama").out, "http://127.0.0.1:11434\n");
    assert_eq!(run("output ollama --stack stack.yaml --output json").out, "\"http://127.0.0.1:11434\"\n");
    assert_eq!(run("output launchd-job/dev.forge.ollama").out, "gui/501/dev.forge.ollama\n");
    assert_eq!(run("output openwebui").code, 64);
    let all = run("output").out;
    assert!(
        all.lines().any(|line| line.starts_with("Ollama  ") && line.ends_with("  http://127.0.0.1:11434"))
    );
    let document = shell.json("output --output json --on sim:mac.json");
    assert_eq!(document["urls"]["Ollama"], "http://127.0.0.1:11434");
    let plist = "/Users/lab/Library/LaunchAgents/dev.forge.ollama.plist";
    assert_eq!(document["places"]["launchd-job/dev.forge.ollama"]["job"]["plist"], plist);
    fs::write(
        shell.path("other.yaml"),
        "forge: 1\nstack: other\nnode: {memory: 8GB}\npower: {never_sleep: true}\n",
    )
    .unwrap();
    shell.well("apply other.yaml --yes --on sim:mac.json");
    let several = run("output ollama");
    assert!(several.code == 64 && several.err.contains("`other`, `spine`"), "{several:?}");
}

#[test]
fn a_first_manifest_costs_nobody_a_file_and_can_be_planned() {
    let shell = Shell::with_mac();
    let init = |line: &str| shell.run(&format!("init {line} --on sim:mac.json"));
    let before = fs::read(shell.path("stack.yaml")).unwrap();
    let left = init("");
    assert_eq!((left.code, fs::read(shell.path("stack.yaml")).unwrap()), (1, before), "{left:?}");
    assert!(left.err.contains("`--force`"), "{left:?}");
    assert_eq!(init("--force").code, 0);
    assert!(fs::read_to_string(shell.path("stack.yaml")).unwrap().contains("\nstack: lab\n"));
    let named = init("my-mac.yaml");
    assert!(named.err.contains("    forgectl plan my-mac.yaml --on sim:mac.json\n"), "{named:?}");
    assert!(fs::read_to_string(shell.path("my-mac.yaml")).unwrap().contains("\nstack: my-mac\n"));
    shell.well("validate my-mac.yaml");
    shell.well("plan my-mac.yaml --on sim:mac.json");
    let printed = init("-");
    assert!(printed.out.contains("\nollama:\n") && printed.err.is_empty(), "{printed:?}");
    let without = shell.json("init - --on chip=M4,memory=16GB,sudo=denied --output json");
    assert_eq!(without["left_out"][0]["key"], "power");
    assert!(without["text"].as_str().unwrap().contains("\n# power:\n"), "{without}");
}

#[test]
fn a_lost_manifest_is_exported_again() {
    let shell = Shell::with_mac();
    shell.well("apply stack.yaml --yes --on sim:mac.json");
    let text = shell.well("export --on sim:mac.json");
    shell.well("export again.yaml --on sim:mac.json");
    assert_eq!(fs::read_to_string(shell.path("again.yaml")).unwrap(), text);
    assert_eq!(shell.run("export again.yaml --on sim:mac.json").code, 1, "it is there already");
    assert_eq!(shell.run("plan again.yaml --detailed-exitcode --on sim:mac.json").code, 0);
    shell.well("validate again.yaml");
    assert_eq!(shell.json("export --output json --on sim:mac.json")["stack"], "spine");
}

#[test]
fn a_graph_of_the_plan_is_text_in_the_language_that_was_asked_for() {
    let shell = Shell::with_mac();
    let graph = |flag: &str| shell.well(&format!("plan stack.yaml {flag} --on sim:mac.json"));
    let mermaid = graph("--graph");
    assert!(mermaid.starts_with("flowchart TD\n") && !mermaid.contains("Plan: "), "{mermaid}");
    assert_eq!(graph("--graph=mermaid"), mermaid);
    let dot = graph("--graph=dot");
    assert!(dot.starts_with("digraph plan {\n") && dot.ends_with("}\n"), "{dot}");
    let arrows = dot.lines().filter(|line| line.contains(" -> ") && !line.contains('[')).count();
    assert!(arrows > 0 && arrows == mermaid.matches(" --> ").count(), "{mermaid}\n{dot}");
    let small = shell.run("plan stack.yaml --graph --on chip=M4,memory=8GB");
    assert_eq!(small.code, 1);
    assert!(small.out.starts_with("flowchart") && small.err.contains("`memory`"), "{small:?}");
}

#[test]
fn a_graph_for_programs_is_one_document_too() {
    let shell = Shell::with_mac();
    let line = "plan stack.yaml --graph=dot --on sim:mac.json";
    let document = shell.json(&format!("{line} --output json"));
    assert_eq!(
        (document["graph"].as_str().unwrap(), &document["language"]),
        (&*shell.well(line), &"dot".into())
    );
}

#[test]
fn a_plan_is_saved_in_a_file_and_nowhere_else() {
    let shell = Shell::with_mac();
    for file in ["-", ""] {
        let mut command = shell.command("plan stack.yaml --on sim:mac.json");
        command.args(["--out", file]);
        let left = left(command);
        assert!(left.code == 64 && left.err.contains("it takes a file"), "{left:?}");
    }
    assert!(!shell.path("-").exists());
    let nowhere = shell.run("plan stack.yaml --on sim:mac.json --out no/such/plan.json");
    assert!(nowhere.code == 1 && nowhere.err.contains("there is no folder `no/such`"), "{nowhere:?}");
    let folder = shell.run("plan stack.yaml --on sim:mac.json --out .");
    assert!(folder.code == 1 && folder.err.contains("it is a folder"), "{folder:?}");
}

#[test]
fn a_plan_that_cannot_be_read_is_made_anew_by_the_command_that_is_told() {
    let shell = Shell::with_mac();
    fs::write(shell.path("my plan.json"), "{\"forge_plan\": 1}").unwrap();
    let mut command = shell.command("apply --on sim:mac.json");
    command.arg("my plan.json");
    let damaged = left(command);
    let remedy = "    forgectl plan STACK --on sim:mac.json --out 'my plan.json'\n";
    assert!(damaged.code == 1 && damaged.err.contains(remedy), "{damaged:?}");
    let mut command = shell.command("status --on sim:mac.json");
    command.arg("my plan.json");
    let other = left(command);
    assert!(other.code == 64 && other.err.contains("every other command takes a manifest"), "{other:?}");
}

#[test]
fn force_costs_nobody_a_file_that_is_no_manifest() {
    let shell = Shell::with_mac();
    let mac = fs::read(shell.path("mac.json")).unwrap();
    for line in ["init mac.json --force", "export mac.json --force", "export mac.json"] {
        let left = shell.run(&format!("{line} --on sim:mac.json"));
        assert!(left.code == 1 && left.err.contains("it is no manifest"), "{left:?}");
    }
    assert_eq!(fs::read(shell.path("mac.json")).unwrap(), mac);
    for text in ["", "{ \"forge\": 1 }", "# mine\nforge: one\n"] {
        fs::write(shell.path("old.yaml"), text).unwrap();
        shell.well("export old.yaml --force --on sim:mac.json");
    }
    let plan = shell.path("plan.json");
    shell.well(&format!("plan old.yaml --out {plan} --on sim:mac.json"));
    assert_eq!(shell.run("init plan.json --force --on sim:mac.json").code, 1, "a plan is no manifest");
}

#[test]
fn whatever_its_file_is_called_a_first_manifest_can_be_read() {
    let shell = Shell::with_mac();
    let name = "two\nlines #1: \"{}\".yaml";
    let mut command = shell.command("init --on sim:mac.json");
    command.arg(name);
    assert_eq!(left(command).code, 0);
    let mut command = shell.command("validate");
    command.arg(name);
    assert_eq!(left(command).code, 0);
}

#[test]
fn what_a_stack_that_is_not_there_lacks_is_the_apply_of_its_own_manifest() {
    let shell = Shell::with_mac();
    let named = shell.run("output --stack stack.yaml --on sim:mac.json");
    assert!(named.err.contains("    forgectl apply stack.yaml --on sim:mac.json\n"), "{named:?}");
    let unnamed = shell.run("output --on sim:mac.json");
    assert!(unnamed.err.contains("    forgectl apply STACK --on sim:mac.json\n"), "{unnamed:?}");
}
