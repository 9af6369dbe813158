//! Casks: apps that are there already, that update themselves, that are gone, and what cannot be beside them.

use std::sync::Mutex;

use forgectl::{
    manifest,
    sim::{Kill, SudoMode},
    value::Source,
};

use super::{
    homebrew::{offers, there, toolbox, with_homebrew},
    meddler::Meddler,
    *,
};
use crate::support::{destroy, effects, stack};

const STATS: &str = "brew-cask/stats";
const APP: &str = "/Applications/Stats.app";

fn with_casks(casks: &str) -> Stack {
    stack(&text_with(casks))
}

fn text_with(casks: &str) -> String {
    format!("forge: 1\nstack: t\nnode: {{memory: 16GB}}\ntools: {{casks: [{casks}]}}\n")
}

/// An app that somebody put there by hand.
fn put_app(mac: &mut Mac, name: &str, version: &str) {
    let now = mac.state.now;
    let app = Utf8PathBuf::from(format!("/Applications/{name}.app"));
    for folder in ["", "Contents", "Contents/MacOS"] {
        let path = Utf8PathBuf::from(app.join(folder).as_str().trim_end_matches('/'));
        mac.disk.make_dir(USER, &path, 0o755, now).unwrap();
    }
    let keys = format!("<key>CFBundleShortVersionString</key><string>{version}</string>");
    let list = format!("<plist version=\"1.0\"><dict>{keys}</dict></plist>");
    write(mac, USER, app.join("Contents/Info.plist"), &list);
    write(mac, USER, app.join("Contents/MacOS").join(name), "program");
}

fn version_of_app(sim: &Sim) -> String {
    sim.with_mac(|mac| read(mac, format!("{APP}/Contents/Info.plist")))
}

#[test]
fn an_app_comes_and_goes_and_its_users_data_never() {
    let mac = with_homebrew(&[]);
    let sim = sim(copy(&mac));
    let commands = Mutex::new(vec![]);
    let listening = Meddler::new(&sim, |_, change| {
        if let Change::Run(command) = change {
            commands.lock().unwrap().push(command.argv.join(" "));
        }
    });
    apply_well(&listening, &with_casks("stats"));
    assert!(there(&sim, APP) && there(&sim, "/opt/homebrew/Caskroom/stats/2.11.54/Stats.app"));
    nothing_to_do(&sim, &with_casks("stats"));
    destroy_well(&listening, &with_casks("stats"));
    same("destroyed", &mac, &still(&sim));
    let commands = commands.lock().unwrap();
    assert!(
        !commands.is_empty() && !commands.iter().any(|command| command.contains("--zap")),
        "{commands:?}"
    );
}

#[test]
fn an_unknown_cask_is_refused_before_anything_is_changed() {
    let text = refused(with_homebrew(&[]), &with_casks("statz"));
    says(&text, &["Homebrew has no cask `statz`", "did you mean `stats`?", "stack.yaml:4"]);
    let text = refused(with_homebrew(&[]), &with_casks("jq"));
    says(&text, &["there is a formula of that name: write it under `formulae`"]);
    let formulae = stack("forge: 1\nstack: t\nnode: {memory: 16GB}\ntools: {formulae: [stats]}\n");
    says(&refused(with_homebrew(&[]), &formulae), &["there is a cask of that name: write it under `casks`"]);
}

/// A renamed cask is the same by either name, wherever it lies.
#[test]
fn a_renamed_cask_is_found_by_either_name() {
    let by = |name: &str| format!("/opt/homebrew/bin/brew install --cask {name}");
    for installed in [None, Some("ollama-app")] {
        for named in ["ollama", "ollama-app"] {
            let made = sim(with_homebrew(&[]));
            if let Some(name) = installed {
                well(&made, &by(name));
            }
            let mac = still(&made);
            let sim = sim(copy(&mac));
            let id = format!("brew-cask/{named}");
            let action = if installed.is_some() { Action::Keep } else { Action::Add };
            assert_eq!(planned(&sim, &with_casks(named), &id).action, action, "{installed:?}, {named}");
            apply_well(&sim, &with_casks(named));
            nothing_to_do(&sim, &with_casks(named));
            destroy_well(&sim, &with_casks(named));
            same(named, &mac, &still(&sim));
        }
    }
}

/// Installed before it was renamed, it lies under its former name until Homebrew touches it.
#[test]
fn a_cask_under_its_former_name_is_there() {
    let made = sim(with_homebrew(&[]));
    well(&made, "/opt/homebrew/bin/brew install --cask ollama-app");
    made.with_mac(|mac| {
        let now = mac.state.now;
        let moment = "/opt/homebrew/Caskroom/ollama-app/.metadata/0.32.3";
        let name = mac.disk.list(0, moment.into()).unwrap().remove(0);
        let from = Utf8PathBuf::from(format!("{moment}/{name}/Casks/ollama-app.json"));
        let to = Utf8PathBuf::from(
            "/opt/homebrew/Caskroom/ollama/.metadata/0.32.3/20250105090000.000/Casks/ollama.json",
        );
        for folder in to.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
            if mac.disk.node(folder).is_none() {
                mac.disk.make_dir(USER, folder, 0o755, now).unwrap();
            }
        }
        mac.disk.rename(USER, &from, &to, now).unwrap();
    });
    assert!(run(&made, "/bin/rm -rf /opt/homebrew/Caskroom/ollama-app").ok());
    for named in ["ollama", "ollama-app"] {
        nothing_to_do(&sim(still(&made)), &with_casks(named));
    }
}

#[test]
fn another_app_in_its_place_is_refused_with_the_place() {
    let mut mac = with_homebrew(&[]);
    put_app(&mut mac, "Stats", "2.0");
    let text = refused(mac, &with_casks("stats"));
    says(
        &text,
        &[
            "is where one of `stats` belongs: `/Applications/Stats.app`",
            "it is 2.0, and the cask has 2.11.54",
        ],
    );
}

/// The same app is taken over, which the plan says; destroy lets Homebrew forget it, and the app stays to the byte, wherever that is
/// interrupted.
#[test]
fn the_same_app_is_taken_over_and_stays() {
    let mut mac = with_homebrew(&[]);
    put_app(&mut mac, "Stats", "2.11.54");
    let stack = with_casks("stats");
    let taken = sim(copy(&mac));
    let item = planned(&taken, &stack, STATS);
    assert_eq!(item.reason, "take over /Applications/Stats.app, which is the same");
    assert!(item.steps[0].commands[0].ends_with("brew install --cask --adopt stats"), "{:?}", item.steps);
    apply_well(&taken, &stack);
    nothing_to_do(&taken, &stack);
    let taken = still(&taken);
    let whole = sim(copy(&taken));
    let count = effects(&whole, || drop(destroy_well(&whole, &stack)));
    same("destroyed", &mac, &still(&whole));
    assert!(count >= 3, "{count}");
    for number in 1..=count {
        for kill in [Kill::Before(number), Kill::During(number), Kill::After(number)] {
            let sim = sim(copy(&taken));
            sim.with_mac(|mac| {
                mac.state.meter.effects = 0;
                mac.state.faults.kill = Some(kill);
            });
            let _ = destroy(&sim, &stack);
            assert!(sim.is_killed());
            sim.revive();
            destroy_well(&sim, &stack);
            same(&format!("{kill:?}"), &mac, &still(&sim));
        }
    }
}

/// An app comes into its place between the plan and its step.
#[test]
fn an_app_that_comes_in_between_fails_the_cask_alone() {
    let sim = sim(with_homebrew(&[]));
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv.iter().any(|word| word == "--cask")) {
            sim.with_mac(|mac| put_app(mac, "Stats", "1.0"));
        }
    });
    let ran = told(&meddler, &toolbox());
    says(
        &ran.failure(STATS),
        &[
            "`brew install --cask stats` failed",
            "It seems there is already an App at '/Applications/Stats.app'.",
        ],
    );
    assert_eq!(ran.summary.failed.len(), 1, "{:?}", ran.summary);
    assert!(run(&sim, "/bin/rm -rf /Applications/Stats.app").ok());
    apply_well(&sim, &toolbox());
}

#[test]
fn an_app_that_is_gone_is_brought_again() {
    let sim = sim(with_homebrew(&[]));
    let stack = with_casks("stats");
    apply_well(&sim, &stack);
    well(&sim, "/bin/rm -rf /Applications/Stats.app");
    assert_eq!(planned(&sim, &stack, STATS).reason, "its app is gone");
    apply_well(&sim, &stack);
    assert!(there(&sim, APP));
    nothing_to_do(&sim, &stack);
}

/// What updates itself is what it has become, and nothing is upgraded that was not asked for.
#[test]
fn an_app_that_has_updated_itself_counts_as_what_it_is() {
    let sim = sim(with_homebrew(&[]));
    apply_well(&sim, &with_casks("stats"));
    sim.with_mac(|mac| {
        offers(mac, "cask/stats", "2.12.0");
        edit(mac, format!("{APP}/Contents/Info.plist"), "2.11.54", "2.12.0");
    });
    let newer = with_casks("{stats: \">=2.12\"}");
    nothing_to_do(&sim, &newer);
    nothing_to_do(&sim, &with_casks("stats"));
}

#[test]
fn a_version_below_the_wanted_is_upgraded_and_what_cannot_be_undone_is_told() {
    let made = sim(with_homebrew(&[]));
    well(&made, "/opt/homebrew/bin/brew install --cask stats");
    let sim = sim(still(&made));
    sim.with_mac(|mac| offers(mac, "cask/stats", "2.12.0"));
    let newer = with_casks("{stats: \">=2.12\"}");
    let item = planned(&sim, &newer, STATS);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "version 2.11.54 -> >=2.12"));
    apply_well(&sim, &newer);
    says(&version_of_app(&sim), &["2.12.0"]);
    nothing_to_do(&sim, &newer);
    let ran = destroyed(&sim, &newer);
    says(&ran.text(), &["stats 2.12.0 stays, which was 2.11.54 before: Homebrew keeps no former version"]);
    let text = refused_on(&sim, &with_casks("{stats: \">=3\"}"));
    says(
        &text,
        &["no version of the cask `stats` that will do can be had", "Homebrew offers 2.12.0, and no other"],
    );
}

/// Homebrew asks for the password itself, where nobody can answer: without a rule for it that is refused beforehand.
#[test]
fn a_package_needs_root_without_a_question() {
    let stack = with_casks("tailscale-app");
    let mut mac = with_homebrew(&[]);
    mac.state.spec.sudo = SudoMode::Asks;
    let text = refused(mac, &stack);
    says(&text, &["the cask `tailscale-app` needs root", "brew install --cask tailscale-app"]);
    let mac = with_homebrew(&[]);
    let sim = sim(copy(&mac));
    assert_eq!(
        planned(&sim, &stack, "brew-cask/tailscale-app").steps[0].sudo.as_deref(),
        Some("the cask tailscale-app")
    );
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    same("destroyed", &mac, &still(&sim));
}

#[test]
fn what_cannot_be_beside_each_other_is_refused() {
    let faults = |tools: &str, rest: &str| {
        let text = format!("forge: 1\nstack: t\nnode: {{memory: 16GB}}\ntools: {{{tools}}}\n{rest}");
        manifest::read(&Source::new("stack.yaml", text.as_str())).unwrap_err().to_string()
    };
    for (tools, rest) in [
        ("formulae: [ollama], casks: [ollama]", ""),
        ("casks: [ollama-app]", "ollama: {num_ctx: 8192}\n"),
        ("formulae: [docker-compose], casks: [docker]", ""),
    ] {
        says(&faults(tools, rest), &["cannot be there beside the formula"]);
    }
    says(&faults("casks: [docker, docker-desktop]", ""), &["cask named twice: `docker-desktop`"]);
    let text = refused(with_homebrew(&["ollama"]), &with_casks("ollama-app"));
    says(&text, &["cannot be there beside the formula `ollama`", "brew uninstall --formula ollama"]);
}

#[test]
fn homebrew_stays_while_somebody_has_an_app_of_it() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    well(&sim, "/opt/homebrew/bin/brew install --cask rectangle");
    let ran = destroyed(&sim, &toolbox());
    says(&ran.text(), &["Homebrew stays: others have installed rectangle with it"]);
    assert!(there(&sim, "/Applications/Rectangle.app") && !there(&sim, APP));
}
