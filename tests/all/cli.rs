//! Whole command lines: what a person types, the exit code, and what is said where.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside")]

use std::{
    fs,
    process::{Command, Stdio},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with the spine's manifest in it, where commands are typed.
pub(crate) struct Shell {
    folder: TempDir,
}

/// What a command left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let shell = Self { folder: TempDir::new().unwrap() };
        fs::write(shell.path("stack.yaml"), include_str!("../../stacks/spine.yaml")).unwrap();
        shell
    }

    /// One with the spine's own Mac in `mac.json`.
    pub(crate) fn with_mac() -> Self {
        let shell = Self::new();
        shell.well("sim new mac.json --for stack.yaml");
        shell
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forgectl"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env_clear().env("LANG", "en_US.UTF-8").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Left {
        left(self.command(line))
    }

    /// Runs what must end with 0, and answers with its standard output.
    pub(crate) fn well(&self, line: &str) -> String {
        let left = self.run(line);
        assert_eq!(left.code, 0, "{line}: {left:?}");
        left.out
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.well(line)).unwrap()
    }
}

pub(crate) fn left(mut command: Command) -> Left {
    let output = command.output().unwrap();
    Left {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_stack_lives_on_a_mac_in_a_file_from_plan_to_destroy() {
    let shell = Shell::with_mac();
    fs::copy(shell.path("mac.json"), shell.path("fresh.json")).unwrap();
    let run = |line: &str| shell.run(&format!("{line} --on sim:mac.json"));

    let plan = run("plan stack.yaml --detailed-exitcode");
    assert_eq!(plan.code, 2, "{plan:?}");
    assert!(plan.out.lines().last().unwrap().starts_with("Plan: "), "{plan:?}");
    assert_eq!(run("plan stack.yaml").code, 0, "only that flag makes it 2");

    let refused = run("apply stack.yaml");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("    forgectl apply stack.yaml --on sim:mac.json --yes\n"), "{refused:?}");
    assert_eq!(shell.run("sim diff fresh.json mac.json").code, 0, "a refused run has changed nothing");

    assert_eq!(run("status stack.yaml").code, 2, "nothing is there yet");
    let applied = run("apply stack.yaml --yes");
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.out.lines().last().unwrap().starts_with("Done after "), "{applied:?}");
    assert_eq!(shell.run("sim diff fresh.json mac.json").code, 2);
    assert_eq!(run("plan stack.yaml --detailed-exitcode").code, 0);
    let again = run("apply stack.yaml");
    assert_eq!(again.code, 0, "an empty plan asks nothing: {again:?}");
    assert!(again.out.contains("Nothing to do: "), "{again:?}");
    assert_eq!(run("status stack.yaml").code, 0);
    assert_eq!(run("verify stack.yaml --use").code, 0);

    shell.well("sim exec mac.json -- launchctl bootout gui/501/dev.forge.ollama");
    let gone = run("status stack.yaml");
    assert_eq!(gone.code, 2, "{gone:?}");
    assert!(gone.out.contains("launchd-job/dev.forge.ollama"), "{gone:?}");
    assert_eq!(run("apply stack.yaml --yes").code, 0);

    assert_eq!(run("destroy stack.yaml --all-data").code, 1, "without a yes nothing is taken away");
    assert_eq!(run("destroy stack.yaml --all-data --yes").code, 0);
    let differ = shell.run("sim diff fresh.json mac.json");
    assert_eq!(differ.code, 0, "{differ:?}");
}

#[test]
fn the_target_stands_before_the_command_behind_it_or_in_the_environment() {
    let shell = Shell::with_mac();
    let facts = shell.well("facts --on sim:mac.json");
    assert_eq!(shell.well("--on sim:mac.json facts"), facts);
    let mut command = shell.command("facts");
    command.env("FORGECTL_ON", "sim:mac.json");
    assert_eq!(left(command).out, facts);
}

#[cfg(not(target_os = "macos"))]
#[test]
fn where_there_is_no_mac_the_way_on_is_told() {
    let shell = Shell::new();
    for line in ["plan stack.yaml", "apply stack.yaml --yes", "destroy stack.yaml", "status stack.yaml"] {
        let left = shell.run(line);
        assert_eq!(left.code, 1, "{line}");
        assert!(left.err.starts_with("error: this is not a Mac\n"), "{left:?}");
        assert!(left.err.contains("    forgectl rehearse stack.yaml\n"), "{left:?}");
        assert!(left.err.contains("    forgectl sim new mac.json --for stack.yaml\n"), "{left:?}");
    }
}

#[test]
fn a_rehearsal_is_one_document_with_its_numbers() {
    let shell = Shell::new();
    let document = shell.json("rehearse stack.yaml --output json");
    let number = |path: &str| document.pointer(path).and_then(Value::as_u64);
    assert!(number("/first/changes").unwrap() > 0, "{document}");
    assert!(number("/first/effects").unwrap() > 0);
    assert_eq!(number("/first/failed"), Some(0));
    assert!(document["first"]["duration_s"].as_f64().unwrap() > 60.0);
    assert_eq!((number("/second/changes"), number("/second/effects")), (Some(0), Some(0)));
    assert!(!document["proved"].as_array().unwrap().is_empty());
    assert!(number("/peak_disk_bytes").unwrap() > 1_000_000_000);

    let slow = shell.json("rehearse stack.yaml --output json --bandwidth 20Mbit/s");
    assert!(slow["first"]["duration_s"].as_f64() > document["first"]["duration_s"].as_f64());
    assert_eq!(slow["first"]["download_bytes"], document["first"]["download_bytes"]);
}

#[test]
fn a_rehearsal_that_fails_says_what_and_ends_with_1() {
    let shell = Shell::new();
    let left = shell.run("rehearse stack.yaml --on chip=M4,memory=8GB");
    assert_eq!(left.code, 1);
    assert!(left.err.contains("error: ") && left.err.contains("stack.yaml:"), "{left:?}");
}

#[test]
fn events_are_json_lines_on_standard_output_and_in_a_file() {
    let shell = Shell::new();
    let fresh = "apply stack.yaml --yes --on chip=M4,memory=16GB";
    let kinds = |text: &str| -> Vec<String> {
        let event = |line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned();
        text.lines().map(event).collect()
    };
    let out = kinds(&shell.well(&format!("{fresh} --output json")));
    assert_eq!((out.first().unwrap().as_str(), out.last().unwrap().as_str()), ("started", "finished"));
    let human = shell.well(&format!("{fresh} --events run.jsonl"));
    assert!(human.contains("Done after "), "{human}");
    assert_eq!(kinds(&fs::read_to_string(shell.path("run.jsonl")).unwrap()), out);

    let left = shell.run(&format!("{fresh} --events no/such/folder/run.jsonl"));
    assert_eq!(
        (left.code, left.out.as_str()),
        (1, ""),
        "nothing begins without the record that was asked for"
    );
}

#[test]
fn a_program_that_reads_the_output_is_not_asked() {
    let shell = Shell::with_mac();
    let left = shell.run("apply stack.yaml --output json --on sim:mac.json");
    assert_eq!(left.code, 1);
    let last: Value = serde_json::from_str(left.out.lines().last().unwrap()).unwrap();
    let remedy = last["problems"][0]["remedy"][0].as_str().unwrap();
    assert_eq!(remedy, "forgectl apply stack.yaml --on sim:mac.json --output json --yes");
}

#[test]
fn a_reader_who_has_gone_ends_a_reading_command_quietly() {
    let shell = Shell::with_mac();
    let mut child = shell
        .command("plan stack.yaml --on sim:mac.json --explain")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn apply_goes_on_when_nobody_reads_any_more() {
    let shell = Shell::with_mac();
    let mut child = shell
        .command("apply stack.yaml --yes --on sim:mac.json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(shell.run("plan stack.yaml --on sim:mac.json --detailed-exitcode").code, 0);
}

#[test]
fn a_mac_in_use_is_said_to_be_and_by_whom() {
    let shell = Shell::with_mac();
    let held = forgectl::desk::SimFile::take(&shell.path("mac.json"), "the test").unwrap();
    let left = shell.run("apply stack.yaml --yes --on sim:mac.json");
    assert_eq!(left.code, 1);
    assert!(left.err.contains(held.note()), "{left:?}");
    assert_eq!(shell.run("plan stack.yaml --on sim:mac.json").code, 0, "looking needs no lock");
    drop(held);
    assert_eq!(shell.run("apply stack.yaml --yes --on sim:mac.json").code, 0);
}

#[test]
fn what_is_no_manifest_is_named() {
    let shell = Shell::new();
    fs::create_dir(shell.path("folder")).unwrap();
    fs::write(shell.path("empty.yaml"), "").unwrap();
    fs::write(shell.path("latin.yaml"), b"stack: caf\xe9\n").unwrap();
    fs::write(shell.path("huge.yaml"), "#".repeat((1 << 20) + 1)).unwrap();
    for name in ["gone.yaml", "folder", "empty.yaml", "latin.yaml", "huge.yaml"] {
        let left = shell.run(&format!("validate {name}"));
        assert_eq!((left.code, left.out.as_str()), (1, ""), "{name}: {left:?}");
        assert!(left.err.starts_with("error: ") && left.err.contains(&format!("`{name}`")), "{left:?}");
    }
}

#[test]
fn faults_of_a_manifest_come_all_at_once_with_their_places() {
    let shell = Shell::new();
    fs::write(shell.path("bad.yaml"), "forge: 1\nstack: x\nnode:\n  chp: any\n  memory: 3\n").unwrap();
    let left = shell.run("validate bad.yaml --output json");
    let document: Value = serde_json::from_str(&left.out).unwrap();
    let places: Vec<&str> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["place"].as_str().unwrap())
        .collect();
    assert_eq!((left.code, places), (1, vec!["bad.yaml:4:3", "bad.yaml:5:11"]));
    assert!(left.err.contains("  4 |   chp: any\n    |   ^^^\n"), "{left:?}");
}

#[test]
fn output_is_ascii_where_the_locale_is_not_utf_8() {
    let shell = Shell::with_mac();
    let line = "plan stack.yaml --explain --on sim:mac.json";
    assert!(shell.well(line).contains(" · macOS 15.5 · "));
    let mut command = shell.command(line);
    command.env("LC_ALL", "C");
    let left = left(command);
    assert!(left.out.is_ascii() && left.out.contains(" - macOS 15.5 - "), "{left:?}");
}

#[test]
fn no_line_for_people_is_wider_than_80_columns_but_what_must_not_be_cut() {
    let shell = Shell::with_mac();
    for line in shell.well("plan stack.yaml --on sim:mac.json").lines() {
        assert!(line.chars().count() <= 80 || line.starts_with("Plan: "), "{line}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_who_asks_for_it() {
    let shell = Shell::with_mac();
    assert!(!shell.well("plan stack.yaml --on sim:mac.json").contains('\u{1b}'));
    assert!(shell.well("plan stack.yaml --on sim:mac.json --color always").contains("\u{1b}[1m"));
}

#[test]
fn a_trace_tells_every_look_and_change() {
    let shell = Shell::with_mac();
    let plan = shell.run("plan stack.yaml --trace --on sim:mac.json");
    let traced: Vec<_> = plan.err.lines().collect();
    assert!(traced.len() > 10 && traced.iter().all(|line| line.starts_with("trace ")), "{plan:?}");
    assert!(traced.iter().all(|line| line.contains("  look ")), "a plan only looks: {plan:?}");
    let apply = shell.run("apply stack.yaml --yes --trace --on sim:mac.json");
    assert!(
        apply.err.lines().any(|line| line.contains("  effect ") && line.contains("bootstrap")),
        "{apply:?}"
    );
}

#[test]
fn quiet_leaves_only_the_result() {
    let shell = Shell::with_mac();
    assert_eq!(shell.well("plan stack.yaml -q --on sim:mac.json").lines().count(), 1);
    let apply = shell.run("apply stack.yaml --yes --quiet --on sim:mac.json");
    assert_eq!((apply.out.lines().count(), apply.err.as_str()), (1, ""), "{apply:?}");
}

#[test]
fn a_simulated_mac_is_replaced_only_when_asked_and_nothing_else_ever_is() {
    let shell = Shell::with_mac();
    let made = "--chip M4 --memory 16GB --macos 15.5";
    let before = fs::read(shell.path("mac.json")).unwrap();
    assert_eq!(shell.run(&format!("sim new mac.json {made}")).code, 1);
    assert_eq!(fs::read(shell.path("mac.json")).unwrap(), before);
    shell.well(&format!("sim new mac.json {made} --force"));
    assert_ne!(fs::read(shell.path("mac.json")).unwrap(), before);
    let left = shell.run(&format!("sim new stack.yaml {made} --force"));
    assert_eq!(left.code, 1, "{left:?}");
    shell.well("validate stack.yaml");
}

#[test]
fn a_tool_of_a_simulated_mac_ends_with_its_own_code_and_leaves_its_mark() {
    let shell = Shell::with_mac();
    assert_eq!(shell.run("sim exec mac.json -- launchctl print gui/501/dev.forge.ollama").code, 113);
    shell.well("sim exec mac.json -- sudo pmset -c sleep 0");
    assert!(shell.well("sim exec mac.json -- pmset -g custom").contains(" sleep                0"));
    assert_eq!(shell.run("sim exec mac.json -- no-such-tool").code, 127);
}
