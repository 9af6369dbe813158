//! `pmset`: writes that do not hold, two sources, and values that somebody else changed.

use forgectl::{
    sim::{Spec, tool::pmset},
    value::PowerSource,
};

use super::*;
use crate::support::{own_spec, stack};

const AC: &str = "power/ac";
const BATTERY: &str = "power/battery";

fn value(sim: &Sim, source: PowerSource, key: &str) -> String {
    sim.with_mac(|mac| {
        let settings = &mac.state.power[&source];
        settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap()
    })
}

fn laptop() -> Mac {
    Mac::new(&Spec { chip: "M5".into(), ..own_spec(&spine()) }, 0)
}

#[test]
fn a_write_that_is_ignored_with_exit_0_is_told_as_read_back() {
    let sim = faulty(Fault::PowerWriteIgnored, 1);
    let text = fails_then_heals(&sim, &spine(), AC, |_| {});
    says(
        &text,
        &[
            "power settings did not hold: `AC Power`",
            "`sudo /usr/bin/pmset -c sleep 0 disksleep 0 autorestart 1` answered: exit 0",
            "the last answer: sleep 1, disksleep 10, autorestart 0",
            "pmset -g custom",
            "stack.yaml:9:16",
        ],
    );
}

#[test]
fn a_value_that_a_profile_holds_is_told_with_the_profile() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| assert!(pmset::hold(mac, PowerSource::Ac, "sleep", 15)));
    let ran = told(&sim, &spine());
    says(
        &ran.failure(AC),
        &[
            "power settings did not hold",
            "the last answer: sleep 15",
            "a configuration profile holds sleep 15 (/Library/Managed Preferences/com.apple.MCX.plist)",
            "sudo profiles show -type configuration",
        ],
    );
    assert!(pid(&sim).is_some(), "independent branches go on");
    let held = Utf8Path::new("/Library/Managed Preferences/com.apple.MCX.plist");
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.remove(0, held, now).unwrap();
        mac.disk.remove(0, held.parent().unwrap(), now).unwrap();
    });
    apply_well(&sim, &spine());
    assert_eq!(value(&sim, PowerSource::Ac, "sleep"), "0");
    nothing_to_do(&sim, &spine());
}

/// The file is there for other reasons too: it is blamed only for what it names.
#[test]
fn a_profile_that_holds_something_else_is_not_blamed() {
    let others: [fn(&mut Mac); 2] = [
        |mac| assert!(pmset::hold(mac, PowerSource::Ac, "displaysleep", 15)),
        |mac| assert!(pmset::hold(mac, PowerSource::Battery, "sleep", 15)),
    ];
    for hold in others {
        let sim = faulty(Fault::PowerWriteIgnored, 1);
        sim.with_mac(hold);
        let text = told(&sim, &spine()).failure(AC);
        says(&text, &["power settings did not hold", "pmset -g custom"]);
        assert!(!text.contains("profile"), "{text}");
    }
}

/// A virtual machine may list none.
#[test]
fn a_mac_without_a_power_source_is_told_that_nothing_is_set() {
    let mut mac = fresh(&spine());
    mac.state.power.clear();
    let warnings: String = plan(&sim(mac), &spine()).warnings.iter().map(text).collect();
    says(&warnings, &["lists no power source", "`never_sleep`", "pmset -g custom", "stack.yaml:9:16"]);
}

/// Each source has values of its own, and gets them back.
#[test]
fn a_laptop_has_both_sources_written_and_given_back() {
    let before = laptop();
    let sim = sim(copy(&before));
    sim.with_mac(|mac| {
        for (source, minutes) in [(PowerSource::Ac, "30"), (PowerSource::Battery, "5")] {
            let settings = mac.state.power.get_mut(&source).unwrap();
            settings.iter_mut().find(|(key, _)| key == "sleep").unwrap().1 = minutes.into();
        }
    });
    let before = still(&sim);
    let plan = plan(&sim, &spine());
    let warnings: String = plan.warnings.iter().map(text).collect();
    says(&warnings, &["a laptop sleeps when its lid is closed", "stack.yaml:9:16"]);
    assert!(
        plan.items.iter().any(|item| item.id.to_string() == BATTERY && item.reason.contains("sleep 5 -> 0"))
    );
    apply_well(&sim, &spine());
    for source in [PowerSource::Ac, PowerSource::Battery] {
        assert_eq!(value(&sim, source, "sleep"), "0");
        assert_eq!(value(&sim, source, "disksleep"), "0");
    }
    assert!(
        sim.with_mac(|mac| mac.state.power[&PowerSource::Battery]
            .iter()
            .all(|(key, _)| key != "autorestart"))
    );
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
    same("given back", &before, &still(&sim));
}

#[test]
fn a_value_that_somebody_changes_is_shown_and_set_right() {
    let sim = applied();
    run_as_root(&sim, "pmset -a sleep 10");
    let item = planned(&sim, &spine(), AC);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "sleep 10 -> 0"));
    healed(&sim, &spine());
}

#[test]
fn destroy_leaves_a_value_that_somebody_else_changed_and_says_so() {
    let sim = applied();
    run_as_root(&sim, "pmset -c sleep 45");
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    assert_eq!(value(&sim, PowerSource::Ac, "sleep"), "45");
    assert_eq!(value(&sim, PowerSource::Ac, "disksleep"), "10", "what is ours goes back");
    assert_eq!(value(&sim, PowerSource::Ac, "autorestart"), "0");
    let (id, why) = &ran.summary.kept[0];
    assert_eq!(id.to_string(), AC);
    says(why, &["sleep on AC Power is 45", "not what forgectl left", "it stays"]);
}

/// What others do to settings that the stack never declared is none of our business.
#[test]
fn destroy_touches_only_what_was_declared() {
    let sim = applied();
    run_as_root(&sim, "pmset -c displaysleep 99");
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok() && ran.summary.kept.is_empty(), "{:?}", ran.summary.kept);
    assert_eq!(value(&sim, PowerSource::Ac, "displaysleep"), "99");
    assert_eq!(value(&sim, PowerSource::Ac, "sleep"), "1");
}

#[test]
fn a_section_that_leaves_the_manifest_is_given_back_at_the_next_apply() {
    let sim = applied();
    let without = stack(&crate::support::SPINE.replace("power:\n", "").replace(
        "  never_sleep: true            # per power source that this Mac has; and start again after a power cut, where it can\n",
        "",
    ));
    let item = planned(&sim, &without, AC);
    assert_eq!(
        (item.action, item.reason.as_str()),
        (Action::Remove, "no longer in the manifest: give back what was there before")
    );
    apply_well(&sim, &without);
    assert_eq!(value(&sim, PowerSource::Ac, "sleep"), "1");
    nothing_to_do(&sim, &without);
    healed(&sim, &spine());
}
