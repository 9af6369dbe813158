use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Looking, Machine, Patience, Tell, Wait},
    value::{PowerSource, Problem},
};

/// Where macOS puts what profiles hold of the power settings (docs/mac-facts.md#pmset-profile-held).
const PROFILE: &str = "/Library/Managed Preferences/com.apple.MCX.plist";

/// Writes power settings of one source and reads them back, since `pmset` can fail with exit 0
/// (docs/mac-facts.md#pmset-exit-0).
#[derive(Debug)]
pub struct SetPower {
    /// Which source.
    pub source: PowerSource,
    /// Keys and values as `pmset` takes them.
    pub settings: Vec<(String, String)>,
    /// Whether it gives back what was there before.
    pub giving_back: bool,
}

/// What a profile calls the settings of ours, and what `pmset` calls them.
const HELD: [(&str, &str); 3] = [
    ("System Sleep Timer", "sleep"),
    ("Disk Sleep Timer", "disksleep"),
    ("Automatic Restart On Power Loss", "autorestart"),
];

/// What a profile holds of one source, by `pmset`'s names; a Mac with a battery has groups of its own
/// (docs/mac-facts.md#pmset-profile-held).
fn held(machine: &dyn Machine, source: PowerSource) -> Result<Vec<(&'static str, String)>> {
    let portable = machine.power_settings()?.contains_key(&PowerSource::Battery);
    let group = match (source, portable) {
        (PowerSource::Ac, false) => "com.apple.EnergySaver.desktop.ACPower",
        (PowerSource::Ac, true) => "com.apple.EnergySaver.portable.ACPower",
        (PowerSource::Battery, _) => "com.apple.EnergySaver.portable.BatteryPower",
        (PowerSource::Ups, _) => return Ok(vec![]),
    };
    let content = machine.read(Utf8Path::new(PROFILE))?.unwrap_or_default();
    let payload: plist::Dictionary = plist::from_bytes(&content).unwrap_or_default();
    let group = payload.get(group).and_then(plist::Value::as_dictionary);
    let value = |name: &str| {
        let value = group?.get(name)?;
        value.as_signed_integer().or(value.as_boolean().map(i64::from)).map(|number| number.to_string())
    };
    Ok(HELD.into_iter().filter_map(|(name, key)| Some((key, value(name)?))).collect())
}

impl SetPower {
    fn command(&self) -> Command {
        let mut argv = vec!["/usr/bin/pmset", self.source.flag()];
        argv.extend(self.settings.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]));
        Command::new(&argv).as_root()
    }

    fn in_words(&self) -> String {
        self.settings.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
    }
}

impl Step for SetPower {
    fn about(&self) -> About {
        About {
            words: format!("set {} on {}", self.in_words(), self.source.heading()),
            why: if self.giving_back {
                "forgectl changed it; this is what was there before".into()
            } else {
                "a Mac that sleeps serves nobody".into()
            },
            commands: vec![self.command().to_string()],
            undo: "the former values are in the receipt; destroy writes them back".into(),
            sudo: Some("power".into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let command = self.command();
        let output = machine.run_ok(&command, tell)?;
        // The store may answer with the former values for a moment (docs/mac-facts.md#pmset-store-lags).
        let patience =
            Patience { every: Duration::from_millis(250), limit: Duration::from_secs(3), how: Wait::Settle };
        let read_back = machine.until("the power settings to hold", patience, || {
            let all = machine.power_settings()?;
            let found = all.get(&self.source);
            let wrong: Vec<String> = self
                .settings
                .iter()
                .filter(|(key, value)| found.and_then(|found| found.get(key)) != Some(value))
                .map(|(key, _)| {
                    format!(
                        "{key} {}",
                        found.and_then(|found| found.get(key)).map_or("(absent)", String::as_str)
                    )
                })
                .collect();
            Ok(if wrong.is_empty() { Ok(()) } else { Err(wrong.join(", ")) })
        });
        let Err(error) = read_back else { return Ok(()) };
        let mut problem = Problem::mac(format!("power settings did not hold: `{}`", self.source.heading()))
            .why(format!("`{command}` answered: {}", output.said()))
            .why(error.to_string());
        let held = held(machine, self.source)?;
        let held: Vec<String> = held
            .into_iter()
            .filter(|(key, _)| self.settings.iter().any(|(set, _)| set == key))
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        problem = if held.is_empty() {
            problem.hint("read what the Mac holds now:").remedy("pmset -g custom")
        } else {
            problem
                .why(format!("a configuration profile holds {} ({PROFILE})", held.join(", ")))
                .hint("whoever manages this Mac has to change its Energy Saver payload; see which profile it is:")
                .remedy("sudo profiles show -type configuration")
        };
        Err(problem.into())
    }
}
