//! Manifests that forgectl writes itself.

use std::collections::BTreeSet;

use camino::Utf8Path;
use forgectl::{
    engine::{self, Draft},
    manifest::Stack,
    sim::{
        Caller, Content, Mac, Session, Sim, Spec, SudoMode,
        tool::{launchd::with_brew_ollama, ollama::desktop::with_desktop_app},
    },
};

use crate::{
    scenarios,
    support::{apply_well, destroy_well, effects, own_spec, sim, spine, stack},
};

fn starter(sim: &Sim) -> Draft {
    engine::starter(sim, &"lab".parse().unwrap(), "stack.yaml").unwrap()
}

/// The sections of a draft, and those that were left out.
fn sections(draft: &Draft) -> (Vec<String>, Vec<&str>) {
    let there = draft.text.lines().filter(|line| line.starts_with(char::is_alphabetic));
    let there = there.filter_map(|line| line.split_once(':')).map(|(key, _)| key.to_owned());
    let of_all = ["forge", "stack", "node"];
    let out = draft.left_out.iter().map(|left| left.key.as_str());
    (there.filter(|key| !of_all.contains(&key.as_str())).collect(), out.collect())
}

fn on(change: impl FnOnce(&mut Spec)) -> Sim {
    let mut spec = own_spec(&spine());
    change(&mut spec);
    sim(Mac::new(&spec, 0))
}

/// Applies a draft to the Mac it was written for; then there is nothing to do, and all of it can be taken away.
#[track_caller]
fn lives(sim: &Sim, draft: &Draft) -> Stack {
    let stack = stack(&draft.text);
    let plan = engine::survey(sim, &stack).unwrap();
    assert!(plan.refusals.is_empty(), "{:?}\n{}", plan.refusals, draft.text);
    apply_well(sim, &stack);
    assert!(engine::survey(sim, &stack).unwrap().is_empty());
    destroy_well(sim, &stack);
    stack
}

#[test]
fn a_first_manifest_can_be_applied_to_the_mac_it_was_written_for() {
    for scenario in scenarios::all() {
        let sim = sim(scenario.fresh());
        let draft = starter(&sim);
        let stack = lives(&sim, &draft);
        assert!(stack.manifest.ollama.is_some() && stack.warnings.is_empty(), "{}", scenario.name);
        scenario.same("by a first manifest", &scenario.fresh(), &sim.into_mac());
    }
}

#[test]
fn a_first_manifest_is_for_this_mac_and_says_why_something_is_left_out() {
    type Change = fn(&mut Spec);
    let cases: [(Change, &[&str], &[&str]); 5] = [
        (|_| {}, &["power", "tools", "ollama"], &[]),
        (|spec| spec.ollama = false, &["power", "tools", "ollama"], &[]),
        (|spec| spec.chip = "M5".into(), &["tools", "ollama"], &["power"]),
        (
            |spec| *spec = Spec { sudo: SudoMode::Denied, ollama: false, ..spec.clone() },
            &[],
            &["power", "tools.command_line_tools", "tools.homebrew", "ollama"],
        ),
        (
            |spec| spec.disk_free = 100_000_000,
            &["power", "ollama"],
            &["tools.command_line_tools", "tools.homebrew"],
        ),
    ];
    for (change, there, left_out) in cases {
        let sim = on(change);
        let draft = starter(&sim);
        let (sections, out) = sections(&draft);
        assert_eq!((sections, out.as_slice()), (there.iter().map(|&key| key.to_owned()).collect(), left_out));
        for left in &draft.left_out {
            assert!(draft.text.contains(&format!("# Left out: {}\n", left.why)), "{draft:?}");
        }
        lives(&sim, &draft);
    }
}

#[test]
fn a_first_manifest_names_the_mac_as_it_is() {
    let sim = on(|spec| {
        *spec = Spec { memory: 48 << 30, macos: "26.1".into(), chip: "M4 Pro".into(), ..spec.clone() }
    });
    let node = stack(&starter(&sim).text).manifest.node;
    assert!(node.chip.allows("M4 Pro") && !node.chip.allows("M4") && node.memory.0 == 48 << 30);
    assert!(node.macos.allows("26.0") && !node.macos.allows("15.5"));
}

#[test]
fn without_a_session_at_the_screen_a_first_manifest_starts_its_server_at_boot() {
    let text = starter(&on(|spec| spec.session = Session::Ssh)).text;
    assert!(text.contains("\n  start: boot "), "{text}");
    assert!(starter(&on(|_| {})).text.contains("\n  start: login "));
}

#[test]
fn what_a_plan_would_refuse_is_left_out_of_a_first_manifest() {
    let sim = on(|_| {});
    sim.with_mac(with_desktop_app).unwrap();
    let draft = starter(&sim);
    assert_eq!(draft.left_out[0].key, "ollama");
    assert!(draft.left_out[0].why.contains("desktop app"), "{draft:?}");
    lives(&sim, &draft);
}

/// What was left out, but for a Homebrew without its line in `.zprofile`, which the spine's Macs have.
fn left_out(draft: &Draft) -> Vec<String> {
    let homebrew = ["tools.homebrew", "tools.formulae"];
    let left_out = draft.left_out.iter().filter(|left| !homebrew.contains(&left.key.as_str()));
    left_out.map(|left| format!("{}: {}", left.key, left.why)).collect()
}

/// What an export says; it can be read, and there is nothing to do.
#[track_caller]
fn exported(sim: &Sim) -> (Draft, Stack) {
    let draft = engine::export(sim).unwrap();
    let stack = stack(&draft.text);
    let plan = engine::survey(sim, &stack).unwrap();
    assert!(plan.refusals.is_empty() && plan.is_empty(), "{plan:#?}\n{}", draft.text);
    assert_eq!(effects(sim, || drop(apply_well(sim, &stack))), 0, "{}", draft.text);
    (draft, stack)
}

#[test]
fn what_was_applied_is_exported_as_it_was_declared() {
    for scenario in scenarios::all() {
        let sim = sim(scenario.fresh());
        apply_well(&sim, &scenario.stack);
        let (draft, exported) = exported(&sim);
        if scenario.stack.manifest.containers.is_some() {
            // Under its name it would take them away.
            assert_ne!(exported.manifest.stack, scenario.stack.manifest.stack, "{}", draft.text);
            let (sections, _) = sections(&draft);
            assert!(!sections.contains(&"containers".to_owned()), "{}", draft.text);
            assert!(left_out(&draft).iter().any(|left| left.contains("containers")), "{}", draft.text);
            continue;
        }
        let (is, was) = (&exported.manifest, &scenario.stack.manifest);
        assert_eq!(is.python, was.python, "{}: {}", scenario.name, draft.text);
        assert_eq!(
            (&is.stack, &is.power, &is.ollama),
            (&was.stack, &was.power, &was.ollama),
            "{}",
            draft.text
        );
        let ids = |stack: &Stack| {
            let plan = engine::survey(&sim, stack).unwrap();
            plan.items.into_iter().map(|item| item.id).collect::<BTreeSet<_>>()
        };
        assert!(ids(&exported).is_superset(&ids(&scenario.stack)), "{}: {}", scenario.name, draft.text);
        for line in draft.text.lines().filter(|line| line.contains(": ") && !line.starts_with("forge:")) {
            assert!(line.contains("# "), "where is this from: {line}");
        }
        // Whoever lost the manifest can take all of it away with this one.
        destroy_well(&sim, &exported);
        scenario.same("destroyed by an export", &scenario.fresh(), &sim.into_mac());
    }
}

#[test]
fn a_mac_that_forgectl_never_touched_is_exported_too() {
    for scenario in scenarios::all() {
        let sim = sim(scenario.fresh());
        let (_, stack) = exported(&sim);
        assert_eq!(stack.manifest.stack.as_str(), "this-mac", "{}", scenario.name);
        assert!(stack.manifest.ollama.is_none(), "a server of others is not ours");
    }
}

#[test]
fn whatever_a_server_can_be_told_survives_an_export() {
    let section = "ollama:\n  listen: \"::1\"\n  port: 8080\n  num_ctx: 65536\n  keep_alive: -1\n  environment:\n    \
                   OLLAMA_ORIGINS: 'http://\"lab\", https://lab.ö #1: x'\n    OLLAMA_NUM_PARALLEL: 2\n    \
                   OLLAMA_MODELS: /Users/lab/all my models\n";
    let text = format!("forge: 1\nstack: lab\nnode: {{memory: 16GB}}\n{section}");
    let (sim, wanted) = (on(|_| {}), stack(&text));
    apply_well(&sim, &wanted);
    let (draft, exported) = exported(&sim);
    assert_eq!(exported.manifest.ollama, wanted.manifest.ollama, "{}", draft.text);
    assert_eq!(
        (sections(&draft).0, left_out(&draft).len()),
        (vec!["ollama".to_owned()], 2),
        "{}",
        draft.text
    );
}

#[test]
fn what_no_manifest_says_is_left_out_of_an_export_with_the_reason() {
    let tampered = |tamper: &str| {
        let sim = on(|_| {});
        apply_well(&sim, &spine());
        let argv: Vec<String> = tamper.split(' ').map(str::to_owned).collect();
        assert!(sim.exec(Caller::user(true), &argv).ok(), "{tamper}");
        let (draft, _) = exported(&sim);
        left_out(&draft)
    };
    assert_eq!(
        tampered("/usr/bin/sudo -n /usr/bin/pmset -c sleep 5"),
        ["power: `pmset -g custom` shows sleep 5 on AC Power"]
    );
    let tools = tampered("/usr/bin/sudo -n /bin/rm -rf /Library/Developer/CommandLineTools");
    assert!(
        tools.len() == 1 && tools[0].starts_with("tools.command_line_tools: there are none"),
        "{tools:?}"
    );
    let stopped = tampered("/bin/launchctl bootout gui/501/dev.forge.ollama");
    assert!(
        stopped.len() == 1 && stopped[0].starts_with("ollama: its plan would not be empty"),
        "{stopped:?}"
    );
    let forgotten = tampered("/bin/rm -rf /Users/lab/.local/state/forgectl");
    assert!(forgotten.len() == 1 && forgotten[0].contains("take over"), "{forgotten:?}");
}

#[test]
fn no_secret_that_somebody_wrote_into_a_job_is_exported() {
    let sim = on(|_| {});
    apply_well(&sim, &spine());
    sim.with_mac(|mac| {
        let (path, now) =
            (Utf8Path::new("/Users/lab/Library/LaunchAgents/dev.forge.ollama.plist"), mac.state.now);
        let text = String::from_utf8(mac.disk.read(501, path).unwrap().bytes(u64::MAX).unwrap().into_owned())
            .unwrap();
        let text =
            text.replace("<key>PATH</key>", "<key>HF_TOKEN</key><string>hf_s3cr3t</string><key>PATH</key>");
        mac.disk.write(501, path, Content::Bytes(text.into_bytes()), 0o644, now).unwrap();
    });
    let (draft, _) = exported(&sim);
    assert!(!draft.text.contains("hf_s3cr3t"), "{}", draft.text);
    let left_out = left_out(&draft);
    assert!(left_out.len() == 1 && left_out[0].contains("HF_TOKEN"), "{left_out:?}");
}

#[test]
fn of_two_stacks_an_export_is_neither() {
    let sim = on(|_| {});
    apply_well(&sim, &spine());
    apply_well(&sim, &stack("forge: 1\nstack: this-mac\nnode: {memory: 16GB}\npower: {never_sleep: true}\n"));
    let (draft, _) = exported(&sim);
    assert_eq!(draft.stack, "this-mac-2");
    assert_eq!(left_out(&draft), [""; 0]);
}

#[test]
fn jobs_of_others_are_named_in_an_export() {
    let sim = on(|_| {});
    sim.with_mac(|mac| with_brew_ollama(mac, "homebrew.mxcl.ollama")).unwrap();
    let (draft, _) = exported(&sim);
    assert!(
        draft.text.contains("#   launchd job /Users/lab/Library/LaunchAgents/homebrew.mxcl.ollama.plist\n")
    );
}
