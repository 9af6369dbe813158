use std::collections::BTreeMap;

use super::*;
use crate::{
    machine::{Output, Quiet},
    sim::{Fault, Mac, Options, Sim, Spec, SudoMode, testing},
};

const HOMEBREW: [(&str, &str); 3] =
    [("HOMEBREW_NO_AUTO_UPDATE", "1"), ("HOMEBREW_NO_ASK", "1"), ("HOMEBREW_NO_INSTALL_CLEANUP", "1")];

/// Homebrew with `ollama`, for a user whose sudo asks.
fn sim() -> Sim {
    testing::sim()
}

fn bare(sudo: SudoMode) -> Sim {
    let mut mac = Mac::new(&Spec { ollama: false, sudo, ..testing::spec() }, 1);
    super::super::command_line_tools::install(&mut mac, "16.4").unwrap();
    Sim::new(mac, Options::default())
}

fn surrounded(sim: &Sim, line: &str, more: &[(&str, &str)]) -> Output {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let environment: BTreeMap<String, String> =
        HOMEBREW.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    sim.execute(Caller::user(true), &argv, &environment, None, None, &Quiet)
}

fn brew(sim: &Sim, words: &str) -> Output {
    surrounded(sim, &format!("/opt/homebrew/bin/brew {words}"), &[])
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.resolve(path.into()).is_some())
}

fn installer(sim: &Sim, environment: &[(&str, &str)]) -> Output {
    sim.with_mac(|mac| {
        let (url, file) = mac
            .state
            .internet
            .files
            .first_key_value()
            .map(|(url, file)| (url.clone(), file.clone()))
            .unwrap();
        assert!(url.ends_with("/install.sh"));
        crate::sim::internet::store(mac, "/tmp/install.sh".into(), file.size, &file.sha256).unwrap();
    });
    surrounded(sim, "/bin/bash /tmp/install.sh", environment)
}

const ALONE: &[(&str, &str)] = &[("NONINTERACTIVE", "1")];

#[test]
fn the_installer_lays_everything_out_for_the_user_and_lets_the_ticket_go() {
    let sim = bare(SudoMode::Asks);
    let output = installer(&sim, ALONE);
    assert_eq!(output.code, 1);
    assert!(output.stderr.starts_with("Need sudo access on macOS (e.g. the user lab needs"), "{output:?}");
    assert!(testing::exec(&sim, "sudo -v").ok());
    let output = installer(&sim, ALONE);
    assert!(output.ok() && output.stdout.contains("==> Installation successful!"), "{output:?}");
    assert_eq!(testing::exec(&sim, "sudo -n true").code, 1, "its own `brew update` drops the ticket");
    let owner = |path: &str| {
        sim.with_mac(|mac| mac.disk.node(path.into()).map(|node| (node.uid, node.gid, node.mode)))
    };
    assert_eq!(owner("/opt/homebrew"), Some((501, 80, 0o775)));
    assert_eq!(owner("/opt/homebrew/bin/brew"), Some((501, 80, 0o755)));
    assert_eq!(owner("/etc/paths.d/homebrew").map(|(uid, _, _)| uid), Some(0));
    assert_eq!(brew(&sim, "--version").stdout, "Homebrew 6.0.18\n");
    assert!(sim.with_mac(|mac| mac.state.meter.downloaded) > 100_000_000);
}

#[test]
fn the_installer_wants_no_root_no_contradiction_and_the_tools() {
    let sim = bare(SudoMode::Nopasswd);
    let both = [("NONINTERACTIVE", "1"), ("INTERACTIVE", "1")];
    assert_eq!(installer(&sim, &both).stderr, "Both `$INTERACTIVE` and `$NONINTERACTIVE` are set.\n");
    sim.with_mac(|mac| {
        mac.state.faults.arm(Fault::NetworkGone, 1);
    });
    let output = installer(&sim, ALONE);
    assert!(output.stderr.contains("Failed 5 times doing: /usr/bin/git fetch"), "{output:?}");
    assert!(there(&sim, "/opt/homebrew/.git") && !there(&sim, "/opt/homebrew/bin/brew"), "half there");
    assert!(installer(&sim, ALONE).ok());

    let sim = Sim::new(
        Mac::new(&Spec { ollama: false, sudo: SudoMode::Nopasswd, ..testing::spec() }, 1),
        Options::default(),
    );
    let output = installer(&sim, ALONE);
    assert!(output.stderr.ends_with("Failed during: /usr/bin/git init --quiet\n"), "{output:?}");
    assert_eq!(sim.with_mac(|mac| mac.state.dialogs.len()), 1, "git is a stub there");
}

#[test]
fn an_unknown_script_is_not_run() {
    let sim = bare(SudoMode::Nopasswd);
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.write(501, "/tmp/x.sh".into(), crate::sim::Content::Bytes(vec![]), 0o644, now).unwrap();
    });
    assert_eq!(testing::exec(&sim, "/bin/bash /tmp/x.sh").code, 126);
    assert_eq!(testing::exec(&sim, "/bin/bash /tmp/none.sh").code, 127);
}

#[test]
fn an_install_brings_what_it_stands_on_and_says_who_asked() {
    let sim = sim();
    let output = brew(&sim, "install jq");
    assert!(
        output.ok() && output.stdout.contains("==> Pouring jq--1.8.1.arm64_sequoia.bottle.tar.gz"),
        "{output:?}"
    );
    for path in
        ["opt/jq/bin/jq", "bin/jq", "var/homebrew/linked/jq", "Cellar/oniguruma/6.9.10/lib", "opt/oniguruma"]
    {
        assert!(there(&sim, &format!("/opt/homebrew/{path}")), "{path}");
    }
    let info: serde_json::Value =
        serde_json::from_str(&brew(&sim, "info --json=v2 jq oniguruma").stdout).unwrap();
    let asked: Vec<_> =
        [0, 1].map(|at| info["formulae"][at]["installed"][0]["installed_on_request"].clone()).into();
    assert_eq!(asked, [true, false]);
    assert_eq!(info["formulae"][0]["installed"][0]["runtime_dependencies"][0]["full_name"], "oniguruma");
    let again = brew(&sim, "install jq");
    assert!(
        again.ok() && again.stderr.starts_with("Warning: jq 1.8.1 is already installed and up-to-date.\n")
    );
    assert!(brew(&sim, "install oniguruma").ok());
    let info: serde_json::Value =
        serde_json::from_str(&brew(&sim, "info --json=v2 oniguruma").stdout).unwrap();
    assert_eq!(info["formulae"][0]["installed"][0]["installed_on_request"], true, "asked for by name now");
}

#[test]
fn what_is_needed_stays_until_its_users_go() {
    let sim = sim();
    assert!(brew(&sim, "install jq").ok());
    let output = brew(&sim, "uninstall oniguruma");
    assert_eq!(output.code, 1);
    assert!(
        output.stderr.contains("because it is required by jq, which is currently installed."),
        "{output:?}"
    );
    let output = brew(&sim, "uninstall jq oniguruma");
    assert!(
        output.ok() && output.stdout.starts_with("Uninstalling /opt/homebrew/Cellar/jq/1.8.1..."),
        "{output:?}"
    );
    for path in ["Cellar/jq", "opt/jq", "bin/jq", "Cellar/oniguruma", "lib/liboniguruma.dylib"] {
        assert!(
            sim.with_mac(|mac| mac.disk.node(format!("/opt/homebrew/{path}").as_str().into()).is_none()),
            "{path}"
        );
    }
    assert_eq!(brew(&sim, "uninstall jq").stderr, "Error: No such keg: /opt/homebrew/Cellar/jq\n");
}

#[test]
fn an_outdated_one_is_upgraded_by_install_unless_that_is_switched_off() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.brew.offers.insert("ollama".into(), "0.40.0".into()));
    let output = brew(&sim, "upgrade ollama");
    assert!(
        output.ok() && output.stderr.contains("0.32.3 already installed"),
        "it has not heard of it: {output:?}"
    );
    assert!(brew(&sim, "update").ok());
    let output =
        surrounded(&sim, "/opt/homebrew/bin/brew install ollama", &[("HOMEBREW_NO_INSTALL_UPGRADE", "1")]);
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (0, "Error: ollama 0.32.3 is already installed\nTo upgrade to 0.40.0, run:\n  brew upgrade ollama\n")
    );
    assert_eq!(brew(&sim, "outdated ollama").code, 1);
    assert!(brew(&sim, "outdated --json=v2").stdout.contains("\"current_version\":\"0.40.0\""));
    let output = brew(&sim, "install ollama");
    assert!(output.ok() && output.stdout.contains("outdated (so it will be upgraded)"), "{output:?}");
    assert!(there(&sim, "/opt/homebrew/Cellar/ollama/0.32.3"), "no cleanup was wanted");
    assert_eq!(brew(&sim, "list --versions ollama").stdout, "ollama 0.32.3 0.40.0\n");
    assert_eq!(brew(&sim, "outdated ollama").code, 0);
    let output = brew(&sim, "upgrade ollama");
    assert!(output.ok() && output.stderr == "Warning: ollama 0.40.0 already installed\n", "{output:?}");
}

#[test]
fn an_upgrade_takes_outdated_users_along_unless_that_is_switched_off() {
    for (switched_off, taken) in [(true, "0.5.0\n"), (false, "0.5.0 0.6.0\n")] {
        let sim = sim();
        sim.with_mac(|mac| {
            for (name, version) in [("mlx", "0.33.0"), ("mlx-c", "0.6.0")] {
                mac.state.brew.offers.insert(name.into(), version.into());
            }
        });
        assert!(brew(&sim, "update").ok());
        let more: &[(&str, &str)] =
            if switched_off { &[("HOMEBREW_NO_INSTALLED_DEPENDENTS_CHECK", "1")] } else { &[] };
        assert!(surrounded(&sim, "/opt/homebrew/bin/brew upgrade mlx", more).ok());
        assert_eq!(brew(&sim, "list --versions mlx-c").stdout, format!("mlx-c {taken}"));
    }
}

#[test]
fn what_it_lists_is_what_is_on_the_disk() {
    let sim = sim();
    assert_eq!(brew(&sim, "list").stdout, "mlx\nmlx-c\nollama\n");
    assert_eq!(brew(&sim, "list --versions").stdout, "mlx 0.32.0\nmlx-c 0.5.0\nollama 0.32.3\n");
    assert_eq!(brew(&sim, "list --versions --formula jq"), Output { code: 1, ..Output::default() });
    assert_eq!(brew(&sim, "list jq").stderr, "Error: No such keg: /opt/homebrew/Cellar/jq\n");
    assert_eq!(brew(&sim, "list --cask x").stderr, "Error: Cask 'x' is not installed.\n");
    assert_eq!(brew(&sim, "--prefix jq").stdout, "/opt/homebrew/opt/jq\n", "installed or not");
    assert!(brew(&sim, "shellenv").stdout.contains("HOMEBREW_PREFIX"));
    let path = [("PATH", "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/bin")];
    assert_eq!(surrounded(&sim, "/opt/homebrew/bin/brew shellenv", &path).stdout, "");
    let unknown = brew(&sim, "install nosuch");
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (1, "Error: No available formula with the name \"nosuch\".\n")
    );
    let old = brew(&sim, "install gnupg2");
    assert!(old.ok() && old.stderr == "Warning: Formula gnupg2 was renamed to gnupg.\n", "{old:?}");
    assert!(there(&sim, "/opt/homebrew/opt/gnupg/bin/gpg") && !there(&sim, "/opt/homebrew/opt/gnupg2"));
    assert!(brew(&sim, "install sqlite3").ok());
    assert!(there(&sim, "/opt/homebrew/opt/sqlite3/bin/sqlite3"), "an alias has a link");
    assert!(!there(&sim, "/opt/homebrew/bin/sqlite3"), "what macOS has too is not linked");
}

#[test]
fn every_call_past_the_fast_ones_drops_the_ticket_and_takes_a_second() {
    let sim = sim();
    for (words, slow) in [
        ("--version", false),
        ("--prefix", false),
        ("list", false),
        ("tap", false),
        ("info jq", true),
        ("list jq", true),
    ] {
        assert!(testing::exec(&sim, "sudo -v").ok());
        let before = sim.with_mac(|mac| mac.state.now);
        brew(&sim, words);
        let took = sim.with_mac(|mac| mac.state.now.duration_since(before).as_millis());
        assert_eq!(took >= 1000, slow, "{words}: {took} ms");
        assert_eq!(testing::exec(&sim, "sudo -n true").ok(), !slow, "{words}");
    }
    let root = testing::exec_as(&sim, Caller::user(true).root(), "/opt/homebrew/bin/brew install jq");
    assert!(
        root.code == 1 && root.stderr.starts_with("Error: Running Homebrew as root is extremely dangerous")
    );
}

#[test]
fn a_lock_is_told_by_the_one_that_fails() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::BrewLocked, 1));
    let output = brew(&sim, "install jq");
    assert_eq!(output.code, 1);
    assert!(
        output
            .stderr
            .starts_with("Error: A `brew install jq` process has already locked /opt/homebrew/Cellar/jq.\n"),
        "{output:?}"
    );
    assert!(brew(&sim, "install jq").ok());
}

#[test]
fn without_a_network_or_room_nothing_is_installed() {
    let sim = sim();
    sim.with_mac(|mac| mac.state.faults.arm(Fault::NetworkGone, 1));
    let output = brew(&sim, "install uv");
    assert!(output.code == 1 && output.stderr.contains("Could not resolve host: ghcr.io"), "{output:?}");
    assert!(!there(&sim, "/opt/homebrew/Cellar/uv"));
    sim.with_mac(|mac| mac.state.faults.arm(Fault::DiskFull, 1));
    assert!(brew(&sim, "install uv").stderr.contains("No space left on device"));
    assert!(!there(&sim, "/opt/homebrew/opt/uv"), "what was unpacked is not linked");
    assert!(brew(&sim, "install uv").ok());
}

#[test]
fn at_a_terminal_it_asks_before_it_brings_more_than_was_named() {
    let sim = sim();
    let argv: Vec<String> = ["/opt/homebrew/bin/brew", "install", "jq"].map(str::to_owned).into();
    let limit = Some(Duration::from_mins(5));
    let output = sim.execute(Caller::user(true), &argv, &BTreeMap::new(), limit, None, &Quiet);
    assert!(
        output.code == 143 && output.stdout.contains("Do you want to proceed with the installation? [y/n]")
    );
    assert!(
        sim.execute(Caller::user(false), &argv, &BTreeMap::new(), limit, None, &Quiet).ok(),
        "nobody is there"
    );
}

#[test]
fn what_comes_from_a_tap_has_to_be_trusted() {
    let sim = sim();
    assert!(brew(&sim, "install probe").stderr.starts_with("Error: No available formula"));
    assert!(brew(&sim, "tap lab/tools").ok());
    assert_eq!(brew(&sim, "tap").stdout, "lab/tools\n");
    let refused = brew(&sim, "install probe");
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("Refusing to load formula lab/tools/probe from untrusted tap lab/tools.")
    );
    assert!(brew(&sim, "trust lab/tools").ok());
    assert!(brew(&sim, "install probe").ok());
}

#[test]
fn services_are_started_listed_and_stopped_by_launchd() {
    let sim = sim();
    let started = brew(&sim, "services start ollama");
    assert_eq!(
        started.stdout, "==> Successfully started `ollama` (label: homebrew.mxcl.ollama)\n",
        "{started:?}"
    );
    sim.with_mac(|mac| mac.advance(Duration::from_secs(5)));
    assert!(brew(&sim, "services list --json").stdout.contains("\"status\":\"started\""));
    assert!(brew(&sim, "services start ollama").stdout.contains("already started"));
    assert!(brew(&sim, "services stop ollama").ok());
    assert!(!there(&sim, "/Users/lab/Library/LaunchAgents/homebrew.mxcl.ollama.plist"));
    assert!(brew(&sim, "services stop ollama").stderr.contains("is not started"));
    sim.with_mac(|mac| mac.state.brew.new_labels = true);
    sim.with_mac(|mac| mac.advance(Duration::from_secs(30)));
    assert!(brew(&sim, "services start ollama").stdout.contains("(label: sh.brew.ollama)"));
}

#[test]
fn what_is_told_apart_by_its_digest_can_be_fetched_and_fails_as_networks_do() {
    use crate::machine::Changing;
    let sim = sim();
    let (url, sha256) = sim.with_mac(|mac| {
        let (url, file) = mac.state.internet.files.first_key_value().unwrap();
        (url.clone(), file.sha256.clone())
    });
    let path = camino::Utf8Path::new("/Users/lab/.local/state/forgectl/fetched/x");
    let fetch = |url: &str| sim.fetch(url, &sha256, path, &Quiet).map_err(|error| format!("{error:#}"));
    assert!(fetch("https://elsewhere.example/x").unwrap_err().contains("no such host: elsewhere.example"));
    assert!(fetch(&format!("{url}x")).unwrap_err().contains("404"));
    for (fault, said) in [
        (Fault::NetworkGone, "no such host"),
        (Fault::FetchNotFound, "404"),
        (Fault::FetchCut, "broke off after"),
        (Fault::FetchOther, "its SHA-256 is e3b0c442"),
        (Fault::DiskFull, "No space left"),
    ] {
        sim.with_mac(|mac| mac.state.faults.arm(fault, 1));
        let why = fetch(&url).unwrap_err();
        assert!(why.contains(said), "{why}");
        assert!(sim.with_mac(|mac| mac.disk.node(path).is_none()), "nothing is put in place");
    }
    fetch(&url).unwrap();
    assert_eq!(sim.with_mac(|mac| mac.disk.digest(501, path)).unwrap(), sha256);
}

#[test]
fn a_pinned_one_is_neither_upgraded_nor_uninstalled() {
    let sim = sim();
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dir(501, "/opt/homebrew/var/homebrew/pinned".into(), 0o755, now).unwrap();
        let keg = "../../../Cellar/ollama/0.32.3".into();
        mac.disk.link(501, "/opt/homebrew/var/homebrew/pinned/ollama".into(), keg, now).unwrap();
        mac.state.brew.offers.insert("ollama".into(), "0.40.0".into());
    });
    assert!(brew(&sim, "update").ok());
    assert_eq!(brew(&sim, "upgrade ollama").code, 1);
    let output = brew(&sim, "uninstall ollama");
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (0, "Error: ollama is pinned. You must unpin it to uninstall.\n")
    );
    assert!(there(&sim, "/opt/homebrew/Cellar/ollama/0.32.3"));
    assert!(brew(&sim, "uninstall --force ollama").ok());
    assert!(!there(&sim, "/opt/homebrew/Cellar/ollama"));
}

#[test]
fn what_is_older_than_the_bottle_was_built_with_is_upgraded_along() {
    let sim = sim();
    assert!(brew(&sim, "install jq").ok() && brew(&sim, "uninstall jq").ok());
    sim.with_mac(|mac| mac.state.brew.offers.insert("oniguruma".into(), "7.0".into()));
    assert!(brew(&sim, "update").ok() && brew(&sim, "install jq").ok());
    assert_eq!(brew(&sim, "list --versions oniguruma").stdout, "oniguruma 6.9.10 7.0\n");
    assert!(there(&sim, "/opt/homebrew/opt/oniguruma/lib"));
}

#[test]
fn what_was_unlinked_stays_so_through_an_upgrade() {
    let sim = sim();
    assert!(brew(&sim, "unlink ollama").ok());
    assert!(!there(&sim, "/opt/homebrew/bin/ollama") && there(&sim, "/opt/homebrew/opt/ollama"));
    sim.with_mac(|mac| mac.state.brew.offers.insert("ollama".into(), "0.40.0".into()));
    assert!(brew(&sim, "update").ok() && brew(&sim, "upgrade ollama").ok());
    assert!(!there(&sim, "/opt/homebrew/bin/ollama"));
    assert!(brew(&sim, "link ollama").ok() && there(&sim, "/opt/homebrew/bin/ollama"));
}
