use anyhow::Result;

use super::{Blueprint, Site};
use crate::{
    machine::Looking,
    resource::Power,
    value::{PowerSource, Problem},
};

/// What keeps a Mac from sleeping, and lets it start again after a power cut; a key is set where the source has
/// it (docs/mac-facts.md#pmset-autorestart).
pub(super) const SETTINGS: [(&str, &str); 3] = [("sleep", "0"), ("disksleep", "0"), ("autorestart", "1")];

pub(super) fn never_sleep(site: &Site, blueprint: &mut Blueprint) -> Result<()> {
    let origin = site.stack.span(&["power", "never_sleep"]);
    let sources = site.look.power_settings()?;
    if sources.is_empty() {
        blueprint.warnings.push(
            Problem::mac("this Mac lists no power source: `never_sleep` changes nothing here")
                .why("`pmset -g custom` showed none, as in some virtual machines")
                .hint("see what it shows, and keep this Mac awake by other means:")
                .remedy("pmset -g custom")
                .at(Some(&origin)),
        );
    }
    for (source, has) in sources {
        let settings: Vec<_> = SETTINGS.into_iter().filter(|(key, _)| has.contains_key(*key)).collect();
        if source == PowerSource::Battery {
            // docs/mac-facts.md#pmset-lid
            blueprint.warnings.push(
                Problem::mac("a laptop sleeps when its lid is closed, whatever its power settings say")
                    .hint("keep the lid open, or a display and power connected")
                    .at(Some(&origin)),
            );
        }
        blueprint.add(Power { source, settings }, vec![], origin.clone());
    }
    Ok(())
}
