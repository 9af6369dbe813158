//! Promise 6: what a person gave under a name that looks secret is shown by no command, in no form.
#![expect(clippy::disallowed_methods, reason = "the manifests are files")]

use std::fmt::Write as _;

use camino::Utf8Path;
use forgectl::{
    desk::{Nobody, Screen},
    engine,
    machine::Looking,
    manifest, report,
    sim::Caller,
    value::{Problem, Source},
};
use proptest::prelude::*;

use crate::{
    cli::Shell,
    support::{Ears, SPINE, apply_well, fresh, sim, spine, yes},
};

/// No word that anybody else would say.
const SECRET: &str = "sk-zq4711xv";

/// All that validating and planning `text` may show, to people on screens of several widths and to programs.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut tell = |problems: &[Problem]| {
        for width in [40, 80, 400] {
            for unicode in [true, false] {
                let screen = Screen { unicode, ..Screen::plain(width) };
                shown += &report::problems("error", problems, screen);
            }
        }
        shown += &report::problems_json(problems);
        let _ = write!(shown, "{problems:?}");
    };
    match manifest::read(&Source::new("stack.yaml", text)) {
        Err(problems) => tell(&problems.0),
        Ok(stack) => {
            tell(&stack.warnings);
            // A Mac that is too small has its line of the manifest shown.
            if let Ok(spec) = engine::own_node(&stack) {
                let spec = forgectl::sim::Spec { memory: 1 << 30, ..spec };
                if let Ok(plan) = engine::survey(&sim(forgectl::sim::Mac::new(&spec, 0)), &stack) {
                    shown += &report::plan(&plan, Screen::plain(100), true);
                    shown += &report::plan_json(&plan).unwrap();
                }
            }
        }
    }
    shown
}

#[track_caller]
fn keeps(text: &str) {
    let shown = shown(text);
    assert!(!shown.to_lowercase().contains("zq4711"), "of\n{text}\nit shows\n{shown}");
}

/// The spine with `lines` instead of its last one, `environment: {}`, whose indentation is two.
fn with(lines: &str) -> String {
    let (before, _) = SPINE.split_once("  environment: {}").unwrap();
    format!("{before}{lines}\n")
}

#[test]
fn a_secret_beside_another_fault_is_shown_nowhere() {
    for lines in [
        "  environment: {OLLAMA_API_KEY: SECRET, OLLAMA_NOPRUNE: \"yes\"}",
        "  environment: {OLLAMA_NOPRUNE: \"yes\", OLLAMA_API_KEY: SECRET}",
        "  environment: {OLLAMA_API_KEY: SECRET, SECRET: x}",
        "  environment: {OLLAMA_API_KEY: SECRET",
        "  environment: {OLLAMA_API_KEY: [SECRET}",
        "  environment: {OLLAMA_API_KEY:\nSECRET}",
        "  environment: OLLAMA_API_KEY=SECRET",
        "  environment: [OLLAMA_API_KEY=SECRET]",
        "  environment: \"OLLAMA_API_KEY: SECRET\"",
        "  environment:\n    OLLAMA_API_KEY: SECRET: x",
        "  environment:\n    OLLAMA_API_KEY: SECRET\n    OLLAMA_API_KEY: SECRET",
        "  environment:\n    OLLAMA_API_KEY: {SECRET: SECRET}",
        "  environment:\n    OLLAMA_API_KEY: [SECRET, {a: SECRET}]",
        "  environment:\n    OLLAMA_API_KEY SECRET: x",
        "  environment:\n    OLLAMA_API_KEY SECRET",
        "  environment:\n    OLLAMA_API_KEY = SECRET",
        "  environment:\n    OLLAMA_API_KEY: *SECRET",
        "  environment:\n    OLLAMA_API_KEY: !SECRET x",
        "  environment:\n    OLLAMA_API_KEY: %SECRET",
        "  environment:\n    OLLAMA_API_KEY: @SECRET",
        "  environment:\n    OLLAMA_API_KEY:\n      SECRET",
        "  environment:\n    OLLAMA_API_KEY:\n    SECRET",
        "  environment:\n    OLLAMA_API_KEY:\n  SECRET: 1",
        "  environment:\n    OLLAMA_API_KEY:\n\tSECRET",
        "  environment:\n    OLLAMA_API_KEY: |\n      SECRET\n      SECRET: [",
        "  environment:\n    OLLAMA_API_KEY: |\nSECRET",
        "  environment:\n    OLLAMA_API_KEY: \"SECRET",
        "  environment:\n    OLLAMA_API_KEY: 'it\n\n  SECRET",
        "  environment:\n    OLLAMA_API_KEY: \"a\\qSECRET\"",
        "  environment:\n    ? OLLAMA_API_KEY\n    : SECRET\n    : x",
        "  environment:\n    \"OLLAMA_API_KEY\": SECRET\n   x",
        "  environment:\n    OLLAMA_EDITOR: \"OLLAMA_API_KEY=SECRET \"",
        "  environment:\n    OLLAMA_KV_CACHE_TYPE: \"OLLAMA_API_KEY=SECRET\"",
        "  port: &mine SECRET\n  environment:\n    OLLAMA_API_KEY: *mine",
        "  environment: {OLLAMA_REGISTRY: \"https://me:SECRET@h\"}",
        "  environment: {OLLAMA_ORIGINS: \"https://SECRET@h\"}",
        "  keep_alive: OLLAMA_API_KEY=SECRET",
        "  apiKey: SECRET",
        "  password: SECRET",
        "  environment: 3 # the password is SECRET",
        "  # token: SECRET\n  prot: 3 # token: SECRET",
    ] {
        keeps(&with(&lines.replace("SECRET", SECRET)));
    }
    for (from, to) in [
        ("stack: spine", "stack: API_KEY=SECRET"),
        ("memory: 16GB", "memory: 16GB # token SECRET"),
        ("chip: any", "chip: API_KEY=SECRET"),
        ("forge: 1", "API_KEY: SECRET\nforge: one"),
    ] {
        assert!(SPINE.contains(from), "{from}");
        keeps(&SPINE.replace(from, &to.replace("SECRET", SECRET)));
    }
}

#[test]
fn the_other_faults_are_told_all_the_same() {
    let text = with("  environment:\n    OLLAMA_API_KEY: SECRET\n    OLLAMA_NOPRUNE: \"yes\"");
    let Err(problems) = manifest::read(&Source::new("stack.yaml", text)) else { panic!("it was taken") };
    let shown = report::problems("error", &problems.0, Screen::plain(80));
    assert!(shown.contains("|     OLLAMA_API_KEY: [hidden]\n"), "{shown}");
    assert!(shown.contains("|     OLLAMA_NOPRUNE: \"yes\"\n"), "{shown}");
    assert!(shown.contains("wrong value of `OLLAMA_NOPRUNE`: `yes`"), "{shown}");
}

#[test]
fn no_command_shows_a_secret() {
    let shell = Shell::new();
    let line = format!("  environment: {{OLLAMA_API_KEY: {SECRET}, OLLAMA_NOPRUNE: \"yes\"}}");
    std::fs::write(shell.path("stack.yaml"), with(&line)).unwrap();
    for command in ["validate", "plan", "apply --yes", "status", "destroy", "rehearse"] {
        for output in ["human --color always", "json"] {
            let left = shell.run(&format!("{command} stack.yaml --output {output}"));
            assert_eq!(left.code, 1, "{left:?}");
            assert!(left.err.contains("OLLAMA_API_KEY") && !format!("{left:?}").contains("4711"), "{left:?}");
        }
    }
}

/// Somebody gave the job a password of theirs: the plan says that the value is another, and the run puts ours in its place.
#[test]
fn a_password_that_is_found_in_a_job_is_shown_and_logged_nowhere() {
    const PLIST: &str = "/Users/lab/Library/LaunchAgents/dev.forge.ollama.plist";
    let (sim, stack) = (sim(fresh(&spine())), spine());
    apply_well(&sim, &stack);
    let words = "/usr/bin/plutil -replace EnvironmentVariables.OLLAMA_KEEP_ALIVE -string GIVEN"
        .replace("GIVEN", &format!("https://me:{SECRET}@h"));
    let argv: Vec<String> = words.split(' ').chain([PLIST]).map(str::to_owned).collect();
    let output = sim.exec(Caller::user(false), &argv);
    assert!(output.ok(), "{}", output.said());
    let plan = engine::survey(&sim, &stack).unwrap();
    let mut told = report::plan(&plan, Screen::plain(200), true) + &report::plan_json(&plan).unwrap();
    assert!(told.contains("OLLAMA_KEEP_ALIVE https://[hidden]@h -> "), "{told}");
    told += &report::status_json(&engine::status(&sim, &stack).unwrap()).unwrap();
    let ears = Ears::default();
    assert!(engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap().ok());
    told += &ears.told().concat();
    let state = Utf8Path::new("/Users/lab/.local/state/forgectl");
    told += &sim.read_text(&state.join("journal.jsonl")).unwrap().unwrap();
    assert!(!told.contains("zq4711"), "{told}");
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

fn name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "OLLAMA_API_KEY",
            "OLLAMA_AUTH_TOKEN",
            "api-key",
            "\"apiKey\"",
            "'db.password'",
            "MY_SECRET",
            "credentials",
            "passphrase",
        ][..],
    )
}

/// How a value stands behind its key.
fn shape() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "NAME: SECRET",
            "NAME:    SECRET # mine",
            "NAME: \"SECRET\"",
            "NAME: 'SECRET'",
            "NAME: \"SECRET",
            "NAME: SECRET: x",
            "NAME: SECRET, x: y",
            "NAME=SECRET",
            "NAME = \"SECRET\"",
            "NAME SECRET",
            "NAME: [SECRET]",
            "NAME: [a, SECRET",
            "NAME: {x: SECRET}",
            "NAME: {SECRET: x",
            "{NAME: SECRET}",
            "{NAME: SECRET, a: b}",
            "{a: b, NAME: SECRET",
            "[NAME, SECRET]",
            "- NAME: SECRET",
            "? NAME: SECRET",
            "NAME: &a SECRET",
            "NAME: !!int SECRET",
            "NAME: >-\n          SECRET",
            "NAME:\n          SECRET",
            "NAME:\n          - SECRET",
            "NAME:\n          SECRET: x",
            "a: 1 # NAME: SECRET",
            "# NAME SECRET",
            "a: \"NAME=SECRET\"",
            "a: NAME=SECRET",
            "NAME: x SECRET y",
            "NAME: \u{1b}[31mSECRET",
            "NAME:\tSECRET",
        ][..],
    )
}

/// What may stand on the line before and after it.
const AROUND: [&str; 14] = ["", "", "", "", "{", "}", "[", "]", "\"", "'", ": ", "- ", "# ", "a: b, "];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_placed_anywhere_is_shown_nowhere(
        name in name(),
        shape in shape(),
        at in 0..30_usize,
        indent in 0..9_usize,
        before in proptest::sample::select(&AROUND[..]),
        after in proptest::sample::select(&AROUND[..]),
        lost in proptest::option::of(0..30_usize),
    ) {
        let mut lines: Vec<String> = SPINE.lines().map(str::to_owned).collect();
        if let Some(lost) = lost.filter(|lost| *lost < lines.len()) {
            lines.remove(lost);
        }
        let placed = shape.replace("SECRET", SECRET).replace("NAME", name);
        lines.insert(at.min(lines.len()), format!("{}{before}{placed}{after}", " ".repeat(indent)));
        keeps(&lines.join("\n"));
    }
}

#[test]
fn without_a_secret_nothing_is_hidden() {
    let shown = shown(&with("  environment: {OLLAMA_NOPRUNE: \"yes\"}"));
    assert!(shown.contains("OLLAMA_NOPRUNE: \"yes\"}") && !shown.contains("[hidden]"), "{shown}");
    assert!(self::shown(SPINE).contains("wanted: at least 16GB"), "a plan is made of what is sound");
}
