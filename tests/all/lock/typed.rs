//! What a person types about a lock, and is told.

use super::*;
use crate::cli::Shell;

/// What a person types, with a Mac in a file.
#[test]
fn a_lock_is_shown_and_moved_from_the_command_line() {
    let shell = Shell::new();
    fs::write(shell.path("stack.yaml"), FORMULAE).unwrap();
    shell.well("sim new mac.json --for stack.yaml");
    let on = |line: &str| format!("{line} --on sim:mac.json");
    assert!(shell.run(&on("lock")).err.contains("no stack has anything on this Mac"));
    let nothing = shell.run(&on("lock --stack stack.yaml"));
    assert!(nothing.code == 0 && nothing.out.is_empty(), "{nothing:?}");
    assert!(nothing.err.contains("nothing was applied yet"), "{nothing:?}");
    shell.well(&on("apply stack.yaml --yes"));
    assert!(fs::read_dir(shell.path("")).unwrap().all(|file| file.unwrap().file_name() != "stack.lock"));
    let shown = shell.well(&on("lock"));
    assert_eq!(
        shown, "brew-formula/gnupg  2.4.8\nbrew-formula/jq     1.8.1\n",
        "by the manifest that was applied"
    );
    assert_eq!(shell.well(&on("lock brew-formula/jq")), "brew-formula/jq  1.8.1\n");
    let document = shell.json(&on("lock --output json"));
    assert_eq!(document["resources"]["brew-formula/jq"]["version"], "1.8.1");
    assert_eq!(document["file"], format!("{STATE}/lab.lock"));
    assert_eq!(shell.run(&on("lock jq")).code, 64);
    assert_eq!(shell.run(&on("lock brew-formula/qj")).code, 64);
}

/// The lock that a simulated Mac keeps is no file of this machine's.
#[test]
fn a_damaged_lock_of_a_simulated_mac_is_taken_away_there() {
    let shell = Shell::new();
    fs::write(shell.path("stack.yaml"), FORMULAE).unwrap();
    shell.well("sim new mac.json --for stack.yaml");
    shell.well("apply stack.yaml --yes --on sim:mac.json");
    shell.well(&format!("sim exec mac.json -- rm {STATE}/lab.lock"));
    shell.well(&format!("sim exec mac.json -- touch {STATE}/lab.lock"));
    let damaged = shell.run("plan stack.yaml --on sim:mac.json");
    let remedy = format!("    forgectl sim exec sim:mac.json -- rm {STATE}/lab.lock\n");
    assert!(damaged.code == 1 && damaged.err.contains(&remedy), "{damaged:?}");
    shell.well(&format!("sim exec sim:mac.json -- rm {STATE}/lab.lock"));
    shell.well("apply stack.yaml --yes --on sim:mac.json");
}

/// On a real Mac it is the file beside the manifest, for which no Mac has to be looked at.
#[test]
fn the_lock_beside_a_manifest_is_shown_anywhere() {
    let shell = Shell::new();
    let fixture = include_str!("../../fixtures/lock-1.lock");
    fs::write(shell.path("stack.lock"), fixture).unwrap();
    let shown = shell.well("lock --stack stack.yaml");
    assert!(shown.contains("ollama-model/gemma4:e4b  4c27e0f5b5ad, 9.6 GB\n"), "{shown}");
    assert!(shown.contains("python-environment/lab   3.11.13, 3 packages\n"), "{shown}");
    assert!(shell.well("lock python-environment/lab --stack stack.yaml").contains("\n  mlx 0.32.4\n"));
    fs::write(shell.path("stack.lock"), fixture.replace("lock: 1", "lock: 9")).unwrap();
    let newer = shell.run("lock --stack stack.yaml");
    assert!(newer.code == 1 && newer.err.contains("newer forgectl: `stack.lock`"), "{newer:?}");
    assert_eq!(shell.run("validate stack.yaml").err, newer.err);
    let rehearsal = shell.run("rehearse stack.yaml");
    assert!(rehearsal.code == 0 && rehearsal.err.starts_with("stack.lock is left aside: "), "{rehearsal:?}");
    assert_eq!(shell.run("lock --stack -").code, 1, "standard input has no lock, and here no manifest");
}
