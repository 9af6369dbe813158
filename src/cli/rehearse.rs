use std::str::FromStr;

use anyhow::{Result, bail};

use super::{context::Context, node, stack::Manifest, target::Target};
use crate::{
    engine,
    machine::local::signals,
    manifest::Stack,
    report,
    sim::{BANDWIDTH, Spec},
    value::Problem,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    /// The line to the Internet: `200`, `200Mbit/s` or `1Gbit/s`
    #[arg(long, value_name = "SPEED", default_value_t = Bandwidth(BANDWIDTH), env = "FORGECTL_BANDWIDTH")]
    bandwidth: Bandwidth,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read(context)?;
    if let Some(lock) = args.manifest.lock_beside() {
        context
            .say(format_args!("{lock} is left aside: a simulated Mac resolves what its own Internet has."));
    }
    let spec = spec(&stack, context)?;
    signals::listen()?;
    let rehearsal = engine::rehearse(&stack, &spec, args.bandwidth.0, signals::asked)?;
    let human = |screen| report::rehearsal(&rehearsal, screen);
    context.print(
        || report::json(&rehearsal),
        human,
        |screen| report::rehearsal_totals(&rehearsal, screen),
    )?;
    context.warn(&rehearsal.warnings);
    if !rehearsal.problems.is_empty() {
        context.tell_problems(&rehearsal.problems);
    }
    let (first, second) = (&rehearsal.first, &rehearsal.second);
    Ok(u8::from(first.failed > 0 || !second.is_idle(first)))
}

/// The fresh Mac: the one named, one like that in the file named, or the manifest's own.
fn spec(stack: &Stack, context: &Context) -> Result<Spec> {
    let spec = match context.named_target() {
        None => return engine::own_node(stack),
        Some(Target::Fresh(spec)) => (**spec).clone(),
        Some(Target::File(path)) => return Ok(node::peek(path, Some(stack))?.state.spec),
        Some(Target::ThisMac | Target::Folder(_)) => bail!(
            Problem::manifest("a rehearsal needs a Mac in memory")
                .hint("name its properties, a simulated Mac in a file to take them from, or nothing at all")
                .remedy("forgectl rehearse stack.yaml --on chip=M4,memory=16GB")
        ),
    };
    Ok(Spec { ollama: stack.manifest.expects_ollama(), ..spec })
}

/// Bits per second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Bandwidth(u64);

impl FromStr for Bandwidth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a speed such as `200`, `200Mbit/s` or `1Gbit/s`");
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..end].parse().map_err(|_| wrong())?;
        let unit = match text[end..].trim().to_ascii_lowercase().trim_end_matches("/s") {
            "" | "mbit" => 1_000_000,
            "gbit" => 1_000_000_000,
            "kbit" => 1_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).filter(|&bits| bits > 0).map(Self).ok_or_else(wrong)
    }
}

impl std::fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_multiple_of(1_000_000) {
            write!(f, "{}Mbit/s", self.0 / 1_000_000)
        } else {
            write!(f, "{}kbit/s", self.0 / 1_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_megabits_per_second() {
        let bits = |text: &str| text.parse::<Bandwidth>().map(|bandwidth| bandwidth.0);
        assert_eq!(bits("200"), Ok(200_000_000));
        assert_eq!(bits("200Mbit/s"), Ok(200_000_000));
        assert_eq!(bits("1 Gbit/s"), Ok(1_000_000_000));
        assert_eq!(Bandwidth(BANDWIDTH).to_string(), "200Mbit/s");
        for wrong in ["", "0", "fast", "200MB/s", "99999999999999999999", "-1"] {
            assert!(bits(wrong).is_err(), "{wrong}");
        }
    }
}
