//! What is wrong, as each command tells it to people and to programs.
#![expect(clippy::disallowed_methods, reason = "the manifests are files")]

use std::fs;

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
