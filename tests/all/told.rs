//! What is wrong, as each command tells it to people and to programs.
#![expect(clippy::disallowed_methods, reason = "the manifests are files")]

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use crate::{cli::Shell, support::SPINE};

#[test]
fn what_failed_in_a_rehearsal_is_told_to_everybody() {
    let shell = Shell::new();
    // The Command Line Tools never come through so thin a line.
    let line = "rehearse stack.yaml --bandwidth 100kbit";
    for how in ["", " --quiet", " --color always"] {
        let left = shell.run(&format!("{line}{how}"));
        assert_eq!(left.code, 1);
        let said = left.err.replace("\u{1b}[", "<").replace("<31m<1merror<0m", "error");
        assert!(
            said.starts_with("error: ") && said.contains("the Command Line Tools were not installed"),
            "{said}"
        );
        assert!(said.contains("    softwareupdate -l\n") && !said.contains("\\u{1b}"), "{said}");
    }
    let left = shell.run(&format!("{line} --output json"));
    let document: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!((left.code, &document["first"]["failed"]), (1, &1.into()));
    assert_eq!(document["problems"][0]["resource"], "tool/command-line-tools");
    assert_eq!(document["problems"][0]["advice"][0]["commands"][0], "softwareupdate -l");
    assert_eq!(shell.json("rehearse stack.yaml --output json")["problems"], Value::Array(vec![]));
}

#[test]
fn a_manifest_that_is_sound_but_odd_is_warned_of() {
    let shell = Shell::new();
    let odd =
        SPINE.replace("environment: {}", "environment: {OLLAMA_ODD_QX: 1}").replace("chip: any", "chip: M9");
    fs::write(shell.path("odd.yaml"), odd).unwrap();
    let left = shell.run("validate odd.yaml");
    assert_eq!((left.code, left.out.as_str()), (0, "odd.yaml is sound: stack `spine`\n"));
    assert!(
        left.err.starts_with("warning: unknown chip: `M9`\n") && left.err.contains("`OLLAMA_ODD_QX`"),
        "{left:?}"
    );
    assert_eq!(shell.run("validate odd.yaml --quiet").err, "");
    let document = shell.json("validate odd.yaml --output json");
    let places: Vec<_> =
        document["warnings"].as_array().unwrap().iter().map(|one| one["place"].clone()).collect();
    assert_eq!(places, ["odd.yaml:5:9", "odd.yaml:18:17"]);
    assert_eq!(document["problems"], Value::Array(vec![]));
    assert_eq!(shell.run("validate stack.yaml").err, "");
}

#[test]
fn no_mac_is_simulated_that_there_is_not() {
    let shell = Shell::new();
    for (chip, memory, said) in [
        ("M9", "16GB", "no simulated Mac has the chip `M9`"),
        ("any", "9999999TB", "no simulated Mac has this much memory: "),
        ("M4", "64GB", "no simulated Mac has this much memory: 64GB"),
    ] {
        let text = SPINE.replace("chip: any", &format!("chip: {chip}"));
        fs::write(shell.path("odd.yaml"), text.replace("16GB", memory)).unwrap();
        for line in ["sim new mac.json --for odd.yaml", "rehearse odd.yaml"] {
            let left = shell.run(line);
            assert_eq!(left.code, 1, "{left:?}");
            assert!(
                left.err.starts_with(&format!("error: {said}")) && left.err.contains("odd.yaml:"),
                "{left:?}"
            );
            assert!(!shell.path("mac.json").exists());
        }
        assert_eq!(shell.run("validate odd.yaml").code, 0, "Apple makes new ones");
        assert!(shell.run("validate odd.yaml").err.starts_with("warning: "), "{chip} {memory}");
    }
    let left = shell.run("sim new mac.json --chip M4 --memory 64GB --macos 15.5");
    assert!(left.code == 1 && left.err.contains("no M4 has 64GB of memory; the most is 32GB"), "{left:?}");
    // The chip that comes with so much is taken.
    fs::write(shell.path("large.yaml"), SPINE.replace("16GB", "256GB")).unwrap();
    shell.well("sim new mac.json --for large.yaml");
    assert!(shell.well("facts --on sim:mac.json").contains("M3 Ultra"));
}

#[test]
fn no_command_goes_on_with_a_bad_manifest() {
    let shell = Shell::with_mac();
    let before = fs::read(shell.path("mac.json")).unwrap();
    fs::create_dir(shell.path("folder.yaml")).unwrap();
    let level = |at: usize| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", "));
    let bomb = (1..=9).map(level).collect::<Vec<_>>().concat();
    let bad = [
        ("empty.yaml", String::new()),
        ("broken.yaml", SPINE.replace("chip: any", "chip: [any")),
        ("wrong.yaml", SPINE.replace("16GB", "much")),
        ("huge.yaml", "#".repeat((1 << 20) + 1)),
        ("deep.yaml", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("bomb.yaml", format!("a0: &a0 x\n{bomb}")),
    ];
    let names = bad.iter().map(|(name, _)| *name).chain(["folder.yaml", "gone.yaml"]);
    for (name, text) in &bad {
        fs::write(shell.path(name), text).unwrap();
    }
    for name in names {
        for command in ["plan", "apply --yes", "status", "destroy --yes"] {
            let left = shell.run(&format!("{command} {name} --on sim:mac.json"));
            assert_eq!((left.code, left.out.as_str()), (1, ""), "{command} {name}: {left:?}");
            assert!(left.err.starts_with("error: ") && left.err.contains(name), "{command}: {left:?}");
            assert!(fs::read(shell.path("mac.json")).unwrap() == before, "{command} {name} changed the Mac");
        }
    }
}

#[test]
fn a_manifest_that_others_keep_to_themselves_is_named() {
    let shell = Shell::with_mac();
    fs::set_permissions(shell.path("stack.yaml"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(shell.path("stack.yaml")).is_ok() {
        return; // Root reads everything; the words are tested where they are made.
    }
    let left = shell.run("plan stack.yaml --on sim:mac.json");
    assert_eq!((left.code, left.out.as_str()), (1, ""), "{left:?}");
    assert!(left.err.starts_with("error: the manifest cannot be read: `stack.yaml`\n"), "{left:?}");
}

/// What a stack can do without ends no command with a failure, is a warning wherever it is told, and comes with the way to try again.
#[test]
fn what_can_be_done_without_is_a_warning_everywhere() {
    let shell = Shell::new();
    let text =
        format!("{SPINE}models: [{{ollama: \"gemma3:1b\"}}, {{ollama: \"gemma9\", optional: true}}]\n");
    fs::write(shell.path("odd.yaml"), text).unwrap();
    let left = shell.run("rehearse odd.yaml");
    assert_eq!(left.code, 0, "{left:?}");
    assert!(left.err.contains("warning: no such model: `gemma9:latest`"), "{}", left.err);
    assert!(left.out.contains(", 1 optional not brought"), "{}", left.out);

    shell.run("sim new mac.json --for odd.yaml");
    let left = shell.run("apply odd.yaml --on sim:mac.json --yes");
    assert_eq!(left.code, 0, "{left:?}");
    assert!(left.err.contains("warning: no such model: `gemma9:latest`") && !left.err.contains("error: "));
    let again = "Not brought, and the stack can do without: ollama-model/gemma9:latest. To try again:";
    let said = left.out.replace('\n', " ");
    assert!(said.contains(again), "{}", left.out);
    assert!(left.out.contains("    forgectl apply odd.yaml --on sim:mac.json --yes\n"), "{}", left.out);
    assert!(left.out.contains(", 1 optional not brought\n"), "{}", left.out);

    let left = shell.run("apply odd.yaml --on sim:mac.json --yes --output json");
    let last: Value = serde_json::from_str(left.out.lines().last().unwrap()).unwrap();
    assert_eq!((left.code, &last["summary"]["optional"][0]), (0, &"ollama-model/gemma9:latest".into()));
    let left = shell.run("status odd.yaml --on sim:mac.json");
    assert_eq!(left.code, 0, "{left:?}");
    assert!(left.out.contains("missing  ollama-model/gemma9:latest (optional)"), "{}", left.out);
}
