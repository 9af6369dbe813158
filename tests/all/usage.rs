//! The command line itself: what is taken, what is refused with which words, and commands that are told and work.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside")]

use std::fs;

use serde_json::Value;

use crate::cli::{Shell, left};

#[test]
fn a_variable_that_is_neither_yes_nor_no_is_refused_for_every_flag() {
    let shell = Shell::new();
    let mut flags = 0;
    for typed in
        ["plan x", "apply x", "destroy x", "status x", "facts", "sim new x", "sim diff x y", "rehearse x"]
    {
        let command: Vec<&str> = typed.split_whitespace().take_while(|word| word.len() > 1).collect();
        let help = shell.well(&format!("{} -h", command.join(" ")));
        let mut flag = "";
        for line in help.lines().map(str::trim) {
            flag = if line.starts_with('-') { line.split("  ").next().unwrap() } else { flag };
            // A flag without a value is printed without a `<NAME>`.
            let Some(after) = line.split("[env: ").nth(1).filter(|_| !flag.contains('<')) else { continue };
            let variable = after.split('=').next().unwrap();
            flags += 1;
            for (value, wrong) in [("maybe", true), ("2", true), ("", false), ("off", false)] {
                let mut command = shell.command(typed);
                command.env(variable, value);
                let left = left(command);
                let said = left.err.contains("its variable is `1` for yes");
                assert_eq!(
                    (left.code == 64 && said, said),
                    (wrong, wrong),
                    "{typed} {variable}={value}: {left:?}"
                );
            }
        }
    }
    assert!(flags >= 15, "{flags}");
}

#[test]
fn an_empty_variable_counts_as_none() {
    let shell = Shell::with_mac();
    let mut command = shell.command("rehearse stack.yaml -q");
    command.envs([
        ("FORGECTL_ON", ""),
        ("FORGECTL_OUTPUT", ""),
        ("FORGECTL_COLOR", ""),
        ("FORGECTL_BANDWIDTH", ""),
    ]);
    let empty = left(command);
    assert_eq!(empty.code, 0, "{empty:?}");
    let mut command = shell.command("facts");
    command.args(["--on", ""]);
    assert_eq!(left(command).code, 64, "typed, it is a target that was lost");
}

#[test]
fn wrong_usage_is_json_for_a_program() {
    let shell = Shell::new();
    for line in [
        "plan --output json",
        "facts --outpt x --output=json",
        "rehearse stack.yaml --output json --bandwidth fast",
    ] {
        let left = shell.run(line);
        let document: Value = serde_json::from_str(&left.out).unwrap();
        assert_eq!(left.code, 64, "{left:?}");
        let what = document["problems"][0]["what"].as_str().unwrap();
        assert!(!what.is_empty() && !what.starts_with("error"), "{document}");
    }
    let mut command = shell.command("facts --explain");
    command.env("FORGECTL_OUTPUT", "json");
    assert!(left(command).out.starts_with("{\"problems\":"));
}

#[test]
fn where_there_is_no_such_simulated_mac_the_command_that_makes_one_works() {
    for target in ["sim:gone.json", "dir:gone", "sim:stack.yaml", "sim:full", "dir:full", "dir:stack.yaml"] {
        for line in ["plan stack.yaml", "apply stack.yaml --yes", "facts"] {
            let shell = Shell::new();
            fs::create_dir(shell.path("full")).unwrap();
            fs::write(shell.path("full/file"), "").unwrap();
            let failed = shell.run(&format!("{line} --on {target}"));
            assert_eq!(failed.code, 1, "{failed:?}");
            let remedy = failed.err.lines().rev().find_map(|line| line.strip_prefix("    forgectl "));
            let remedy = remedy.unwrap_or_else(|| panic!("{failed:?}"));
            assert_eq!(remedy.contains("--for stack.yaml"), line != "facts", "{remedy}");
            shell.well(remedy);
        }
    }
}

#[test]
fn a_mac_needs_a_manifest_or_its_chip_and_memory() {
    let shell = Shell::new();
    let left = shell.run("sim new mac.json");
    assert_eq!(left.code, 64);
    assert!(left.err.contains("--for <STACK>") && left.err.contains("--chip <CHIP>"), "{left:?}");
    let document = shell.json("sim new mac.json --chip M4 --memory 16GB --output json");
    assert_eq!(document["target"], "sim:mac.json");
    assert_eq!((&document["macos"], &document["ollama"]), (&"15.5".into(), &false.into()));
    assert_eq!(shell.json("sim new own.json --for stack.yaml --output json")["ollama"], true);
}

#[test]
fn a_tool_is_named_with_two_hyphens_before_it_or_without() {
    let shell = Shell::with_mac();
    let with = shell.well("sim exec mac.json -- pmset -g custom");
    assert_eq!(shell.well("sim exec mac.json pmset -g custom"), with);
    assert!(shell.well("sim exec mac.json sysctl -n hw.memsize").contains("17179869184"));
}

#[test]
fn a_target_is_offered_where_it_says_something_and_nothing_hidden_is() {
    let shell = Shell::new();
    for line in ["validate", "schema", "completions", "sim", "sim new", "sim exec", "sim diff"] {
        assert!(!shell.well(&format!("{line} --help")).contains("--on "), "{line}");
    }
    assert!(shell.well("plan --help").contains("--on <TARGET>"));
    // A script that sets it for all commands is not stopped by it.
    shell.well("validate stack.yaml --on sim:mac.json");
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_kept_fails_the_command() {
    let shell = Shell::with_mac();
    for line in [
        "plan stack.yaml",
        "facts",
        "status stack.yaml",
        "apply stack.yaml --yes",
        "apply stack.yaml --output json --yes",
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = shell.command(&format!("{line} --on sim:mac.json"));
        let output = command.stdout(full).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(err.contains("error: the output cannot be written"), "{line}: {err}");
    }
    assert_eq!(shell.run("plan stack.yaml --detailed-exitcode --on sim:mac.json").code, 0, "it was applied");
}

#[test]
fn wrong_usage_ends_with_64_and_says_so_on_standard_error() {
    let shell = Shell::new();
    for line in [
        "",
        "aply stack.yaml",
        "plan",
        "plan stack.yaml --explane",
        "plan stack.yaml --on mac.json",
        "plan stack.yaml --on chip=M9,memory=16GB",
        "rehearse stack.yaml --bandwidth fast",
        "sim new mac.json --chip M4",
        "sim new mac.json --chip M4 --memory 16GB --macos 99",
        "plan stack.yaml --on chip=M4,chip=M4,memory=16GB",
        "completions tcsh",
        "facts --output yaml",
        "plan stack.yaml --only power",
        "plan stack.yaml --only power/dc --on chip=M4,memory=16GB",
        "apply stack.yaml --yes --only power/ac --only power/dc --on chip=M4,memory=16GB",
    ] {
        let left = shell.run(line);
        assert_eq!((left.code, left.out.as_str()), (64, ""), "{line}: {left:?}");
        assert!(!left.err.is_empty(), "{line}");
    }
    for line in ["--help", "--version", "plan --help", "help sim new"] {
        assert!(!shell.well(line).is_empty(), "{line}");
    }
}

#[test]
fn the_command_to_check_again_is_for_other_commands_than_the_check_itself() {
    let shell = Shell::new();
    fs::write(shell.path("my lab.yaml"), "forge: 1\nstack: x\nnod: 1\n").unwrap();
    let run = |command: &[&str]| {
        let mut line = shell.command("");
        line.args(command);
        left(line)
    };
    let plan = run(&["plan", "my lab.yaml"]);
    assert!(plan.err.ends_with("\n    forgectl validate 'my lab.yaml'\n"), "{plan:?}");
    let validate = run(&["validate", "my lab.yaml"]);
    assert_eq!(validate.code, 1);
    assert!(!validate.err.contains("forgectl validate"), "{validate:?}");
    let piped = run(&["plan", "-"]);
    assert!(piped.err.contains("the manifest is empty: `(standard input)`"), "{piped:?}");
    assert!(!piped.err.contains("forgectl validate"), "{piped:?}");
}

#[test]
fn a_manifest_that_is_sound_is_still_warned_of() {
    let shell = Shell::new();
    fs::write(shell.path("small.yaml"), "forge: 1\nstack: x\nnode: {memory: 4GB}\n").unwrap();
    let left = shell.run("validate small.yaml");
    assert_eq!((left.code, left.out.as_str()), (0, "small.yaml is sound: stack `x`\n"));
    assert!(left.err.contains("warning: every Mac has that much memory"), "{left:?}");
    let document = shell.json("validate small.yaml --output json");
    assert_eq!(document["warnings"][0]["place"], "small.yaml:3:16");
}

#[test]
fn the_command_to_go_on_names_the_target_again() {
    let shell = Shell::with_mac();
    // launchd cannot start what is no program.
    shell.well("sim exec mac.json -- sudo chmod 644 /opt/homebrew/Cellar/ollama/0.32.3/libexec/ollama");
    let left = shell.run("apply stack.yaml --on sim:mac.json --yes");
    assert_eq!(left.code, 1, "{left:?}");
    assert!(
        left.out.contains("To go on from here:\n    forgectl apply stack.yaml --on sim:mac.json --yes\n"),
        "{left:?}"
    );
    assert!(!left.out.contains("Open Ollama"), "what failed cannot be opened: {left:?}");
}

#[test]
fn the_log_of_a_simulated_mac_can_be_read_as_it_is_told() {
    let shell = Shell::with_mac();
    let out = shell.well("apply stack.yaml --on sim:mac.json --yes");
    let command = out.lines().skip_while(|line| *line != "Log:").nth(1).unwrap().trim();
    let log = shell.well(command.strip_prefix("forgectl ").unwrap());
    assert!(log.lines().next().unwrap().contains("\"event\":\"started\""), "{log}");
    assert!(!shell.well("apply stack.yaml --on chip=M4,memory=16GB --yes").contains("Log:"), "it is gone");
}

#[test]
fn events_never_replace_what_is_something_else() {
    let shell = Shell::with_mac();
    let before = fs::read(shell.path("stack.yaml")).unwrap();
    for file in ["stack.yaml", "mac.json"] {
        let left = shell.run(&format!("apply stack.yaml --yes --on sim:mac.json --events {file}"));
        assert_eq!(left.code, 1, "{left:?}");
        assert!(
            left.err.contains(&format!("error: the events file is something else: `{file}`")),
            "{left:?}"
        );
    }
    assert_eq!(fs::read(shell.path("stack.yaml")).unwrap(), before);
    assert_eq!(shell.run("apply stack.yaml --yes --on sim:mac.json --events -").code, 64);
    for _ in 0..2 {
        shell.well("apply stack.yaml --yes --on sim:mac.json --events run.jsonl");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn events_that_could_not_be_written_are_told_once() {
    let shell = Shell::with_mac();
    let left = shell.run("apply stack.yaml --yes -q --on sim:mac.json --events /dev/full");
    assert_eq!(left.code, 0, "the run itself is well: {left:?}");
    assert_eq!(left.err.matches("warning: the events file could not be written").count(), 1, "{left:?}");
}

#[test]
fn a_status_that_is_not_well_tells_what_to_type_and_that_works() {
    let shell = Shell::with_mac();
    shell.well("apply stack.yaml --yes -q --on sim:mac.json");
    let well = shell.well("status stack.yaml --on sim:mac.json");
    assert!(well.contains(" folders are there\n") && !well.contains("folder/"), "{well}");
    assert!(shell.well("status stack.yaml -v --on sim:mac.json").contains("well     folder/~/Library"));

    let manifest = fs::read_to_string(shell.path("stack.yaml")).unwrap();
    fs::write(shell.path("stack.yaml"), manifest.replace("keep_alive: 30m", "keep_alive: 5m")).unwrap();
    let quiet = shell.run("status stack.yaml -q --on sim:mac.json");
    assert!(quiet.out.starts_with("  differs  launchd-job/dev.forge.ollama"), "{quiet:?}");
    let left = shell.run("status stack.yaml --on sim:mac.json");
    assert_eq!(left.code, 2);
    assert!(left.out.contains("KEEP_ALIVE 30m -> 5m") && !left.out.contains("file:"), "{left:?}");
    let command = "forgectl apply stack.yaml --on sim:mac.json";
    assert!(left.out.contains(&format!("To bring it to what is declared:\n    {command}\n")), "{left:?}");
    shell.well("apply stack.yaml --on sim:mac.json --yes");
    shell.well("status stack.yaml --on sim:mac.json");
}

#[test]
fn a_new_folder_and_a_new_job_are_one_difference_each() {
    let shell = Shell::with_mac();
    fs::copy(shell.path("mac.json"), shell.path("fresh.json")).unwrap();
    shell.well("apply stack.yaml --yes -q --on sim:mac.json");
    let left = shell.run("sim diff fresh.json mac.json");
    assert_eq!(left.out.matches("/Library/Developer/CommandLineTools").count(), 1, "{}", left.out);
    let job: Vec<_> = left.out.lines().skip_while(|line| !line.starts_with("job ")).take(5).collect();
    let told = [
        "job gui/501/dev.forge.ollama",
        "  - (absent)",
        "  + /Users/lab/Library/LaunchAgents/dev.forge.ollama.plist,",
        "    /opt/homebrew/opt/ollama/bin/ollama, running",
    ];
    assert_eq!(job[..4], told);
    assert!(job[4].starts_with("power "), "{job:?}");
}

#[test]
fn what_is_upgraded_stands_behind_the_manifest() {
    let shell = Shell::with_mac();
    for (typed, said) in [
        ("plan stack.yaml --upgrade brew-formula/jq", "no resource of the stack"),
        ("plan stack.yaml --upgrade=brew-formula/jq", "no resource of the stack"),
        ("plan --upgrade stack.yaml", "the manifest stands before it"),
    ] {
        let left = left(shell.command(&format!("{typed} --on sim:mac.json")));
        assert!(left.code == 64 && left.err.contains(said), "{typed}: {left:?}");
    }
    assert_eq!(left(shell.command("plan stack.yaml --on sim:mac.json --upgrade")).code, 0);
}
