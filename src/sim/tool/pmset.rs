//! `pmset` (docs/mac-facts.md#pmset-custom, #pmset-live, #pmset-write, #pmset-unprivileged, #pmset-unsupported-key).

use std::{collections::BTreeMap, fmt::Write};

use camino::Utf8Path;

use crate::{
    sim::{Caller, Content, Fault, Mac, Node, Running},
    value::PowerSource,
};

/// Settings that pmset knows, whether or not this Mac has them.
const KNOWN: [&str; 26] = [
    "acwake",
    "autopoweroff",
    "autopoweroffdelay",
    "autorestart",
    "destroyfvkeyonstandby",
    "disksleep",
    "displaysleep",
    "halfdim",
    "hibernatefile",
    "hibernatemode",
    "highstandbythreshold",
    "lessbright",
    "lidwake",
    "lowpowermode",
    "networkoversleep",
    "powermode",
    "powernap",
    "proximitywake",
    "ring",
    "sleep",
    "standby",
    "standbydelayhigh",
    "standbydelaylow",
    "tcpkeepalive",
    "ttyskeepawake",
    "womp",
];

/// The one setting that holds for the whole Mac.
const SYSTEM_WIDE: &str = "disablesleep";

/// What a configuration profile holds (docs/mac-facts.md#pmset-profile-held).
const HELD: &str = "/Library/Managed Preferences/com.apple.MCX.plist";

/// The names that a profile has for settings.
const HELD_NAMES: [(&str, &str); 5] = [
    ("System Sleep Timer", "sleep"),
    ("Disk Sleep Timer", "disksleep"),
    ("Display Sleep Timer", "displaysleep"),
    ("Automatic Restart On Power Loss", "autorestart"),
    ("Wake On LAN", "womp"),
];

const USAGE: &str = "Usage: pmset <options>\nSee pmset(1) for details: 'man pmset'\n";

/// Runs `pmset`; the first of `argv` is its name as it was called.
pub(super) fn run(mac: &mut Mac, caller: Caller, argv: &[String]) -> Running {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    match words.as_slice() {
        [_, "-g"] | [_, "-g", "live"] => Running::printed(live(mac)),
        [_, "-g", "custom"] => Running::printed(custom(mac)),
        [_, "-g", "batt" | "ps"] => Running::printed(battery(mac)),
        [_, "-g", "cap"] => Running::printed(capabilities(mac)),
        [name, flag @ ("-a" | "-c" | "-b" | "-u"), settings @ ..] => write(mac, caller, name, flag, settings),
        [name, settings @ ..] if !settings.is_empty() && !settings[0].starts_with('-') => {
            write(mac, caller, name, "-a", settings)
        }
        _ => usage(),
    }
}

fn usage() -> Running {
    let mut running = Running::printed(USAGE);
    running.output.code = 1;
    running
}

/// The settings as they are read back: what a profile holds stands above what was written.
fn settings(mac: &Mac) -> Vec<(PowerSource, Vec<(String, String)>)> {
    let held = held(mac);
    let over = |source: PowerSource, (key, value): (String, String)| {
        let value = held.get(&(source, key.as_str())).cloned().unwrap_or(value);
        (key, value)
    };
    let all = mac.state.power.iter().rev();
    all.map(|(&source, settings)| {
        (source, settings.iter().cloned().map(|setting| over(source, setting)).collect())
    })
    .collect()
}

fn held(mac: &Mac) -> BTreeMap<(PowerSource, &'static str), String> {
    let mut all = BTreeMap::new();
    let Ok(content) = mac.disk.read(0, Utf8Path::new(HELD)) else { return all };
    let payload: Option<plist::Dictionary> =
        content.bytes(1 << 20).and_then(|bytes| plist::from_bytes(&bytes).ok());
    for (key, group) in payload.iter().flatten() {
        let source = if key.ends_with("BatteryPower") { PowerSource::Battery } else { PowerSource::Ac };
        for (name, value) in group.as_dictionary().into_iter().flatten() {
            let number = value.as_signed_integer().or(value.as_boolean().map(i64::from));
            let known = HELD_NAMES.iter().find(|(held, _)| held == name);
            if let (Some(number), Some((_, setting))) = (number, known) {
                all.insert((source, *setting), number.to_string());
            }
        }
    }
    all
}

/// Lets a configuration profile hold a setting of one source, by its name in `pmset`; false when a profile has no name for it.
pub fn hold(mac: &mut Mac, source: PowerSource, setting: &str, value: i64) -> bool {
    let Some((name, _)) = HELD_NAMES.iter().find(|(_, known)| *known == setting) else { return false };
    let group = match source {
        PowerSource::Battery => "com.apple.EnergySaver.portable.BatteryPower",
        _ if mac.state.power.contains_key(&PowerSource::Battery) => "com.apple.EnergySaver.portable.ACPower",
        _ => "com.apple.EnergySaver.desktop.ACPower",
    };
    let payload = plist::Dictionary::from_iter([(group, plist::Dictionary::from_iter([(*name, value)]))]);
    let mut text = vec![];
    let now = mac.state.now;
    match (plist::to_writer_xml(&mut text, &payload), mac.disk.memory_mut()) {
        (Ok(()), Some(disk)) => {
            disk.put("/Library/Managed Preferences", Node::folder(0o755, 0, 0, now));
            disk.put(HELD, Node::file(Content::Bytes(text), 0o644, 0, 0, now));
            true
        }
        _ => false,
    }
}

fn line(key: &str, value: &str) -> String {
    format!(" {key:<20} {value}\n")
}

fn custom(mac: &Mac) -> String {
    let mut text = String::new();
    for (source, settings) in settings(mac) {
        let _ = writeln!(text, "{}:", source.heading());
        text.extend(settings.iter().map(|(key, value)| line(key, value)));
    }
    text
}

fn live(mac: &Mac) -> String {
    let mut text = String::from("System-wide power settings:\n");
    if let Some(disabled) = mac.state.sleep_disabled {
        let _ = writeln!(text, " SleepDisabled\t\t{}", u8::from(disabled));
    }
    text += "Currently in use:\n";
    let awake = mac.state.processes.values().any(|process| process.command() == "caffeinate");
    for (_, settings) in settings(mac).into_iter().filter(|(source, _)| *source == PowerSource::Ac) {
        for (key, value) in settings {
            let remark = if key == "sleep" && awake { " (sleep prevented by caffeinate)" } else { "" };
            text += &line(&key, &format!("{value}{remark}"));
        }
    }
    text
}

fn battery(mac: &Mac) -> String {
    let laptop = mac.state.power.contains_key(&PowerSource::Battery);
    let battery = " -InternalBattery-0 (id=21430371)\t100%; charged; 0:00 remaining present: true\n";
    format!("Now drawing from 'AC Power'\n{}", if laptop { battery } else { "" })
}

fn capabilities(mac: &Mac) -> String {
    let supported = mac.state.power.get(&PowerSource::Ac).into_iter().flatten();
    let names = supported.map(|(key, _)| key).filter(|key| KNOWN.contains(&key.as_str()));
    names.fold("Capabilities for AC Power:\n".to_owned(), |text, key| text + " " + key + "\n")
}

fn write(mac: &mut Mac, caller: Caller, name: &str, flag: &str, settings: &[&str]) -> Running {
    let (pairs, rest) = settings.as_chunks::<2>();
    let known = |[key, value]: &[&str; 2]| {
        (KNOWN.contains(key) || *key == SYSTEM_WIDE)
            && (*key == "hibernatefile" || value.parse::<u32>().is_ok())
    };
    if pairs.is_empty() || !rest.is_empty() || !pairs.iter().all(known) {
        return usage();
    }
    if caller.uid != 0 {
        return Running::printed(format!("'{name}' must be run as root...\n"));
    }
    if mac.state.faults.take(Fault::PowerWriteIgnored) {
        return Running::default();
    }
    let sources: &[PowerSource] = match flag {
        "-c" => &[PowerSource::Ac],
        "-b" => &[PowerSource::Battery],
        "-u" => &[PowerSource::Ups],
        _ => &PowerSource::ALL,
    };
    for [key, value] in pairs {
        if *key == SYSTEM_WIDE {
            mac.state.sleep_disabled = Some(*value != "0");
        }
        for source in sources {
            let settings = mac.state.power.get_mut(source).into_iter().flatten();
            settings
                .filter(|(known, _)| known == key)
                .for_each(|setting| (*value).clone_into(&mut setting.1));
        }
    }
    Running::failed(0, warnings(mac))
}

/// What pmset thinks of the timers after a write (docs/mac-facts.md#pmset-sleep-warning).
fn warnings(mac: &Mac) -> String {
    let mut text = String::new();
    for (source, settings) in &mac.state.power {
        let minutes = |key: &str| {
            let value = settings.iter().find(|(known, _)| known == key)?.1.parse::<u32>().ok()?;
            Some(if value == 0 { u32::MAX } else { value })
        };
        let Some(sleep) = minutes("sleep").filter(|&sleep| sleep != u32::MAX) else { continue };
        let display = minutes("displaysleep").is_some_and(|display| display > sleep);
        let disk = minutes("disksleep") == Some(u32::MAX);
        if display || disk {
            let _ = writeln!(
                text,
                "Warning: Idle sleep timings for \"{}\" may not behave as expected.",
                source.heading()
            );
        }
        if display {
            text += "- Display sleep should have a lower timeout than system sleep.\n";
        }
        if disk {
            text += "- Disk sleep should be non-zero whenever system sleep is non-zero.\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{
        Options, Sim, Spec,
        testing::{exec, exec_as, sim, spec},
    };

    fn read_back(sim: &Sim, source: PowerSource, key: &str) -> Option<String> {
        let sources = crate::machine::tool::pmset::parse(&exec(sim, "pmset -g custom").stdout);
        sources.get(&source)?.get(key).cloned()
    }

    fn root() -> Caller {
        Caller::user(true).root()
    }

    fn laptop() -> Sim {
        Sim::new(Mac::new(&Spec { chip: "M5".to_owned(), ..spec() }, 1), Options::default())
    }

    #[test]
    fn a_desktop_has_mains_only_and_can_start_after_a_power_cut() {
        let sim = sim();
        let custom = exec(&sim, "pmset -g custom").stdout;
        assert!(
            custom.starts_with("AC Power:\n Sleep On Power Button 1\n powernap             1\n"),
            "{custom}"
        );
        assert!(!custom.contains("Battery Power:"));
        assert_eq!(exec(&sim, "pmset -g batt").stdout, "Now drawing from 'AC Power'\n");
        assert!(exec(&sim, "pmset -g cap").stdout.contains("\n autorestart\n"));
    }

    #[test]
    fn a_laptop_has_a_battery_and_no_such_setting() {
        let sim = laptop();
        assert!(exec(&sim, "pmset -g custom").stdout.starts_with("Battery Power:\n"));
        assert!(exec(&sim, "pmset -g batt").stdout.contains("\n -InternalBattery-0 "));
        assert!(exec_as(&sim, root(), "pmset -a autorestart 1").ok(), "known, not supported: accepted");
        assert_eq!(read_back(&sim, PowerSource::Ac, "autorestart"), None);
    }

    #[test]
    fn root_writes_several_settings_of_one_source_or_of_all() {
        let sim = laptop();
        let output = exec_as(&sim, root(), "pmset -c sleep 0 womp 0");
        assert_eq!((output.code, output.stdout.as_str()), (0, ""));
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("0"));
        assert_eq!(read_back(&sim, PowerSource::Battery, "sleep").as_deref(), Some("1"));
        assert!(exec_as(&sim, root(), "pmset -a disksleep 0").ok());
        assert_eq!(read_back(&sim, PowerSource::Battery, "disksleep").as_deref(), Some("0"));
    }

    #[test]
    fn who_is_not_root_writes_nothing_and_is_told_so_with_exit_0() {
        let sim = sim();
        let output = exec(&sim, "/usr/bin/pmset -a sleep 0");
        assert_eq!((output.code, output.stdout.as_str()), (0, "'/usr/bin/pmset' must be run as root...\n"));
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("1"));
    }

    #[test]
    fn an_unknown_name_writes_nothing_of_the_call() {
        let sim = sim();
        let output = exec_as(&sim, root(), "pmset -a sleep 0 nonsense 1");
        assert_eq!(output.code, 1);
        assert!(output.stdout.starts_with("Usage: pmset <options>\n"));
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("1"));
    }

    #[test]
    fn what_a_profile_holds_is_read_back_whatever_was_written() {
        let sim = sim();
        assert!(sim.with_mac(|mac| hold(mac, PowerSource::Ac, "sleep", 15)));
        assert!(exec_as(&sim, root(), "pmset -a sleep 0").ok());
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("15"));
    }

    #[test]
    fn a_write_can_be_lost_with_exit_0() {
        let sim = sim();
        sim.with_mac(|mac| mac.state.faults.arm(Fault::PowerWriteIgnored, 1));
        assert!(exec_as(&sim, root(), "pmset -a sleep 0").ok());
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("1"));
        assert!(exec_as(&sim, root(), "pmset -a sleep 0").ok());
        assert_eq!(read_back(&sim, PowerSource::Ac, "sleep").as_deref(), Some("0"));
    }

    #[test]
    fn timers_that_do_not_go_together_are_warned_of() {
        let sim = sim();
        let output = exec_as(&sim, root(), "pmset -a sleep 5 displaysleep 10");
        assert!(output.ok());
        assert!(
            output
                .stderr
                .starts_with("Warning: Idle sleep timings for \"AC Power\" may not behave as expected.\n- ")
        );
        assert_eq!(exec_as(&sim, root(), "pmset -a sleep 0").stderr, "");
    }
}
