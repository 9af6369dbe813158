//! `--upgrade`: what would do as it is, and is brought to its newest all the same, because somebody asked.

use forgectl::{
    machine::{Answer, Query},
    value::Upgrade,
};

use super::{
    homebrew::{brew, offers, toolbox, with_homebrew},
    meddler::Meddler,
    *,
};

const JQ: &str = "brew-formula/jq";
const OLLAMA: &str = "brew-formula/ollama";
const STATS: &str = "brew-cask/stats";

fn asking(upgrade: Upgrade) -> Stack {
    let mut stack = toolbox();
    stack.upgrade = upgrade;
    stack
}

fn these(ids: &[&str]) -> Stack {
    asking(Upgrade::These(ids.iter().map(|id| id.parse().unwrap()).collect()))
}

/// A Mac with the toolbox, of which all has a newer version by now.
fn outdated() -> Sim {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    sim.with_mac(|mac| {
        for (name, version) in [
            ("jq", "1.9.0"),
            ("ollama", "0.40.1"),
            ("mlx-c", "0.6.0"),
            ("cask/stats", "2.12.0"),
            ("oniguruma", "7.0"),
        ] {
            offers(mac, name, version);
        }
    });
    sim
}

fn changes(sim: &Sim, stack: &Stack) -> Vec<(String, String)> {
    plan(sim, stack).changes().map(|item| (item.id.to_string(), item.reason.clone())).collect()
}

fn change(id: &str, reason: &str) -> (String, String) {
    (id.to_owned(), reason.to_owned())
}

#[test]
fn nothing_is_upgraded_that_nobody_asked_for() {
    let sim = outdated();
    nothing_to_do(&sim, &toolbox());
}

/// The plan says from where to where, what comes along, and what is restarted; the job runs the new one then.
#[test]
fn all_of_the_stack_is_brought_to_its_newest() {
    let sim = outdated();
    let stack = asking(Upgrade::All);
    assert_eq!(
        changes(&sim, &stack),
        [
            change(JQ, "version 1.8.1 -> 1.9.0"),
            change(OLLAMA, "version 0.32.3 -> 0.40.1"),
            change(STATS, "version 2.11.54 -> 2.12.0"),
        ]
    );
    let warned: String = plan(&sim, &stack).warnings.iter().map(super::text).collect();
    says(
        &warned,
        &[
            "Homebrew may upgrade along with `jq`: oniguruma 6.9.10 -> 7.0",
            "Homebrew may upgrade along with `ollama`: mlx-c 0.5.0 -> 0.6.0",
        ],
    );
    assert_eq!(planned(&sim, &stack, OLLAMA).steps[0].restarts.as_deref(), Some(LABEL));
    let before = pid(&sim);
    apply_well(&sim, &stack);
    assert_ne!(pid(&sim), before, "launchd runs what is there now");
    nothing_to_do(&sim, &stack);
    nothing_to_do(&sim, &toolbox());
    destroy_well(&sim, &toolbox());
    same("destroyed", &fresh(&toolbox()), &still(&sim));
}

#[test]
fn one_alone_is_brought_to_its_newest() {
    let sim = outdated();
    assert_eq!(changes(&sim, &these(&[JQ])), [change(JQ, "version 1.8.1 -> 1.9.0")]);
    apply_well(&sim, &these(&[JQ]));
    let listed = brew(&sim, "list --versions").stdout;
    says(&listed, &["jq 1.8.1 1.9.0\n", "ollama 0.32.3\n"]);
    assert_eq!(changes(&sim, &these(&[JQ])), []);
}

#[test]
fn what_is_none_of_homebrews_or_of_the_stack_is_a_fault_of_usage() {
    let sim = outdated();
    for (id, said) in [
        ("brew-formula/jqq", "no resource of the stack `toolbox`: `brew-formula/jqq`"),
        ("tool/homebrew", "what Homebrew did not bring is not upgraded: `tool/homebrew`"),
    ] {
        let error = engine::survey(&sim, &these(&[id])).unwrap_err();
        assert_eq!(Problem::all_of(&error)[0].sort, Sort::Usage);
        says(&text_of(&error), &[said]);
    }
}

/// What somebody has pinned, or the manifest holds back, stays; by name that is refused.
#[test]
fn what_is_held_back_stays_and_is_told() {
    let sim = outdated();
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dir(USER, "/opt/homebrew/var/homebrew/pinned".into(), 0o755, now).unwrap();
        let keg = "../../../Cellar/jq/1.8.1".into();
        mac.disk.link(USER, "/opt/homebrew/var/homebrew/pinned/jq".into(), keg, now).unwrap();
    });
    let mut stack = super::homebrew::with(">=0.30", ">=0.30, <0.40");
    stack.upgrade = Upgrade::All;
    assert_eq!(changes(&sim, &stack), [change(STATS, "version 2.11.54 -> 2.12.0")]);
    let warned: String = plan(&sim, &stack).warnings.iter().map(super::text).collect();
    says(
        &warned,
        &[
            "`brew-formula/jq` stays 1.8.1, and 1.9.0 is there: somebody has pinned it",
            "`brew-formula/ollama` stays 0.32.3: its newest is 0.40.1",
            "the manifest wants >=0.30, <0.40",
        ],
    );
    says(&refused_on(&sim, &these(&[JQ])), &["somebody has pinned `jq` to 1.8.1", "brew unpin jq"]);
    stack.upgrade = these(&[OLLAMA]).upgrade;
    says(&refused_on(&sim, &stack), &["`brew-formula/ollama` stays 0.32.3: its newest is 0.40.1"]);
}

#[test]
fn what_is_newest_has_to_be_known() {
    let sim = outdated();
    let away = Meddler::answering(&sim, |query| {
        matches!(query, Query::Get(url) if url.starts_with("https:"))
            .then(|| Answer::Reply(Err("no such host: formulae.brew.sh".into())))
    });
    let plan = engine::survey(&away, &asking(Upgrade::All)).unwrap();
    let refused: String = plan.refusals.iter().map(super::text).collect();
    says(
        &refused,
        &["what is newest of `brew-formula/jq` is not known", "no such host", "without `--upgrade`"],
    );
    assert!(engine::survey(&away, &toolbox()).unwrap().is_empty(), "what is there will do");
}

/// What was there before comes back in its version, with what was upgraded along.
#[test]
fn an_upgrade_of_what_was_there_is_undone() {
    let mut mac = with_homebrew(&["jq", "ollama"]);
    for (name, version) in [("jq", "1.9.0"), ("ollama", "0.40.1"), ("mlx", "0.33.0"), ("oniguruma", "7.0")] {
        offers(&mut mac, name, version);
    }
    let sim = sim(copy(&mac));
    apply_well(&sim, &asking(Upgrade::All));
    nothing_to_do(&sim, &asking(Upgrade::All));
    says(&brew(&sim, "list --versions").stdout, &["mlx 0.32.0 0.33.0\n", "oniguruma 6.9.10 7.0\n"]);
    destroy_well(&sim, &toolbox());
    same("destroyed", &mac, &still(&sim));
}

/// The upgrade ends with 0, and the old one is still there.
#[test]
fn an_upgrade_that_leaves_the_old_one_is_told() {
    let sim = outdated();
    let meddler = Meddler::new(&sim, |sim, change| {
        let upgrades =
            |command: &forgectl::machine::Command| command.argv.iter().any(|word| word == "upgrade");
        if matches!(change, Change::Run(command) if upgrades(command)) {
            // Somebody upgraded it a moment ago, and went back.
            sim.with_mac(|mac| {
                offers(mac, "jq", "1.8.1");
            });
            brew(sim, "update");
        }
    });
    let text = told(&meddler, &these(&[JQ])).failure(JQ);
    says(&text, &["`brew-formula/jq` is not as wanted after its steps", "version is 1.8.1"]);
}

/// A saved plan holds what was asked for, and is carried out so.
#[test]
fn a_saved_plan_upgrades_what_it_said() {
    use forgectl::engine::{How, saved::SavedPlan};
    let sim = outdated();
    let stack = these(&[JQ]);
    let saved = SavedPlan::of(&plan(&sim, &stack), "/work/stack.yaml".into(), stack.source().text());
    let read = SavedPlan::read("plan.json", &saved.to_json().unwrap(), "again").unwrap();
    assert_eq!(*read.upgrade(), stack.upgrade);
    let how = How { saved: Some(read), ..yes() };
    let apply = |stack: &Stack| engine::apply(&sim, stack, &how, &forgectl::desk::Nobody, &Ears::default());
    says(&text_of(&apply(&toolbox()).unwrap_err()), &["this is not the plan that was saved"]);
    assert!(apply(&stack).unwrap().ok());
    says(&brew(&sim, "list --versions").stdout, &["jq 1.8.1 1.9.0\n"]);
}
