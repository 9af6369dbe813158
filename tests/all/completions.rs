//! What is offered while a line is typed: by the words that a shell asks with, and in real shells where they are installed.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside")]

use std::{fs, process::Command};

use camino::Utf8Path;

use crate::{
    cli::{Shell, left},
    terminal::Sitting,
};

/// What is offered in the place of the last of these words, as zsh asks for it.
fn offered(shell: &Shell, words: &[&str]) -> Vec<String> {
    offered_at(shell, words.len() - 1, words)
}

fn offered_at(shell: &Shell, index: usize, words: &[&str]) -> Vec<String> {
    let mut command = shell.command(&format!("__complete zsh {index}"));
    command.args(words);
    let left = left(command);
    assert_eq!((left.code, left.err.as_str()), (0, ""), "{words:?}");
    left.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn ids_are_those_of_the_manifest_that_the_line_names() {
    let shell = Shell::new();
    assert_eq!(offered(&shell, &["forgectl", "plan", "stack.yaml", "--only", "p"]), ["power/ac"]);
    let all = offered(&shell, &["forgectl", "apply", "stack.yaml", "--only", ""]);
    assert!(all.len() == 9 && all.contains(&"launchd-job/dev.forge.ollama".to_owned()), "{all:?}");
    let before = ["forgectl", "plan", "--only", "", "stack.yaml"];
    assert_eq!(offered_at(&shell, 3, &before), all, "the manifest may stand behind it");
    let glued =
        offered(&shell, &["forgectl", "plan", "stack.yaml", "--on", "chip=M4,memory=16GB", "--only=tool"]);
    assert_eq!(glued, ["--only=tool/command-line-tools"]);
    fs::write(
        shell.path("other.yaml"),
        "forge: 1\nstack: other\nnode: {memory: 8GB}\npower: {never_sleep: true}\n",
    )
    .unwrap();
    assert_eq!(offered(&shell, &["forgectl", "plan", "other.yaml", "--only", ""]), ["power/ac"]);
}

#[test]
fn what_was_applied_is_known_from_the_journal_of_the_mac_that_the_line_names() {
    let shell = Shell::with_mac();
    let names = |typed| offered(&shell, &["forgectl", "output", "--on", "sim:mac.json", typed]);
    assert!(
        names("").iter().all(|name| name.starts_with('-')),
        "nothing was applied, and flags can stand there"
    );
    shell.well("apply stack.yaml --yes --on sim:mac.json");
    assert_eq!(names("O"), ["Ollama"]);
    assert!(names("").contains(&"launchd-job/dev.forge.ollama".to_owned()));
    let ids = offered(&shell, &["forgectl", "--on", "sim:mac.json", "plan", "--only", "launchd"]);
    assert_eq!(ids, ["launchd-job/dev.forge.ollama"]);
}

#[test]
fn manifests_saved_plans_and_macs_are_offered_where_they_are_taken() {
    let shell = Shell::with_mac();
    shell.well("plan stack.yaml --out plan.json --on sim:mac.json");
    fs::create_dir(shell.path("more")).unwrap();
    fs::write(shell.path("notes.txt"), "").unwrap();
    assert_eq!(offered(&shell, &["forgectl", "plan", ""]), ["stack.yaml", "more/"]);
    assert_eq!(offered(&shell, &["forgectl", "apply", "p"]), ["plan.json"]);
    assert_eq!(offered(&shell, &["forgectl", "plan", "--on", "s"]), ["sim:"]);
    assert_eq!(offered(&shell, &["forgectl", "plan", "--on", "sim:ma"]), ["sim:mac.json"]);
    assert_eq!(offered(&shell, &["forgectl", "plan", "--on", "dir:"]), ["dir:.", "dir:more/"]);
    assert_eq!(offered(&shell, &["forgectl", "plan", "--on", "chip=M4 M"]), ["chip=M4 Max,memory="]);
    assert_eq!(offered(&shell, &["forgectl", "sim", "exec", "ma"]), ["mac.json"]);
}

#[test]
fn commands_and_flags_are_offered_but_nothing_hidden_is() {
    let shell = Shell::new();
    let commands = offered(&shell, &["forgectl", ""]);
    assert!(commands.len() > 10 && commands.iter().all(|word| !word.starts_with('-')), "{commands:?}");
    assert_eq!(offered(&shell, &["forgectl", "ver"]), ["verify"]);
    assert!(!offered(&shell, &["forgectl", "sim", ""]).contains(&"supervise".to_owned()));
    let flags = offered(&shell, &["forgectl", "validate", "--"]);
    assert!(flags.contains(&"--output".to_owned()) && !flags.contains(&"--on".to_owned()), "{flags:?}");
    assert_eq!(offered(&shell, &["forgectl", "plan", "--graph=d"]), ["--graph=dot"]);
    let other = shell.well("completions elvish") + &shell.well("completions powershell");
    assert!(!other.contains("supervise") && !other.contains("__complete") && other.contains("verify"));
}

#[test]
fn whatever_is_on_the_line_nothing_is_said_but_what_fits() {
    let shell = Shell::with_mac();
    fs::write(shell.path("broken.yaml"), "forge: [").unwrap();
    let nothing: [&[&str]; 7] = [
        &["forgectl", "plan", "broken.yaml", "--only", ""],
        &["forgectl", "plan", "no-such.yaml", "--only", ""],
        &["forgectl", "plan", "-", "--only", ""],
        &["forgectl", "output", "--on", "sim:no-such.json", "x"],
        &["forgectl", "output", "--on", "nonsense", "x"],
        &["forgectl", "no-such-command", "x"],
        &["forgectl", "plan", "--no-such-flag", "--only", ""],
    ];
    for words in nothing {
        assert_eq!(offered(&shell, words), [""; 0], "{words:?}");
    }
    for line in [
        "__complete",
        "__complete zsh",
        "__complete zsh x forgectl",
        "__complete zsh 9 forgectl",
        "__complete bash",
    ] {
        let mut command = shell.command(line);
        command.env("FORGECTL_ON", "nonsense");
        let left = left(command);
        assert_eq!((left.code, left.out.as_str(), left.err.as_str()), (0, "", ""), "{line}");
    }
}

#[test]
fn a_look_for_completions_changes_no_simulated_mac() {
    let shell = Shell::with_mac();
    let before = fs::read(shell.path("mac.json")).unwrap();
    offered(&shell, &["forgectl", "output", "--on", "sim:mac.json", ""]);
    offered(&shell, &["forgectl", "plan", "stack.yaml", "--on", "sim:mac.json", "--only", ""]);
    assert_eq!(fs::read(shell.path("mac.json")).unwrap(), before);
}

/// Types a line with the key of completions in it into a real shell, which then runs it.
fn sits_at(name: &str, arguments: &[&str], setup: &str) {
    let Ok(true) = Command::new(name).arg("--version").output().map(|output| output.status.success()) else {
        return;
    };
    let shell = Shell::with_mac();
    fs::write(shell.path("my stack.yaml"), fs::read(shell.path("stack.yaml")).unwrap()).unwrap();
    let program = Utf8Path::new(env!("CARGO_BIN_EXE_forgectl"));
    let mut command = Command::new(name);
    command.args(arguments).current_dir(shell.path("")).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap())).env("LANG", "C.UTF-8");
    command.env("HOME", shell.path("")).env("PS1", "ready> ");
    let mut sitting = Sitting::with(command);
    sitting.sees("ready> ");
    sitting.types(&format!("{setup}\n"));
    sitting.sees("ready> ");
    for (typed, said) in [
        ("forgectl pla\tmy\t--only pow\t--on sim:ma\t", "8 other resources left aside"),
        ("forgectl valid\tsta\t", "stack.yaml is sound"),
        ("forgectl plan --on sim:mac.json my\t--only launchd\t--graph=d\t", "digraph plan"),
    ] {
        // Readline shows nothing of a word until it is whole: the end of the line is typed when that is done.
        for part in typed.split_inclusive('\t') {
            sitting.types(part);
        }
        sitting.types("\n");
        sitting.sees(said);
        sitting.sees("ready> ");
    }
    sitting.types("exit\n");
}

#[test]
fn bash_completes_what_is_typed_into_it() {
    sits_at("bash", &["--norc", "--noprofile", "-i"], "source <(forgectl completions bash)");
}

#[test]
fn zsh_completes_what_is_typed_into_it() {
    let setup = "autoload -Uz compinit; compinit -D -u; PS1='ready> '; source <(forgectl completions zsh)";
    sits_at("zsh", &["-f", "-i"], setup);
}

#[test]
fn zsh_reads_it_as_a_file_of_completions() {
    let setup = "PS1='ready> '; forgectl completions zsh > _forgectl; fpath=($PWD $fpath); autoload -Uz compinit; compinit -D -u";
    sits_at("zsh", &["-f", "-i"], setup);
}
