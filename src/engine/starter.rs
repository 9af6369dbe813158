use anyhow::{Context, Result};
use minijinja::{Environment, UndefinedBehavior, context};

use super::draft::{Aim, Draft, one_line};
use crate::{
    blueprint::OLLAMA_LABEL,
    catalog,
    machine::{
        Look, Looking, Once,
        facts::{self, Facts},
        tool::launchctl::JobView,
    },
    manifest::{Chips, StackName},
    resource::{in_memory, memory_for_models},
    value::{Domain, MemorySize, PowerSource, human_bytes, shell_word},
};

const TEMPLATE: &str = include_str!("../../templates/starter.yaml");

/// A first manifest for the Mac behind `look`, for the person to go on from; `file` is what it will be called. It can be
/// applied to that Mac as it stands: what cannot is left out.
pub fn starter(look: &dyn Look, stack: &StackName, file: &str) -> Result<Draft> {
    let look = &Once::new(look);
    let facts = facts::gather(look)?;
    let no_session = look.job(Domain::Gui(facts.uid), OLLAMA_LABEL)? == JobView::NoDomain;
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    // Values are padded, so that the comments behind them stand in one column.
    let padded = |text: String, width: usize| format!("{text:<width$}");
    let text = templates.render_str(
        TEMPLATE,
        context! {
            file => one_line(&shell_word(file)),
            stack => stack.as_str(),
            chip => chip(&facts),
            memory => padded(memory(&facts).to_string(), 20),
            macos => padded(format!("\">={}\"", major(&facts)), 21),
            start => if no_session { "boot " } else { "login" },
            models => models(&facts),
        },
    );
    let text = text.context("rendering a manifest")? + "\n";
    let mut draft = Draft::new(stack.as_str(), text);
    if let Some(why) = why_it_may_sleep(look)? {
        draft.leave_out("power", why);
    }
    Ok(draft.settle(look, Aim::Applicable)?.0)
}

/// The chip as a manifest names it; any where macOS calls it something else, as in a virtual machine.
pub(super) fn chip(facts: &Facts) -> String {
    let named = |chip: &String| serde_json::from_value::<Chips>(chip.as_str().into()).is_ok();
    facts.chip.clone().filter(named).unwrap_or_else(|| "any".to_owned())
}

/// How many models are offered.
const OFFERED: usize = 6;

/// Models of the catalogue that the Mac's memory has room for, the largest first: each as a manifest has it, with its size.
fn models(facts: &Facts) -> Vec<String> {
    let room = facts.memory.map_or(0, memory_for_models);
    let sized = catalog::models().iter().filter_map(|model| Some((model.bytes?, model)));
    let mut fitting: Vec<_> = sized.filter(|(bytes, _)| in_memory(*bytes) <= room).collect();
    fitting.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let line = |(bytes, model): (u64, &catalog::Model)| {
        let name = format!("- ollama: {}", model.name);
        format!("{name:<27} # {}, {} parameters", human_bytes(bytes), model.parameters)
    };
    fitting.into_iter().take(OFFERED).map(line).collect()
}

/// The first number of macOS's version.
fn major(facts: &Facts) -> &str {
    facts.macos.as_deref().and_then(|macos| macos.split('.').next()).unwrap_or("15")
}

/// The memory as a manifest says it. Where it is unknown the plan will say so.
pub(super) fn memory(facts: &Facts) -> MemorySize {
    MemorySize(facts.memory.unwrap_or(8 << 30))
}

/// Why the Mac should go on to sleep, if it should.
fn why_it_may_sleep(look: &dyn Look) -> Result<Option<&'static str>> {
    let sources = look.power_settings()?;
    Ok(if sources.contains_key(&PowerSource::Battery) {
        Some("this Mac has a battery, which is soon empty when it never sleeps")
    } else if sources.is_empty() {
        Some("this Mac lists no power source")
    } else {
        None
    })
}
